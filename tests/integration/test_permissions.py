"""Who may do what: every call and every page by its owner, others, staff, nobody, every token.

A table has a line for each; a route that is in no table fails, and so does one that is gone.
"""

import re
import secrets
from dataclasses import dataclass, field

import pytest
from django.contrib import admin
from django.urls import URLResolver, get_resolver

from tests.factories import isolate, make_cluster, make_image, make_picture, make_user
from tests.integration.asgi_caller import call
from tests.integration.roles import NOBODY, OTHER, OWNER, ROLES, SESSIONS, STAFF, Shown, shown_by
from webapp.accounts.invitations import invitation_create
from webapp.accounts.models import Scope, User
from webapp.accounts.services import token_make
from webapp.api.api import api
from webapp.images.delete_link import delete_secret
from webapp.images.models import Image
from webapp.imports.services import import_add
from webapp.intake.details import Details

pytestmark = pytest.mark.django_db(transaction=True)

V1 = "/api/v1"
IMAGE = f"{V1}/images/{{image_id}}"
TUS = f"{V1}/tus/{{upload_id}}"
ANY = None
TUS_VERSION = {"Tus-Resumable": "1.0.0"}
PIECE = TUS_VERSION | {
    "Content-Type": "application/offset+octet-stream",
    "Upload-Offset": "0",
}


@dataclass(frozen=True)
class Call:
    """A call of the API.

    ``needs`` are the scopes it takes, ``of`` whose thing it is about: ``owner`` means that
    staff who see everything may, too, ``owner only`` that they may not, ``nobody`` that anybody
    may ask.
    """

    method: str
    path: str
    ok: int
    needs: frozenset = frozenset()
    of: str = ""
    query: str = ""
    sent: dict = field(default_factory=dict, hash=False)

    def __str__(self):
        return f"{self.method} {self.path}{self.query} {self.sent.get('json', '')}".strip()

    def expected(self, role):
        if self.of == "nobody":
            return self.ok
        if not role.known:
            return 401
        if not self.needs <= role.allows:
            return 403
        stranger = role.who != OWNER and not (role.sees_all and self.of != "owner only")
        return 404 if self.of and stranger else self.ok


UPLOAD, READ, DELETE = ({scope} for scope in (Scope.UPLOAD, Scope.READ, Scope.DELETE))
CALLS = [
    Call("GET", f"{V1}/images", 200, READ),
    Call("POST", f"{V1}/images", 201, UPLOAD, sent={"content": make_picture}),
    Call("GET", IMAGE, 200, READ, OWNER),
    Call("GET", IMAGE, 200, READ, OWNER, query="?wait=0.01"),
    Call("PATCH", IMAGE, 200, UPLOAD, OWNER, sent={"json": {"title": "new"}}),
    Call("PATCH", IMAGE, 200, UPLOAD | DELETE, OWNER, sent={"json": {"kind": "s"}}),
    Call("DELETE", IMAGE, 204, DELETE, OWNER),
    Call("DELETE", IMAGE, 204, DELETE, OWNER, query="?erase=true"),
    Call("POST", f"{IMAGE}/restore", 200, DELETE, OWNER),
    Call("POST", f"{IMAGE}/retry", 409, UPLOAD, OWNER),
    Call("GET", f"{IMAGE}/replicas", 200, READ, OWNER),
    Call("GET", f"{IMAGE}/link", 200, READ, OWNER, query="?width=640"),
    Call("POST", f"{V1}/imports", 202, UPLOAD, sent={"json": {"url": "http://x.example/a"}}),
    Call("GET", f"{V1}/imports/{{import_id}}", 200, UPLOAD, OWNER),
    Call("GET", f"{V1}/me", 200),
    Call("GET", f"{V1}/events", 200, READ),
    Call("OPTIONS", f"{V1}/tus/", 204, of="nobody"),
    Call("POST", f"{V1}/tus/", 201, UPLOAD, sent={"headers": TUS_VERSION | {"Upload-Length": "9"}}),
    Call("HEAD", TUS, 200, UPLOAD, "owner only", sent={"headers": TUS_VERSION}),
    Call("PATCH", TUS, 204, UPLOAD, "owner only", sent={"headers": PIECE, "content": b"x"}),
    Call("DELETE", TUS, 204, UPLOAD, "owner only", sent={"headers": TUS_VERSION}),
]
BEFORE_DJANGO = {f"{V1}/tus/", TUS, f"{V1}/events"}
"""What plain ASGI answers; `POST /api/v1/images` is in the OpenAPI document."""


@dataclass(frozen=True)
class Page:
    """A page: what its owner, another user, staff and nobody get. ``login``: are asked to."""

    method: str
    path: str
    owner: object
    other: object
    staff: object
    nobody: object
    sent: dict = field(default_factory=dict, hash=False)

    def __str__(self):
        return f"{self.method} {self.path}"

    def expected(self, role):
        return getattr(self, role.who if role.known else NOBODY)


LOGIN = "login"
CSP = "Content-Security-Policy"
ALL = (200, 200, 200, 200)
PAGES = [
    Page("GET", "/", 200, 200, 200, LOGIN),
    Page("GET", "/tiles", 200, 200, 200, LOGIN),
    Page("GET", "/i/{image_id}", 200, 404, 200, LOGIN),
    Page("POST", "/i/{image_id}/edit", 302, 404, 302, LOGIN, {"data": {"title": "new"}}),
    Page("POST", "/i/{image_id}/delete", 302, 404, 302, LOGIN),
    Page("POST", "/i/{image_id}/restore", 302, 404, 302, LOGIN),
    Page("POST", "/i/{image_id}/retry", 302, 404, 302, LOGIN),
    Page("POST", "/i/{image_id}/rekey", 302, 404, 302, LOGIN),
    Page("GET", "/i/{image_id}/remove/{secret}", *ALL),
    Page("GET", "/i/{image_id}/remove/wrong", 404, 404, 404, 404),
    Page("POST", "/i/{image_id}/remove/wrong", 404, 404, 404, 404),
    Page("GET", "/tokens", 200, 200, 200, LOGIN),
    Page("POST", "/tokens", 200, 200, 200, LOGIN, {"data": {"name": "x", "scopes": "read"}}),
    Page("POST", "/tokens/sharex", 200, 200, 200, LOGIN),
    Page("POST", "/tokens/{token_id}/revoke", 302, 404, 404, LOGIN),
    Page("GET", "/invitation/{invitation}", *ALL),
    Page("GET", "/invitation/wrong", 404, 404, 404, 404),
    Page("GET", "/invitations", 404, 404, 200, LOGIN),
    Page("POST", "/invitations", 404, 404, 200, LOGIN, {"data": {"email": "a@example.org"}}),
    Page("POST", "/invitations/{invitation_id}/revoke", 404, 404, 302, LOGIN),
    Page("GET", "/sign-up", 404, 404, 404, 404),
    Page("GET", "/login", 302, 302, 302, 200),
    Page("POST", "/logout", 302, 302, 302, 302),
    Page("GET", "/password", 200, 200, 200, LOGIN),
    Page("GET", f"{V1}/openapi.json", *ALL),
    Page("GET", f"{V1}/docs", *ALL),
    Page("GET", "/healthz", *ALL),
    Page("GET", "/metrics", *ALL),
]
NOT_ASKED = {"/readyz", f"{V1}/"}
"""The first says how the machine is, the second is a name without a page."""
PARAMETERS = {"/invitation/{secret}": "/invitation/{invitation}"}


class World:
    """An owner, two others, and one of each thing there is; new ones after each change."""

    def __init__(self, folder):
        self._folder = folder
        self.users = {who: make_user(staff=who == STAFF) for who in (OWNER, OTHER, STAFF)}

    @property
    def owner(self):
        return self.users[OWNER]

    def shown(self, role):
        return shown_by(role, self.users.get(role.who))

    def path(self, template):
        """An address about a thing that is new."""
        makers = {
            "image_id": lambda: make_image(self.owner, self._folder).image.id,
            "import_id": self._import,
            "upload_id": self._upload,
            "token_id": lambda: token_make(user=self.owner, name="x", scopes=[Scope.READ])[0].pk,
            "invitation": lambda: self._invite()[1],
            "invitation_id": lambda: self._invite()[0].pk,
        }
        names = set(re.findall(r"{(\w+)}", template)) - {"secret"}
        values = {name: makers[name]() for name in names}
        if "secret" in template:
            values["secret"] = delete_secret(values["image_id"])
        return template.format(**values)

    def _invite(self):
        return invitation_create(email=f"{secrets.token_hex(4)}@example.org")

    def _import(self):
        url = f"http://x.example/{secrets.token_hex(4)}"
        return import_add(owner=self.owner, url=url, details=Details()).pk

    def _upload(self):
        _, secret = token_make(user=self.owner, name="x", scopes=[Scope.UPLOAD])
        headers = {"Authorization": f"Bearer {secret}", "Upload-Length": "9", **TUS_VERSION}
        return call("POST", f"{V1}/tus/", headers=headers).headers["Location"].rpartition("/")[2]

    def ask(self, role, line, path):
        """What somebody is answered: a status, or that they are asked to sign in."""
        response = self.answer(self.shown(role), line, path)
        User.objects.update(is_active=True)
        to_login = response.headers.get("Location", "").startswith("/login?next=")
        return LOGIN if response.status_code == 302 and to_login else response.status_code

    def answer(self, shown, line, path):
        """The response to somebody who shows so much of who they are."""
        sent = {name: value() if callable(value) else value for name, value in line.sent.items()}
        sent["headers"] = {**sent.get("headers", {}), **shown.headers}
        return call(line.method, path, cookies=shown.cookies, **sent)


@pytest.fixture
def world(settings, tmp_path):
    isolate(settings, tmp_path)
    make_cluster(tmp_path, count=3)
    return World(tmp_path)


@pytest.mark.parametrize("line", CALLS, ids=str)
def test_a_call_is_for_whom_the_table_says(world, line):
    found, path = {}, ""
    for role in ROLES:
        changed = line.method not in {"GET", "HEAD"} and found and line.ok in found.values()
        path = world.path(line.path) + line.query if changed or not path else path
        found[role.name] = world.ask(role, line, path)
    assert found == {role.name: line.expected(role) for role in ROLES}


@pytest.mark.parametrize("line", PAGES, ids=str)
def test_a_page_is_for_whom_the_table_says(world, line):
    found = {role.name: world.ask(role, line, world.path(line.path)) for role in SESSIONS}
    assert found == {role.name: line.expected(role) for role in SESSIONS}


def routes(patterns, prefix="/"):
    """Every address Django knows, the admin's left out."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from routes(pattern.url_patterns, route)
        else:
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def test_every_address_has_a_line():
    known = {PARAMETERS.get(route, route) for route in routes(get_resolver().url_patterns)}
    listed = {line.path for line in [*CALLS, *PAGES] if not line.path.endswith("wrong")}
    assert (known | BEFORE_DJANGO) - NOT_ASKED == listed


def test_every_call_of_the_api_has_a_line():
    paths = api.get_openapi_schema()["paths"].items()
    described = {(method.upper(), path) for path, item in paths for method in item}
    assert described <= {(line.method, line.path) for line in CALLS}


def test_every_page_of_the_admin_is_for_staff_only(world):
    roots = [
        "/admin/",
        *(f"/admin/{m._meta.app_label}/{m._meta.model_name}/" for m in admin.site._registry),
    ]
    found = set()
    for role in SESSIONS:
        if role.who != STAFF:
            shown = world.shown(role)
            answers = [call("GET", root, cookies=shown.cookies) for root in roots]
            found |= {(a.status_code, a.headers["Location"].partition("?")[0]) for a in answers}
    assert found == {(302, "/admin/login/")}


SAFE = {"GET", "HEAD", "OPTIONS"}
FORMS = [line for line in [*CALLS, *PAGES] if line.method not in SAFE]
"""Everything that changes something, in the API and on pages."""


def test_a_session_changes_nothing_without_its_csrf_token(world):
    shown = world.shown(role_named("owner's session"))
    forged = [
        Shown({}, shown.cookies),
        Shown({"X-CSRFToken": "d" * 32}, shown.cookies),
        Shown({**shown.headers, "Origin": "https://evil.example"}, shown.cookies),
    ]
    passed = []
    for line in FORMS:
        path = world.path(line.path) + getattr(line, "query", "")
        answers = [world.answer(one, line, path).status_code for one in forged]
        passed += [f"{line}: {answers}"] if set(answers) != {403} else []
    assert passed == []


@pytest.mark.parametrize("name", ["nobody", "owner's session", "staff's session"])
def test_every_page_and_every_refusal_carries_our_policy(world, name):
    shown = world.shown(role_named(name))
    bare = set()
    for line in PAGES:
        policy = world.answer(shown, line, world.path(line.path)).headers.get(CSP, "")
        strict = policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        bare |= set() if strict and "unsafe" not in policy else {f"{line}: {policy}"}
        shown = world.shown(role_named(name)) if line.path == "/logout" else shown
    assert bare == set()


def role_named(name):
    return next(role for role in ROLES if role.name == name)


def test_what_was_refused_changed_nothing(world):
    image = make_image(world.owner, world._folder).image
    for line in CALLS:
        for role in ROLES:
            path = line.path.format(image_id=image.id, import_id="0", upload_id="0" * 32)
            if IMAGE in line.path and line.method != "GET" and line.expected(role) != line.ok:
                world.ask(role, line, path + line.query)
    assert Image.objects.values_list("id", "revision", "state").get() == (image.id, 1, "stored")


def test_a_list_has_only_what_one_may_see(world):
    make_image(world.owner, world._folder)
    listing = CALLS[0]
    found = {}
    for role in ROLES:
        if role.known and listing.needs <= role.allows:
            shown = world.shown(role)
            answer = call("GET", listing.path, cookies=shown.cookies, headers=shown.headers)
            found[role.name] = len(answer.json()["items"])
    expected = {role.name: int(role.who == OWNER or role.sees_all) for role in ROLES}
    assert found == {name: expected[name] for name in found}


def test_who_is_staff_no_longer_is_a_user_like_others(world):
    shown = world.shown(role_named("staff's admin token"))
    path = world.path(IMAGE)
    assert call("GET", path, headers=shown.headers).status_code == 200
    User.objects.filter(pk=world.users[STAFF].pk).update(is_staff=False)
    assert call("GET", path, headers=shown.headers).status_code == 404
