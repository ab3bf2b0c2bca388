"""Sessions: who is told from a cookie, and how a forged request is kept out."""

import pytest
from django.conf import settings as django_settings
from django.test import Client

from tests.factories import isolate, make_user
from tests.integration.api_caller import IMAGES, code_of
from webapp.accounts.models import Scope
from webapp.accounts.services import token_make
from webapp.accounts.sessions import principal_for, session_principal
from webapp.core.errors import NotAllowedError, NotAuthenticatedError
from webapp.core.ids import Kind, id_make

pytestmark = pytest.mark.django_db(transaction=True)

BACKEND = "django.contrib.auth.backends.ModelBackend"
OUR_ORIGIN = "http://127.0.0.1:8000"
SOME_IMAGE = f"{IMAGES}/{id_make(kind=Kind.PUBLIC, version=0)}"


@pytest.fixture
def user(settings, tmp_path):
    isolate(settings, tmp_path)
    return make_user()


@pytest.fixture
def browser(user):
    """A browser that signed in and has a CSRF cookie."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend=BACKEND)
    client.get("/api/v1/docs")
    return client


def csrf_token(browser):
    return browser.cookies[django_settings.CSRF_COOKIE_NAME].value


def scope_of(browser=None, *, method="POST", **headers):
    """The scope of an upload, as a server gives it to the receiver."""
    cookies = browser.cookies.items() if browser else []
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies)
    named = {"host": "127.0.0.1:8000", **({"cookie": cookie} if cookie else {}), **headers}
    return {
        "type": "http",
        "method": method,
        "path": IMAGES,
        "query_string": b"title=x",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "headers": [(n.replace("_", "-").encode(), v.encode()) for n, v in named.items()],
    }


FORM = {"content_type": "multipart/form-data; boundary=x", "content_length": "99999999"}


# The receiver's way


def test_a_session_is_its_user_with_everything_of_their_own(browser, user):
    principal = session_principal(scope_of(browser, x_csrftoken=csrf_token(browser), **FORM))
    assert principal.user == user
    assert principal.scopes == {Scope.UPLOAD, Scope.READ, Scope.DELETE}


def test_a_session_of_staff_sees_all(browser, user):
    user.is_staff = True
    user.save()
    principal = session_principal(scope_of(browser, x_csrftoken=csrf_token(browser)))
    assert principal.sees_all


def test_a_request_from_our_own_origin_passes(browser):
    scope = scope_of(browser, x_csrftoken=csrf_token(browser), origin=OUR_ORIGIN)
    assert session_principal(scope)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_csrftoken": "x" * 64},
        {"x_csrftoken": ""},
        {"x_csrftoken": "right", "origin": "https://evil.example"},
        {"x_csrftoken": "right", "origin": "null"},
    ],
    ids=str,
)
def test_a_forged_request_is_refused(browser, headers):
    if headers.get("x_csrftoken") == "right":
        headers = {**headers, "x_csrftoken": csrf_token(browser)}
    with pytest.raises(NotAllowedError, match="CSRF"):
        session_principal(scope_of(browser, **headers, **FORM))


def test_a_csrf_token_without_its_cookie_is_refused(browser):
    token = csrf_token(browser)
    del browser.cookies[django_settings.CSRF_COOKIE_NAME]
    with pytest.raises(NotAllowedError, match="CSRF"):
        session_principal(scope_of(browser, x_csrftoken=token))


def test_reading_needs_no_csrf_token(browser):
    assert session_principal(scope_of(browser, method="GET"))


def test_over_tls_the_referer_must_be_ours(browser):
    scope = {**scope_of(browser, x_csrftoken=csrf_token(browser)), "scheme": "https"}
    with pytest.raises(NotAllowedError, match="Referer"):
        session_principal(scope)


@pytest.mark.parametrize(
    "cookie", ["", "sessionid=", "sessionid=unknown", "sessionid=\x00", "=;;=", "sessionid"]
)
def test_a_cookie_of_no_session_is_nobody(user, cookie):
    assert session_principal(scope_of(cookie=cookie)) is None


def test_who_may_not_sign_in_any_more_is_nobody(browser, user):
    user.is_active = False
    user.save()
    assert session_principal(scope_of(browser, x_csrftoken=csrf_token(browser))) is None


def test_a_changed_password_ends_the_session(browser, user):
    user.set_password("another horse battery")
    user.save()
    assert session_principal(scope_of(browser, x_csrftoken=csrf_token(browser))) is None


def test_a_token_goes_before_a_session_and_needs_no_csrf_token(browser):
    other = make_user()
    _, secret = token_make(user=other, name="cli", scopes=[Scope.UPLOAD])
    scope = scope_of(browser, authorization=f"bearer {secret}")
    assert principal_for(scope, Scope.UPLOAD).user == other


def test_a_bad_token_is_not_saved_by_a_session(browser):
    scope = scope_of(browser, authorization="Bearer wrong", x_csrftoken=csrf_token(browser))
    with pytest.raises(NotAuthenticatedError):
        principal_for(scope, Scope.UPLOAD)


def test_a_token_without_the_scope_is_not_allowed(user):
    _, secret = token_make(user=user, name="cli", scopes=[Scope.READ])
    with pytest.raises(NotAllowedError, match="'upload'"):
        principal_for(scope_of(authorization=f"Bearer {secret}"), Scope.UPLOAD)


def test_nobody_is_not_authenticated(user):
    with pytest.raises(NotAuthenticatedError):
        principal_for(scope_of(), Scope.UPLOAD)


# The same through Django


def test_a_signed_in_browser_reads(browser):
    assert browser.get(IMAGES).status_code == 200


def test_a_signed_in_browser_changes_with_its_csrf_token(browser):
    response = browser.delete(SOME_IMAGE, headers={"X-CSRFToken": csrf_token(browser)})
    assert code_of(response) == "not-found"


@pytest.mark.parametrize("method", ["patch", "delete", "post"])
def test_a_forged_change_is_refused(browser, method):
    path = f"{SOME_IMAGE}/restore" if method == "post" else SOME_IMAGE
    response = getattr(browser, method)(path)
    assert (response.status_code, code_of(response)) == (403, "not-allowed")


def test_a_form_of_another_site_is_refused(browser):
    response = browser.post(
        f"{SOME_IMAGE}/restore", {"a": "b"}, headers={"Origin": "https://e.vil"}
    )
    assert code_of(response) == "not-allowed"


def test_a_body_that_is_no_form_is_refused(browser):
    response = browser.generic(
        "POST", f"{SOME_IMAGE}/restore", b"x", content_type="multipart/form-data; boundary=\xff"
    )
    assert response.status_code in {400, 403}
    assert code_of(response) in {"malformed-request", "not-allowed"}
