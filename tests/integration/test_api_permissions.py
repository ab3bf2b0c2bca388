"""Who may do what: every call by its owner, another user, staff, and nobody."""

import pytest

from tests.factories import isolate, make_cluster, make_image, make_user
from tests.integration.api_caller import EVERYTHING, IMAGES, QUICK_HASHERS, Caller, code_of
from webapp.accounts.models import Scope
from webapp.images.models import Image

pytestmark = pytest.mark.django_db(transaction=True)

# method, what follows the image's address, body, scope it needs, answer to the owner
CALLS = [
    ("GET", "", None, Scope.READ, 200),
    ("GET", "?wait=0", None, Scope.READ, 200),
    ("GET", "/replicas", None, Scope.READ, 200),
    ("PATCH", "", {"title": "new"}, Scope.UPLOAD, 200),
    ("PATCH", "", {"kind": "s"}, Scope.DELETE, 200),
    ("DELETE", "", None, Scope.DELETE, 204),
    ("DELETE", "?erase=true", None, Scope.DELETE, 204),
    ("POST", "/restore", None, Scope.DELETE, 200),
    ("POST", "/retry", None, Scope.UPLOAD, 409),
]
NAMES = [f"{method} {rest or '/'} {body or ''}".strip() for method, rest, body, _, _ in CALLS]
every_call = pytest.mark.parametrize(
    ("method", "rest", "body", "scope", "status"), CALLS, ids=NAMES
)


@pytest.fixture
def image(settings, tmp_path):
    settings.PASSWORD_HASHERS = QUICK_HASHERS
    isolate(settings, tmp_path)
    make_cluster(tmp_path, count=3)
    return make_image(make_user(), tmp_path).image


@every_call
def test_an_owner_may(image, method, rest, body, scope, status):
    scopes = {scope, Scope.UPLOAD} if method == "PATCH" else {scope}
    assert Caller(image.owner, scopes).image(method, image, rest, body=body).status_code == status


@every_call
def test_an_owner_needs_a_token_for_it(image, method, rest, body, scope, status):
    caller = Caller(image.owner, set(EVERYTHING) - {scope})
    response = caller.image(method, image, rest, body=body)
    assert (response.status_code, code_of(response)) == (403, "not-allowed")


@every_call
def test_another_user_learns_nothing(image, method, rest, body, scope, status):
    response = Caller(make_user()).image(method, image, rest, body=body)
    assert (response.status_code, code_of(response)) == (404, "not-found")


@every_call
def test_nobody_is_asked_who_they_are(image, method, rest, body, scope, status):
    response = Caller().image(method, image, rest, body=body)
    assert (response.status_code, code_of(response)) == (401, "not-authenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@every_call
def test_staff_with_an_admin_token_may(image, method, rest, body, scope, status):
    caller = Caller(make_user(staff=True), {Scope.ADMIN})
    assert caller.image(method, image, rest, body=body).status_code == status


@every_call
def test_staff_without_an_admin_token_are_users_like_others(
    image, method, rest, body, scope, status
):
    response = Caller(make_user(staff=True)).image(method, image, rest, body=body)
    assert response.status_code == 404


@every_call
def test_who_is_staff_no_longer_is_a_user_like_others(image, method, rest, body, scope, status):
    caller = Caller(make_user(staff=True), {Scope.ADMIN})
    caller.user.is_staff = False
    caller.user.save()
    assert caller.image(method, image, rest, body=body).status_code == 404


@every_call
def test_who_may_not_sign_in_may_not_call(image, method, rest, body, scope, status):
    caller = Caller(image.owner)
    image.owner.is_active = False
    image.owner.save()
    assert caller.image(method, image, rest, body=body).status_code == 401


def test_what_was_refused_changed_nothing(image):
    for caller in (Caller(), Caller(make_user()), Caller(image.owner, {Scope.READ})):
        for method, rest, body, _, _ in CALLS:
            if method != "GET":
                caller.image(method, image, rest, body=body)
    assert Image.objects.values_list("id", "revision", "state").get() == (image.id, 1, "stored")


@pytest.mark.parametrize(
    ("role", "sees"), [("owner", 1), ("other", 0), ("staff", 1), ("staff without admin", 0)]
)
def test_a_list_has_what_one_may_see(image, role, sees):
    caller = {
        "owner": lambda: Caller(image.owner),
        "other": lambda: Caller(make_user()),
        "staff": lambda: Caller(make_user(staff=True), {Scope.ADMIN}),
        "staff without admin": lambda: Caller(make_user(staff=True)),
    }[role]()
    assert len(caller.get(IMAGES).json()["items"]) == sees


@pytest.mark.parametrize("path", [IMAGES, "/api/v1/me"])
def test_nobody_lists_nothing(image, path):
    assert Caller().get(path).status_code == 401


def test_a_list_needs_a_token_that_reads(image):
    assert Caller(image.owner, {Scope.UPLOAD}).get(IMAGES).status_code == 403


@pytest.mark.parametrize("scope", list(EVERYTHING))
def test_any_token_may_ask_who_it_is(image, scope):
    assert Caller(image.owner, {scope}).get("/api/v1/me").json()["scopes"] == [scope.value]
