"""Imports in the index: asked for once, fetched by whoever claims them, resumed by the sweep."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import isolate, make_cluster, make_image, make_picture, make_user
from tests.integration.api_caller import Caller, code_of
from tests.integration.page_rows import signed_in
from tests.remote import answer, redirect, remote_running
from webapp.accounts.models import Scope
from webapp.core.errors import MalformedRequestError
from webapp.images.models import Image
from webapp.imports import services
from webapp.imports.attempts import Outcome, attempt_begin
from webapp.imports.models import Import
from webapp.imports.running import import_run
from webapp.imports.services import KEPT, import_add, imports_sweep
from webapp.intake.details import Details
from webapp.outbox.models import OutboxMessage

pytestmark = pytest.mark.django_db(transaction=True)

IMPORTS = "/api/v1/imports"
LINK = "http://127.0.0.1:8080/cat.jpg"


@pytest.fixture(autouse=True)
def quickly(settings, tmp_path):
    isolate(settings, tmp_path)
    loopback = {"import_private_addresses": True, "import_ports": ("1-65535",)}
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update=loopback)


@pytest.fixture
def owner():
    return make_user()


@pytest.fixture
def cluster(tmp_path):
    make_cluster(tmp_path, count=3)


@pytest.fixture
def remote():
    with remote_running() as remote:
        yield remote


def asked(owner, url=LINK, **details):
    return import_add(owner=owner, url=url, details=Details(**details))


def run(row):
    """Do what a message about an import makes a worker do; return outcome and row."""
    outcome = import_run(import_id=str(row.pk))
    row.refresh_from_db()
    return outcome


def messages():
    return list(OutboxMessage.objects.values_list("task", "queue", "subject"))


def due_now(row):
    """Let the time pass until an import is due again."""
    past = timezone.now() - timedelta(seconds=1)
    Import.objects.filter(pk=row.pk).update(due_at=past, not_before=past)


# Asking


def test_asking_leaves_a_row_and_one_message(owner):
    row = asked(owner, title="Cat")
    assert (row.state, row.attempts) == ("waiting", 0)
    assert messages() == [("maintenance.import", "maintenance", str(row.pk))]


@pytest.mark.parametrize(
    "url",
    ["", "cat.jpg", "ftp://example.org/a", "http://ada:word@example.org/", "http://h:99999/",
     "http://example.org/" + "a" * 2000],
)  # fmt: skip
def test_what_is_no_link_is_refused_at_once(owner, url):
    with pytest.raises(MalformedRequestError):
        asked(owner, url)


def test_a_port_that_is_not_allowed_is_refused_at_once(owner, settings):
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"import_ports": ("80", "443")})
    with pytest.raises(MalformedRequestError, match="8080"):
        asked(owner)


def ask(caller, body=None, **headers):
    return caller("POST", IMPORTS, body={"url": LINK, **(body or {})}, headers=headers)


def test_an_answer_says_where_to_ask_again(owner):
    caller = Caller(owner, {Scope.UPLOAD})
    response = ask(caller, {"title": " A\tcat ", "album": "Pets", "kind": "signed"})
    document = response.json()
    assert response.status_code == 202
    assert response.headers["Location"] == f"{IMPORTS}/{document['id']}"
    words = ("state", "title", "album", "kind", "image", "code", "reason")
    expected = ("waiting", "A cat", "Pets", "s", None, "", "")
    assert tuple(document[word] for word in words) == expected
    assert caller.get(response.headers["Location"]).json() == document


def test_the_same_key_gives_the_same_import_and_another_request_409(owner):
    caller = Caller(owner, {Scope.UPLOAD})
    first, second = (ask(caller, **{"Idempotency-Key": "k"}).json()["id"] for _ in range(2))
    other = ask(caller, {"title": "other"}, **{"Idempotency-Key": "k"})
    strange = ask(Caller(make_user()), **{"Idempotency-Key": "k"}).json()["id"]
    assert first == second != strange
    assert (other.status_code, code_of(other)) == (409, "conflict")


def test_who_has_no_room_is_told_before_anything_is_fetched(owner):
    owner.quota_bytes = 0
    owner.save()
    response = ask(Caller(owner))
    assert (response.status_code, code_of(response)) == (507, "quota-exceeded")
    assert not Import.objects.exists()


def test_who_has_too_many_unfinished_waits(owner, monkeypatch):
    monkeypatch.setattr(services, "MOST_UNFINISHED", 1)
    asked(owner)
    response = ask(Caller(owner))
    assert (response.status_code, code_of(response)) == (429, "rate-limited")
    assert int(response.headers["Retry-After"]) > 0


# Who may see it: a table of callers, for both calls

CALLERS = {
    "owner": (lambda owner: Caller(owner, {Scope.UPLOAD}), 202, 200),
    "owner who may only read": (lambda owner: Caller(owner, {Scope.READ, Scope.DELETE}), 403, 403),
    "another user": (lambda _: Caller(make_user()), 202, 404),
    "staff": (lambda _: Caller(make_user(staff=True), {Scope.ADMIN}), 202, 200),
    "staff without an admin token": (lambda _: Caller(make_user(staff=True)), 202, 404),
    "nobody": (lambda _: Caller(), 401, 401),
}


@pytest.mark.parametrize("who", CALLERS)
def test_an_import_is_for(owner, who):
    row = asked(owner)
    make, asking, reading = CALLERS[who]
    caller = make(owner)
    assert caller.get(f"{IMPORTS}/{row.pk}").status_code == reading
    assert ask(caller).status_code == asking


@pytest.mark.parametrize(
    "name", ["x", "0", "9" * 32, "%00", "00000000-0000-0000-0000-000000000000"]
)
def test_what_is_no_import_is_not_found(owner, name):
    response = Caller(owner).get(f"{IMPORTS}/{name}")
    assert (response.status_code, code_of(response)) == (404, "not-found")


# Fetching and storing


def test_an_import_ends_as_an_upload_does(owner, cluster, remote):
    row = asked(owner, remote.at("/in/cat.jpg", answer(make_picture())), title="Cat", album="Pets")
    OutboxMessage.objects.all().delete()
    assert run(row) is Outcome.DONE
    image = Image.objects.get()
    assert (row.state, row.image_id, row.duplicate, row.due_at) == ("done", image.id, False, None)
    assert (image.filename, image.title, image.album) == ("cat.jpg", "Cat", "Pets")
    assert image.owner == owner
    assert {(task, subject) for task, _, subject in messages()} == {
        ("renditions.make", image.id),
        ("replication.replicate", image.id),
        ("image.stored", image.id),
    }
    document = Caller(owner).get(f"{IMPORTS}/{row.pk}").json()
    assert (document["state"], document["image"]["id"]) == ("done", image.id)


def test_a_picture_its_owner_has_is_a_duplicate(owner, cluster, remote, tmp_path):
    data = make_picture()
    there = make_image(owner, tmp_path, data=data).image
    row = asked(owner, remote.at("/a.jpg", answer(data)))
    assert run(row) is Outcome.DONE
    assert (row.image_id, row.duplicate) == (there.id, True)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>" * 1000, "unsupported-type"),
        (b"", "unsupported-type"),
        (make_picture(form="PNG")[:-200], "truncated"),
    ],
    ids=["html", "empty", "truncated"],
)
def test_what_an_upload_would_be_refused_for_fails(owner, cluster, remote, body, code):
    row = asked(owner, remote.at("/a.jpg", answer(body)))
    assert run(row) is Outcome.FAILED
    assert (row.state, row.code, row.due_at, Image.objects.count()) == ("failed", code, None, 0)
    assert row.reason


def test_a_picture_over_the_quota_fails(owner, cluster, remote):
    row = asked(owner, remote.at("/a.jpg", answer(make_picture())))
    owner.quota_bytes = 10
    owner.save()
    assert run(row) is Outcome.FAILED
    assert (row.code, Image.objects.count()) == ("quota-exceeded", 0)


def test_an_address_inside_fails_at_once(owner, settings):
    row = asked(owner)
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"import_private_addresses": False})
    assert run(row) is Outcome.FAILED
    assert (row.code, row.attempts) == ("address-refused", 1)


def test_a_server_that_is_away_is_asked_a_few_times(owner, cluster, remote):
    row = asked(owner, remote.at("/a.jpg", answer(status="503 Away")))
    outcomes = []
    while row.state in {"waiting", "running"}:
        due_now(row)
        outcomes.append(run(row))
    assert outcomes == [Outcome.RETRY, Outcome.RETRY, Outcome.FAILED]
    assert (row.code, row.reason) == ("fetch-failed", "127.0.0.1 answered 503.")


def test_shards_that_are_away_do_not_count_against_it(owner, cluster, remote, tmp_path):
    row = asked(owner, remote.at("/a.jpg", answer(make_picture())))
    for root in (tmp_path / "shards").iterdir():
        root.rename(root.with_name(f"{root.name}-away"))
    assert run(row) is Outcome.RETRY
    assert (row.state, row.attempts, row.code) == ("waiting", 0, "shards-unavailable")
    assert row.not_before > timezone.now()


# Messages are lost and repeated, workers are killed


def test_a_message_that_comes_again_changes_nothing(owner, cluster, remote):
    row = asked(owner, remote.at("/a.jpg", answer(make_picture())))
    outcomes = [run(row), run(row), run(row)]
    assert outcomes == [Outcome.DONE, Outcome.ALREADY, Outcome.ALREADY]
    assert len(remote.requests) == 1


def test_a_message_about_an_import_that_is_gone_changes_nothing(owner):
    row = asked(owner)
    Import.objects.all().delete()
    assert import_run(import_id=str(row.pk)) is Outcome.ALREADY


def test_while_somebody_is_at_it_nobody_else_begins(owner, cluster, remote):
    row = asked(owner, remote.at("/a.jpg", answer(make_picture())))
    attempt_begin(import_id=str(row.pk))
    assert run(row) is Outcome.ALREADY
    assert remote.requests == []


def test_a_lost_message_is_sent_again_by_the_sweep_once(owner):
    row = asked(owner)
    OutboxMessage.objects.all().delete()
    assert imports_sweep() == 0
    due_now(row)
    assert [imports_sweep(), imports_sweep()] == [1, 0]
    assert messages() == [("maintenance.import", "maintenance", str(row.pk))]


def test_what_a_killed_worker_left_is_taken_up(owner, cluster, remote):
    row = asked(owner, remote.at("/a.jpg", answer(make_picture())))
    attempt_begin(import_id=str(row.pk))
    due_now(row)
    assert imports_sweep() == 1
    assert run(row) is Outcome.DONE
    assert row.attempts == 2


def test_what_a_killed_worker_had_stored_is_not_fetched_again(owner, cluster, remote, monkeypatch):
    row = asked(owner, remote.at("/a.jpg", answer(make_picture())))
    with monkeypatch.context() as killed:
        killed.setattr("webapp.imports.running.attempt_done", lambda *_args, **_words: None)
        import_run(import_id=str(row.pk))
    remote.at("/a.jpg", answer(make_picture()))
    due_now(row)
    assert run(row) is Outcome.DONE
    # Whether it was there before nobody knows any more, and only who brought it may delete it.
    assert (row.image_id, row.duplicate) == (Image.objects.get().id, True)
    assert len(remote.requests) == 1


def test_an_import_that_kills_every_worker_ends(owner):
    row = asked(owner)
    for _ in range(3):
        attempt_begin(import_id=str(row.pk))
        due_now(row)
    assert run(row) is Outcome.FAILED
    assert row.reason == "3 attempts were cut short."


def test_one_at_a_time_and_the_next_is_called_when_it_ends(owner, cluster, remote):
    first, second = (asked(owner, remote.at(f"/{n}.jpg", answer(make_picture()))) for n in "ab")
    begun = attempt_begin(import_id=str(first.pk))
    assert run(second) is Outcome.LATER
    OutboxMessage.objects.all().delete()
    due_now(begun)
    run(first)
    assert ("maintenance.import", "maintenance", str(second.pk)) in messages()
    assert run(second) is Outcome.DONE


def test_what_ended_long_ago_is_forgotten(owner):
    row = asked(owner)
    Import.objects.update(state="done", due_at=None, ended_at=timezone.now() - KEPT)
    assert imports_sweep() == 0
    assert not Import.objects.filter(pk=row.pk).exists()


def test_staff_find_a_failed_import_and_its_reason(owner, settings):
    row = asked(owner)
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"import_private_addresses": False})
    run(row)
    staff = signed_in(make_user(staff=True, superuser=True))
    found = staff.get("/admin/imports/import/?q=cat.jpg").content.decode()
    assert "address-refused" in found


def test_an_attempt_nobody_expected_to_end_so_gives_its_place_back(
    owner, cluster, remote, monkeypatch
):
    first, second = (asked(owner, remote.at(f"/{n}.jpg", answer(make_picture()))) for n in "ab")

    def broken(**_words):
        raise OverflowError("int too big to convert")

    with monkeypatch.context() as once:
        once.setattr("webapp.imports.running.picture_accept", broken)
        assert run(first) is Outcome.RETRY
    assert run(second) is Outcome.DONE


def test_a_redirect_to_what_is_no_url_is_told(owner, cluster, remote):
    row = asked(owner, remote.at("/a.jpg", redirect("https:////]")))
    assert run(row) is Outcome.FAILED
    assert "leads on to no URL" in row.reason
