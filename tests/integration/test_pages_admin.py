"""The admin: everything to look at, and only what a service stands behind to do."""

import re

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import isolate, make_cluster, make_image, make_user
from tests.integration.page_rows import make_row, make_rows, signed_in, text_of
from webapp.accounts.invitations import invitation_create
from webapp.accounts.models import Invitation, Token, User
from webapp.accounts.services import token_authenticate
from webapp.audit.models import AuditEntry
from webapp.cluster.models import Pool, Shard, TopologyVersion
from webapp.cluster.snapshot import topology_now
from webapp.images.models import Image, ImageState, JournalEntry
from webapp.outbox.models import OutboxMessage

IMAGES = "/admin/images/image/"
SHARDS = "/admin/cluster/shard/"
TOKENS = "/admin/accounts/token/"
WRITTEN_BY_SERVICES = [Image, JournalEntry, Shard, TopologyVersion, OutboxMessage, AuditEntry]
OURS = [*WRITTEN_BY_SERVICES, Pool, User, Token]


def address_of(model, rest=""):
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{rest}"


def act(client, address, action, *rows):
    return client.post(
        address, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True
    )


@pytest.fixture(autouse=True)
def folder(settings, tmp_path, transactional_db):
    isolate(settings, tmp_path)
    return tmp_path


@pytest.fixture
def admin():
    return signed_in(make_user(staff=True, superuser=True))


@pytest.fixture
def system(folder):
    make_cluster(folder, count=3)
    return make_image(make_user(), folder).image


def test_every_model_of_ours_has_a_list_that_opens(admin, system):
    make_row(system.owner, state=ImageState.DELETED)
    JournalEntry.objects.create(image_id=system.id, epoch=1, revision=2)
    assert [m for m in OURS if admin.get(address_of(m)).status_code != 200] == []


def test_every_row_of_ours_opens(admin, system):
    JournalEntry.objects.create(image_id=system.id, epoch=1, revision=2)
    Token.objects.create(user=system.owner, name="cron", hash="0", hint="sbx_")
    rows = [model.objects.first() for model in OURS]
    addresses = [address_of(type(row), f"{row.pk}/change/") for row in rows]
    assert [path for path in addresses if admin.get(path).status_code != 200] == []


@pytest.mark.parametrize("model", WRITTEN_BY_SERVICES)
def test_rows_written_by_services_are_neither_added_nor_edited_nor_deleted(admin, system, model):
    JournalEntry.objects.create(image_id=system.id, epoch=1, revision=2)
    row = model.objects.first()
    assert admin.get(address_of(model, "add/")).status_code == 403
    assert admin.post(address_of(model, f"{row.pk}/change/"), {}).status_code == 403
    assert admin.post(address_of(model, f"{row.pk}/delete/"), {"post": "yes"}).status_code == 403


def test_a_long_list_of_images_asks_the_index_no_more_often(admin):
    owner = make_user()

    def queries():
        with CaptureQueriesContext(connection) as captured:
            admin.get(IMAGES)
        return len(captured)

    make_rows(owner, 2)
    few = queries()
    make_rows(owner, 20)
    assert queries() == few


@pytest.mark.parametrize("query", ["q=lake", "state__exact=ready", "kind=p", "pool=default"])
def test_images_are_found(admin, query):
    owner = make_user()
    found = make_row(owner, title="Evening at the lake")
    other = make_row(owner, state=ImageState.FAILED)
    page = text_of(admin.get(f"{IMAGES}?{query}"))
    assert found.id in page
    assert (other.id in page) == (query in {"kind=p", "pool=default"})


def test_deleting_and_restoring_go_through_the_services(admin, system):
    act(admin, IMAGES, "delete", system)
    assert JournalEntry.objects.filter(image_id=system.id).exists()
    act(admin, IMAGES, "restore", system)
    system.refresh_from_db()
    assert system.state == ImageState.STORED
    assert not JournalEntry.objects.exists()


def test_what_a_service_refuses_is_told_in_words(admin, system):
    page = text_of(act(admin, IMAGES, "retry", system))
    assert "there is nothing to try again" in page


def test_who_may_only_look_cannot_act(system):
    looker = make_user(staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_image"))
    client = signed_in(looker)
    assert system.id in text_of(client.get(IMAGES))
    act(client, IMAGES, "delete", system)
    system.refresh_from_db()
    assert system.state == ImageState.STORED


def test_a_state_of_a_shard_is_published(admin, system):
    act(admin, SHARDS, "read_only", Shard.objects.get(name="s1"))
    assert topology_now().state("s1").label == "read_only"


def test_shards_are_activated_together_in_one_version(admin, system):
    shards = [Shard.objects.get(name=name) for name in ("s1", "s2")]
    act(admin, SHARDS, "read_only", *shards)
    versions = TopologyVersion.objects.count()
    act(admin, SHARDS, "activate", *shards)
    assert TopologyVersion.objects.count() == versions + 1
    assert {topology_now().state(shard.name).label for shard in shards} == {"active"}


def test_shards_show_their_share_and_their_disk(admin, system):
    page = text_of(admin.get(SHARDS))
    assert "100.0%" in page  # three shards, three copies
    assert re.search(r"\d+% of \d", page)


def test_a_new_token_works_and_its_secret_is_shown_once(admin):
    user = make_user()
    values = {"user": str(user.pk), "name": "cron", "scopes": ["read"]}
    page = text_of(admin.post(f"{TOKENS}add/", values, follow=True))
    secret = re.search(r"never again: (\S+?)[\s<]", page)[1]
    assert token_authenticate(secret=secret).user == user
    assert secret not in text_of(admin.get(TOKENS))


def test_a_token_for_everything_is_for_staff_only(admin):
    values = {"user": str(make_user().pk), "name": "cron", "scopes": ["admin"]}
    page = text_of(admin.post(f"{TOKENS}add/", values))
    assert "is not staff" in page
    assert not Token.objects.exists()


def test_a_user_cannot_be_deleted_with_their_images(admin):
    user = make_user()
    address = f"/admin/accounts/user/{user.pk}/delete/"
    assert admin.post(address, {"post": "yes"}).status_code == 403


def test_a_new_user_can_sign_in(admin):
    values = {
        "username": "otto",
        "usable_password": "true",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
    }
    assert admin.post("/admin/accounts/user/add/", values).status_code == 302
    credentials = {"username": "otto", "password": "correct horse battery"}
    assert Client().post("/login", credentials).status_code == 302


def test_people_who_are_not_staff_have_no_admin():
    assert signed_in(make_user()).get("/admin/").status_code == 302


def test_every_list_of_ours_wears_the_theme():
    assert [m for m in OURS if "unfold" not in str(type(site._registry[m]).__mro__)] == []


def test_a_long_name_leaves_room_for_the_other_columns(admin):
    make_row(make_user(), title="x" * 255)
    page = text_of(admin.get("/admin/images/image/"))
    assert f"{'x' * 59}…" in page
    assert "x" * 60 not in page


@pytest.mark.parametrize(("pool", "kept"), [("default", "default"), ("typo", "default")])
def test_a_user_belongs_to_a_pool_that_is_there(admin, system, pool, kept):
    user = system.owner
    address = address_of(User, f"{user.pk}/change/")
    page = text_of(admin.post(address, {"username": user.username, "pool": pool}, follow=True))
    assert ("There is no pool" in page) is (pool != kept)
    assert User.objects.get(pk=user.pk).pool == kept


@pytest.fixture
def clerk():
    """Give staff who may change users, and are no superuser."""
    clerk = make_user(staff=True)
    clerk.user_permissions.set(Permission.objects.filter(content_type__model="user"))
    return signed_in(clerk)


def changed(client, user, **values):
    """Change a user as the form does; return the status."""
    address = address_of(User, f"{user.pk}/change/")
    form = {"username": user.username, "pool": user.pool, "is_active": "on", **values}
    return client.post(address, form).status_code


def test_who_may_change_users_gives_nobody_rights(clerk, system):
    user = system.owner
    given = {"first_name": "Ada", "is_superuser": "on", "is_staff": "on"}
    assert changed(clerk, user, **given) == 302
    user.refresh_from_db()
    assert (user.first_name, user.is_superuser, user.is_staff) == ("Ada", False, False)


def test_who_may_change_users_changes_no_other_staff(clerk, system):
    other = make_user(staff=True)
    assert changed(clerk, other, first_name="Ada") == 403
    password = clerk.post(address_of(User, f"{other.pk}/password/"), {"password1": "x"})
    assert password.status_code == 403


def test_a_link_made_for_somebody_who_may_do_more_now_is_void(admin, system):
    invitation_create(user=system.owner)
    assert changed(admin, system.owner, is_staff="on") == 302
    assert not Invitation.objects.waiting().exists()
