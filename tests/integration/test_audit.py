"""The audit log: who did what, with the change or not at all, and no secret in it."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import isolate, make_cluster, make_image, make_user
from tests.integration.api_caller import Caller
from tests.integration.page_rows import signed_in, text_of
from webapp.accounts.models import Scope, Token
from webapp.accounts.services import token_make, token_revoke
from webapp.audit.actions import Action
from webapp.audit.actor import process_actor
from webapp.audit.models import AuditEntry
from webapp.audit.services import audit_add
from webapp.cluster.services import shard_set_state, shard_set_url
from webapp.core.errors import ShardsUnavailableError
from webapp.core.shards import ShardState
from webapp.images.models import Image
from webapp.images.services import change

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    isolate(settings, tmp_path)
    return tmp_path


@pytest.fixture
def image(folder):
    make_cluster(folder, count=3)
    return make_image(make_user(), folder).image


def entries(prefix):
    """Action, subject, kind of actor and their name, oldest first."""
    rows = AuditEntry.objects.filter(action__startswith=prefix).order_by("id")
    return [(e.action, e.subject, e.actor_kind, e.actor) for e in rows]


def test_an_entry_needs_the_transaction_of_its_change():
    with pytest.raises(RuntimeError):
        audit_add(action=Action.USER_ADD, subject="ada")


def test_a_change_that_is_undone_is_not_written_down():
    user = make_user()
    with transaction.atomic():
        token_make(user=user, name="cli", scopes=[Scope.READ])
        transaction.set_rollback(True)
    assert entries("token") == []


def test_an_upload_writes_nothing_down(image):
    assert entries("image") == []


def test_who_deleted_restored_and_erased_is_written_down(image):
    caller = Caller(image.owner)
    caller.image("DELETE", image)
    caller.image("POST", image, "/restore")
    caller.image("DELETE", image, "?erase=true")
    name = image.owner.username
    assert entries("image") == [
        ("image.delete", image.id, "token", name),
        ("image.restore", image.id, "token", name),
        ("image.erase", image.id, "token", name),
    ]
    entry = AuditEntry.objects.get(action="image.erase")
    assert (entry.actor_id, entry.address) == (image.owner.pk, "127.0.0.1")
    assert entry.via == f"token {Token.objects.get().pk}"


def test_deleting_twice_is_written_down_once(image):
    for _ in range(2):
        Caller(image.owner).image("DELETE", image)
    assert len(entries("image")) == 1


def test_a_delete_that_failed_is_not_written_down(image, monkeypatch):
    def refuse(_image):
        raise ShardsUnavailableError

    monkeypatch.setattr(change, "tombstone_put", refuse)
    assert Caller(image.owner).image("DELETE", image).status_code == 503
    assert entries("image") == []


def test_a_new_kind_names_both_ids(image):
    signed_in(image.owner).post(f"/i/{image.id}/rekey")
    assert entries("image") == [("image.rekey", image.id, "user", image.owner.username)]
    details = AuditEntry.objects.get(action="image.rekey").details
    assert Image.objects.get(id=details["new_id"]).id[0] == "s"


def test_what_owners_change_is_not_written_down_and_what_staff_changes_is(image):
    signed_in(image.owner).post(f"/i/{image.id}/edit", {"title": "mine"})
    staff = make_user(staff=True)
    signed_in(staff).post(f"/i/{image.id}/edit", {"title": "theirs"})
    assert entries("image") == [("image.update", image.id, "user", staff.username)]
    details = AuditEntry.objects.get(action="image.update").details
    assert details == {"owner": image.owner.username, "changed": ["title"]}


def test_what_is_done_to_shards_is_written_down(image, folder):
    shard_set_state(name="s1", state=ShardState.READ_ONLY)
    shard_set_url(name="s2", url=f"file://{folder}/shards/s2/")
    AuditEntry.objects.filter(action="shard.add").first()
    found = [(action, subject) for action, subject, _, _ in entries("shard")]
    added = [("shard.add", f"s{number}") for number in (1, 2, 3)]
    activated = [("shard.activate", f"s{number}") for number in (1, 2, 3)]
    assert found == [*added, *activated, ("shard.state", "s1"), ("shard.url", "s2")]
    details = AuditEntry.objects.get(action="shard.state").details
    assert details == {"from": "active", "to": "read_only"}


def test_a_command_is_named_with_the_account_it_runs_under(image, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/somewhere/manage.py", "shard", "--password=x"])
    monkeypatch.setenv("LOGNAME", "otto")
    call_command("shard", "set", "s1", "--state", "down", stdout=StringIO())
    entry = AuditEntry.objects.get(action="shard.state")
    assert (entry.actor_kind, entry.actor, entry.via) == ("command", "otto", "manage.py shard")
    assert entry.address is None


def test_tokens_are_written_down_without_their_secret():
    user = make_user()
    token, secret = token_make(user=user, name="cli", scopes=[Scope.READ])
    token_revoke(token_id=token.pk)
    kept = str(list(AuditEntry.objects.values()))
    assert [action for action, *_ in entries("token")] == ["token.add", "token.revoke"]
    assert secret not in kept
    assert token.hash not in kept


def test_what_the_admin_changes_of_a_user_is_written_down():
    staff, user = make_user(staff=True, superuser=True), make_user()
    client = signed_in(staff)
    address = f"/admin/accounts/user/{user.pk}/"
    form = {"username": user.username, "pool": "default", "quota_images": "5"}
    assert client.post(f"{address}change/", form).status_code == 302
    words = {"usable_password": "true", "password1": "new horse battery"}
    client.post(f"{address}password/", {**words, "password2": "new horse battery"})
    changed = AuditEntry.objects.get(action="user.change")
    assert (changed.subject, changed.actor) == (user.username, staff.username)
    assert (changed.details["is_active"], changed.details["quota_images"]) == (False, 5)
    assert AuditEntry.objects.get(action="user.password").subject == user.username


def test_tokens_deleted_in_the_admin_are_written_down():
    user = make_user()
    token, _ = token_make(user=user, name="cli", scopes=[Scope.READ])
    words = {"action": "delete_selected", "_selected_action": [token.pk], "post": "yes"}
    signed_in(make_user(staff=True, superuser=True)).post("/admin/accounts/token/", words)
    assert entries("token")[-1][0] == "token.revoke"


def test_the_admin_shows_and_finds_and_edits_nothing(image):
    Caller(image.owner).image("DELETE", image)
    client = signed_in(make_user(staff=True, superuser=True))
    page = text_of(client.get(f"/admin/audit/auditentry/?q={image.id}&action__exact=image.delete"))
    assert image.id in page
    assert image.owner.username in page
    entry = AuditEntry.objects.first()
    assert client.get("/admin/audit/auditentry/add/").status_code == 403
    assert client.post(f"/admin/audit/auditentry/{entry.pk}/delete/").status_code == 403
    with CaptureQueriesContext(connection) as captured:
        client.post(f"/admin/audit/auditentry/{entry.pk}/change/", {"subject": "other"})
    assert not any("UPDATE" in query["sql"] for query in captured if "auditentry" in query["sql"])


def listed(*words):
    out = StringIO()
    call_command("audit", "list", *words, stdout=out)
    return out.getvalue().splitlines()


def test_the_command_lists_by_time_actor_action_and_subject():
    user = make_user()
    token_make(user=user, name="cli", scopes=[Scope.READ])
    AuditEntry.objects.filter(action="user.add").update(at=timezone.now() - timedelta(days=9))
    assert len(listed()) == 2
    assert "user.add" in listed("--action", "user")[0]
    assert [json.loads(line)["action"] for line in listed("--since", "7d", "--json")] == [
        "token.add"
    ]
    assert listed("--since", "2100-01-01") == listed("--actor", "nobody") == []
    assert len(listed("--subject", user.username, "--limit", "1")) == 1


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "d", "99999999999d"])
def test_a_time_that_is_none_is_refused(since):
    with pytest.raises(CommandError):
        listed("--since", since)


def test_a_line_names_who_did_it_once():
    token_make(user=make_user(), name="cli", scopes=[Scope.READ])
    assert [line.split(" (")[1].split(")")[0] for line in listed("--action", "token")] == [
        process_actor().via
    ]


def test_less_than_one_line_is_refused():
    with pytest.raises(CommandError, match="'-1' is not a whole number from 1"):
        listed("--limit=-1")


def test_what_is_too_old_is_forgotten(settings):
    make_user()
    make_user()
    first = AuditEntry.objects.last()
    age = timedelta(days=settings.SHOEBOX.audit_days, seconds=1)
    AuditEntry.objects.filter(pk=first.pk).update(at=timezone.now() - age)
    call_command("audit", "prune", stdout=StringIO())
    assert AuditEntry.objects.count() == 1
