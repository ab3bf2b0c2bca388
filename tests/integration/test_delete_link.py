"""The link that deletes one image: for whoever has it, once, and kept as a hash."""

import re

import pytest
from django.test import Client
from django.utils.crypto import get_random_string

from tests.factories import isolate, make_cluster, make_picture, make_user
from tests.integration.api_caller import IMAGES, code_of
from tests.integration.asgi_caller import bearer, call
from tests.integration.page_rows import signed_in, text_of
from webapp.accounts.models import Scope
from webapp.audit.models import AuditEntry
from webapp.images.models import Image, ImageState
from webapp.images.services import image_delete, image_restore
from webapp.imports.models import Import
from webapp.imports.services import import_add
from webapp.intake.details import Details

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(settings, tmp_path):
    isolate(settings, tmp_path)
    make_cluster(tmp_path, count=3)
    return make_user()


def upload(owner, *scopes, data=None):
    headers = bearer(owner, scopes or (Scope.UPLOAD,))
    return call("POST", IMAGES, content=data or make_picture(), headers=headers)


@pytest.fixture
def link(owner, settings):
    return upload(owner).json()["links"]["delete"].removeprefix(settings.SHOEBOX.write_url)


def parts(link):
    return re.fullmatch(r"/i/(\w{24})/remove/([\w-]{43})", link).groups()


def state():
    return Image.objects.get().state


def test_only_a_hash_of_the_secret_is_kept(link):
    _, secret = parts(link)
    assert re.fullmatch(r"[0-9a-f]{64}", Image.objects.get().delete_hash)
    assert secret not in str(Image.objects.values().get())


def test_a_page_asks_before_anything_is_deleted(link):
    response = Client().get(link)
    assert response.status_code == 200
    assert response.headers["Referrer-Policy"] == "same-origin"  # none: its form has no Origin
    assert "no-store" in response.headers["Cache-Control"]
    assert 'method="post"' in text_of(response)
    assert state() == ImageState.STORED


def test_its_form_deletes_for_somebody_without_an_account(link):
    client = Client(enforce_csrf_checks=True)
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', text_of(client.get(link)))[1]
    response = client.post(link, {"csrfmiddlewaretoken": token})
    assert "Deleted" in text_of(response)
    assert Image.objects.get().restorable_until


def test_a_form_of_another_site_deletes_nothing(link):
    assert Client(enforce_csrf_checks=True).post(link).status_code == 403
    assert state() == ImageState.STORED


def test_a_form_that_is_refused_tells_the_log_no_secret(link, caplog):
    Client(enforce_csrf_checks=True).post(link)
    assert parts(link)[1] not in caplog.text


def test_a_program_deletes_by_the_secret_without_a_token(link):
    image_id, secret = parts(link)
    assert Client().delete(f"{IMAGES}/{image_id}?secret={secret}").status_code == 204
    assert state() == ImageState.DELETED


def test_a_link_works_once(link, owner):
    image_id, secret = parts(link)
    Client().post(link)
    image_restore(image=Image.objects.get())
    again = Client().delete(f"{IMAGES}/{image_id}?secret={secret}")
    assert (again.status_code, code_of(again)) == (404, "not-found")
    assert [Client().get(link).status_code, Client().post(link).status_code] == [404, 404]
    assert state() == ImageState.STORED


def test_another_secret_deletes_nothing(link):
    image_id, secret = parts(link)
    for wrong in (get_random_string(43), secret[:-1], "x" * 43, "\0", "é"):
        assert Client().delete(f"{IMAGES}/{image_id}?secret={wrong}").status_code == 404
        assert Client().post(f"/i/{image_id}/remove/{wrong or 'x'}").status_code == 404
    assert state() == ImageState.STORED


def test_an_empty_secret_is_none(link):
    image_id, _ = parts(link)
    assert Client().delete(f"{IMAGES}/{image_id}?secret=").status_code == 401


def test_the_secret_of_one_image_deletes_no_other(link, owner):
    other = upload(owner).json()["id"]
    _, secret = parts(link)
    assert Client().delete(f"{IMAGES}/{other}?secret={secret}").status_code == 404


def test_a_row_without_a_link_is_deleted_by_no_secret(link):
    image_id, secret = parts(link)
    Image.objects.update(delete_hash="")
    assert Client().delete(f"{IMAGES}/{image_id}?secret={secret}").status_code == 404


def test_a_link_erases_nothing(link):
    image_id, secret = parts(link)
    response = Client().delete(f"{IMAGES}/{image_id}?secret={secret}&erase=true")
    assert (response.status_code, state()) == (403, ImageState.STORED)


def test_it_outlives_the_key_it_was_made_with(link, settings):
    settings.SECRET_KEY = "another key, another key, another key"
    assert Client().post(link).status_code == 200
    assert state() == ImageState.DELETED


def test_it_ends_with_any_deletion(link):
    image_delete(image=Image.objects.get())
    assert Client().post(link).status_code == 404


def test_a_token_that_only_uploads_gets_no_link_of_what_was_there(owner):
    data = make_picture()
    upload(owner, data=data)
    again = upload(owner, data=data).json()
    assert (again["duplicate"], "delete" in again["links"]) == (True, False)


def test_a_token_that_deletes_is_told_the_same_link_again(owner):
    data = make_picture()
    links = [upload(owner, Scope.UPLOAD, Scope.DELETE, data=data).json()["links"] for _ in range(2)]
    assert links[0]["delete"] == links[1]["delete"]


def resumable(owner, *scopes, data):
    """Upload by tus in one request; return its headers."""
    headers = {
        **bearer(owner, scopes or (Scope.UPLOAD,)),
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(data)),
        "Content-Type": "application/offset+octet-stream",
    }
    answer = call("POST", "/api/v1/tus/", content=data, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.headers


def test_a_resumable_upload_is_told_the_link_as_well(owner, settings):
    headers = resumable(owner, data=make_picture())
    link = headers["X-Shoebox-Delete"].removeprefix(settings.SHOEBOX.write_url)
    assert parts(link)[0] == headers["X-Shoebox-Image"]
    assert Client().post(link).status_code == 200
    assert state() == ImageState.DELETED


def test_a_resumable_upload_of_what_was_there_is_told_only_to_who_may_delete(owner):
    data = make_picture()
    first = resumable(owner, data=data)
    assert "X-Shoebox-Delete" not in resumable(owner, data=data)
    again = resumable(owner, Scope.UPLOAD, Scope.DELETE, data=data)
    assert again["X-Shoebox-Delete"] == first["X-Shoebox-Delete"]


@pytest.fixture
def imported(owner):
    """An import that became an image."""
    image_id = upload(owner).json()["id"]
    asked = import_add(owner=owner, url="https://elsewhere.test/a.jpg", details=Details())
    Import.objects.update(state="done", image_id=image_id)
    return f"/api/v1/imports/{asked.pk}"


def links_of(path, headers):
    return call("GET", path, headers=headers).json()["image"]["links"]


def test_an_import_is_told_the_link_as_well(owner, imported, settings):
    link = links_of(imported, bearer(owner, [Scope.UPLOAD]))["delete"]
    assert Client().post(link.removeprefix(settings.SHOEBOX.write_url)).status_code == 200
    assert state() == ImageState.DELETED


def test_an_import_of_what_was_there_is_told_only_to_who_may_delete(owner, imported):
    Import.objects.update(duplicate=True)
    assert "delete" not in links_of(imported, bearer(owner, [Scope.UPLOAD]))
    assert "delete" in links_of(imported, bearer(owner, [Scope.UPLOAD, Scope.DELETE]))


def test_staff_are_not_told_the_links_of_others(imported):
    assert "delete" not in links_of(imported, bearer(make_user(staff=True), list(Scope)))


def test_nobody_is_told_the_link_later(link, owner):
    image_id, _ = parts(link)
    answer = call("GET", f"{IMAGES}/{image_id}", headers=bearer(owner, [Scope.READ])).json()
    assert "delete" not in answer["links"]
    assert "/remove/" not in text_of(signed_in(owner).get(f"/i/{image_id}"))


def test_who_deleted_by_a_link_is_written_down(link, owner):
    Client().post(link, REMOTE_ADDR="192.0.2.7")
    entry = AuditEntry.objects.get(action="image.delete")
    assert (entry.actor_kind, entry.via, entry.address) == ("link", "delete link", "192.0.2.7")
    assert entry.details == {"owner": owner.username}
