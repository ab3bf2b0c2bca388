"""Whatever goes wrong below /api/, the answer is a problem document; no input gives a 500."""

import logging

import pytest
from django.db import OperationalError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.factories import isolate, make_user
from tests.integration.api_caller import IMAGES, Caller, code_of
from webapp.accounts.models import Scope

pytestmark = pytest.mark.django_db(transaction=True)

SOME_IMAGE = f"{IMAGES}/p0006b3tyazq3vjqrjz18vaa"


@pytest.fixture
def call(settings, tmp_path):
    isolate(settings, tmp_path)
    return Caller(make_user(staff=True), {Scope.ADMIN})


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v2/images", f"{IMAGES}/", "/api/%00"])
def test_an_address_nobody_knows_is_not_found(call, path):
    response = call("GET", path)
    assert (response.status_code, code_of(response)) == (404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", IMAGES, "GET, POST"),
        ("DELETE", "/api/v1/me", "GET"),
        ("BREW", SOME_IMAGE, "DELETE, GET, PATCH"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(call, method, path, allow):
    response = call(method, path)
    assert (response.status_code, code_of(response)) == (405, "method-not-allowed")
    assert response.headers["Allow"] == allow


def test_a_forged_host_is_refused(call):
    response = call.get("/api/v1/me", Host="evil.example")
    assert (response.status_code, code_of(response)) == (400, "malformed-request")


def test_pages_keep_their_own_errors(call):
    assert call.get("/nothing-here").headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer ", "Bearer nonsense", "Basic dTpw", "Bearer \xff", "x" * 5000, ""]
)
def test_a_token_that_is_none_is_not_authenticated(call, value):
    response = call.get("/api/v1/me", Authorization=value)
    assert (response.status_code, code_of(response)) == (401, "not-authenticated")


def test_a_defect_is_logged_whole_and_told_shortly(call, monkeypatch, caplog):
    def defect(_user):
        raise RuntimeError("secret thing")

    monkeypatch.setattr("webapp.api.me.usage", defect)
    with caplog.at_level(logging.ERROR):
        response = call.get("/api/v1/me")
    assert (response.status_code, code_of(response)) == (500, "internal")
    assert b"secret" not in response.content
    assert any(
        record.exc_info or "secret thing" in record.getMessage() for record in caplog.records
    )


def test_an_index_that_does_not_answer_is_a_matter_of_time(call, monkeypatch):
    def away(_user):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr("webapp.api.me.usage", away)
    response = call.get("/api/v1/me")
    assert (response.status_code, code_of(response)) == (503, "busy")
    assert int(response.headers["Retry-After"]) > 0


def test_a_problem_names_the_call_and_every_wrong_value(call):
    document = call.get(f"{IMAGES}?limit=0&state=gone").json()
    assert document["instance"] == IMAGES
    assert {error["where"] for error in document["errors"]} == {"query.limit", "query.state"}
    assert document["detail"].startswith("query.limit '0': ")


def test_a_wrong_value_of_a_body_is_called_what_the_caller_calls_it(call):
    document = call("POST", "/api/v1/imports", body={"url": 5}).json()
    assert document["detail"] == "body.url 5: Input should be a valid string."


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
fields = st.sampled_from(["title", "album", "filename", "kind", "id", "limit", "q", "cursor"])
quietly = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@quietly
@given(body=st.dictionaries(fields, anything, max_size=4) | anything | st.binary())
def test_no_body_gives_a_500(call, body):
    path = SOME_IMAGE
    assert call("PATCH", path, body=body).status_code < 500


@quietly
@given(
    query=st.dictionaries(
        st.sampled_from(["limit", "cursor", "state", "album", "q", "owner", "wait", "erase"]),
        st.text(max_size=40) | st.integers().map(str),
        max_size=4,
    )
)
@pytest.mark.parametrize("path", [IMAGES, SOME_IMAGE])
def test_no_query_gives_a_500(call, path, query):
    response = call.client.get(path, query, headers=call.headers)
    assert response.status_code < 500


@quietly
@given(path=st.text(max_size=60))
def test_no_address_gives_a_500(call, path):
    for method in ("GET", "DELETE", "POST"):
        response = call.client.generic(method, f"{IMAGES}/{path}", headers=call.headers)
        assert response.status_code < 500


@quietly
@given(
    name=st.sampled_from(["If-Match", "If-None-Match", "Authorization", "Cookie", "Content-Type"]),
    value=st.text(alphabet=st.characters(max_codepoint=255), max_size=60),
)
def test_no_header_gives_a_500(call, name, value):
    path = SOME_IMAGE
    response = call("PATCH", path, body={"title": "x"}, headers={name: value})
    assert response.status_code < 500
