"""Who may see and do what: the owner, staff, another user, and nobody."""

import pytest
from django.test import Client

from tests.factories import isolate, make_cluster, make_image, make_user
from tests.integration.page_rows import make_row, signed_in, text_of
from webapp.images.models import Image, ImageState

PAGES = ["/", "/tiles", "/tokens", "/password"]
ACTIONS = {
    "edit": {"title": "new", "album": "new"},
    "delete": {},
    "restore": {},
    "retry": {},
    "rekey": {},
}
every_action = pytest.mark.parametrize("action", ACTIONS)


@pytest.fixture
def image(settings, tmp_path, transactional_db):
    isolate(settings, tmp_path)
    make_cluster(tmp_path, count=3)
    return make_image(make_user(), tmp_path).image


def act(client, image, action):
    return client.post(f"/i/{image.id}/{action}", ACTIONS[action])


def columns(image):
    return Image.objects.filter(id=image.id).values().get()


@pytest.mark.django_db
@pytest.mark.parametrize("page", [*PAGES, f"/i/p000{'0' * 20}"])
def test_nobody_is_asked_to_sign_in(page):
    response = Client().get(page)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login?next=")


@every_action
def test_the_owner_may(image, action):
    assert act(signed_in(image.owner), image, action).status_code == 302


@every_action
def test_staff_may(image, action):
    assert act(signed_in(make_user(staff=True)), image, action).status_code == 302


@every_action
def test_another_user_learns_and_changes_nothing(image, action):
    before = columns(image)
    assert act(signed_in(make_user()), image, action).status_code == 404
    assert columns(image) == before


@every_action
def test_nobody_changes_nothing(image, action):
    before = columns(image)
    response = act(Client(), image, action)
    assert response.headers["Location"].startswith("/login")
    assert columns(image) == before


@every_action
def test_a_link_alone_changes_nothing(image, action):
    assert signed_in(image.owner).get(f"/i/{image.id}/{action}").status_code == 405


@every_action
def test_a_form_of_another_site_changes_nothing(image, action):
    client = Client(enforce_csrf_checks=True)
    client.force_login(image.owner, "django.contrib.auth.backends.ModelBackend")
    before = columns(image)
    assert act(client, image, action).status_code == 403
    assert columns(image) == before


@pytest.mark.django_db
def test_an_image_of_somebody_else_looks_like_none():
    image, client = make_row(make_user()), signed_in(make_user())
    there = client.get(f"/i/{image.id}")
    absent = client.get(f"/i/p000{'0' * 20}")
    assert (there.status_code, there.content) == (absent.status_code, absent.content)


@pytest.mark.django_db
def test_staff_sees_whose_image_it_is():
    image = make_row(make_user())
    page = text_of(signed_in(make_user(staff=True)).get(f"/i/{image.id}"))
    assert image.owner.username in page


@pytest.mark.django_db
@pytest.mark.parametrize("staff", [True, False])
def test_only_staff_finds_the_way_to_admin_and_flower(settings, staff):
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"flower_url": "http://flower.test"})
    page = text_of(signed_in(make_user(staff=staff)).get("/"))
    assert ("http://flower.test" in page, "/admin/" in page) == (staff, staff)


@pytest.mark.django_db
def test_others_cannot_revoke_a_token():
    owner = make_user()
    signed_in(owner).post("/tokens", {"name": "cron", "scopes": ["read"]})
    token = owner.tokens.get()
    assert signed_in(make_user()).post(f"/tokens/{token.id}/revoke").status_code == 404
    assert owner.tokens.exists()


def test_editing_changes_title_and_album(image):
    act(signed_in(image.owner), image, "edit")
    image.refresh_from_db()
    assert (image.title, image.album) == ("new", "new")


def test_deleting_and_restoring_go_there_and_back(image):
    client = signed_in(image.owner)
    act(client, image, "delete")
    image.refresh_from_db()
    assert image.state == ImageState.DELETED
    act(client, image, "restore")
    image.refresh_from_db()
    assert image.state == ImageState.STORED


def test_erasing_leads_to_the_gallery_and_leaves_nothing_to_restore(image):
    response = signed_in(image.owner).post(f"/i/{image.id}/delete", {"erase": "1"})
    assert response.headers["Location"] == "/"
    image.refresh_from_db()
    assert image.restorable_until is None


def test_another_kind_leads_to_the_new_address(image):
    response = act(signed_in(image.owner), image, "rekey")
    other = response.headers["Location"].removeprefix("/i/")
    assert other[0] == "s"
    assert Image.objects.filter(id=other, owner=image.owner).exists()


def test_what_cannot_be_done_is_told_in_words(image):
    response = signed_in(image.owner).post(f"/i/{image.id}/retry", follow=True)
    assert "there is nothing to try again" in text_of(response)


def test_a_deleted_image_is_not_edited(image):
    client = signed_in(image.owner)
    act(client, image, "delete")
    act(client, image, "edit")
    image.refresh_from_db()
    assert image.title == ""
