"""The OpenAPI document, and the page that shows it."""

import contextlib
import re

import pytest

from webapp.accounts.models import Scope
from webapp.api.api import api
from webapp.core.errors import ShoeboxError
from webapp.core.problem import CONTENT_TYPE
from webapp.uploads.body import ClientSilentError
from webapp.uploads.tus.errors import ChecksumMismatchError, UploadLockedError

CALLS = {
    ("get", "/api/v1/images"),
    ("post", "/api/v1/images"),
    ("get", "/api/v1/images/{image_id}"),
    ("patch", "/api/v1/images/{image_id}"),
    ("delete", "/api/v1/images/{image_id}"),
    ("post", "/api/v1/images/{image_id}/restore"),
    ("post", "/api/v1/images/{image_id}/retry"),
    ("get", "/api/v1/images/{image_id}/replicas"),
    ("get", "/api/v1/images/{image_id}/link"),
    ("get", "/api/v1/me"),
    ("post", "/api/v1/imports"),
    ("get", "/api/v1/imports/{import_id}"),
    ("options", "/api/v1/tus/"),
    ("post", "/api/v1/tus/"),
    ("head", "/api/v1/tus/{upload_id}"),
    ("patch", "/api/v1/tus/{upload_id}"),
    ("delete", "/api/v1/tus/{upload_id}"),
    ("get", "/api/v1/events"),
}
FOR_ANYBODY = {("options", "/api/v1/tus/")}


BESIDE = (ClientSilentError, ChecksumMismatchError, UploadLockedError)
"""Errors of one room; naming them here makes them known."""


def every_error(error):
    return {error}.union(*(every_error(kind) for kind in error.__subclasses__()))


@pytest.fixture
def document(client):
    return client.get("/api/v1/openapi.json").json()


@pytest.fixture
def operations(document):
    paths = document["paths"].items()
    return {(method, path): op for path, methods in paths for method, op in methods.items()}


def test_the_document_is_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")


def test_the_document_has_every_call_of_the_contract(operations):
    assert set(operations) == CALLS


def test_every_call_has_a_name_of_its_own_and_a_sentence(operations):
    assert len({op["operationId"] for op in operations.values()}) == len(operations)
    assert all(op["summary"].endswith(".") for op in operations.values())


def test_every_call_takes_a_token_or_a_session(operations):
    ways = [{"TokenAuth": []}, {"SessionAuth": []}]
    without = {call for call, op in operations.items() if op["security"][-2:] != ways}
    assert without == FOR_ANYBODY


def test_every_error_answer_is_a_problem(operations):
    for op in operations.values():
        errors = {status: said for status, said in op["responses"].items() if status >= "400"}
        assert errors
        assert all(CONTENT_TYPE in said["content"] for said in errors.values())


def test_the_codes_of_the_document_are_the_codes_there_are(operations):
    known = {(error.status, error.code) for error in (*every_error(ShoeboxError), *BESIDE)}
    told = {
        (int(status), code)
        for op in operations.values()
        for status, said in op["responses"].items()
        if status >= "400"
        for code in re.findall(r"`([a-z-]+)`", said["description"])
    }
    assert told <= known


def test_an_upload_is_a_form_or_the_bytes_alone(operations):
    op = operations["post", "/api/v1/images"]
    content = op["requestBody"]["content"]
    assert content["multipart/form-data"]["schema"]["required"] == ["file"]
    assert {"image/jpeg", "image/heic", "application/octet-stream"} <= content.keys()
    assert {status for status in op["responses"] if status < "400"} == {"200", "201"}
    assert {(p["in"], p["name"]) for p in op["parameters"]} == {
        ("header", "Idempotency-Key"),
        ("query", "filename"),
        ("query", "title"),
        ("query", "album"),
        ("query", "kind"),
    }


def test_every_reference_of_the_document_leads_somewhere(document):
    names = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert names <= document["components"]["schemas"].keys()


def test_the_scopes_of_the_description_are_the_scopes_there_are():
    assert all(f"`{scope.value}`" in api.description for scope in Scope)


def test_the_page_needs_nothing_from_elsewhere(client):
    page = client.get("/api/v1/docs").content.decode()
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)


@pytest.mark.django_db  # closing a response gives connections back
def test_everything_the_page_needs_is_served(client):
    page = client.get("/api/v1/docs").content.decode()
    needed = re.findall(r"""(?:src|href)=["'](/static/[^"']+)""", page)
    assert len(needed) >= 3
    for address in needed:
        with contextlib.closing(client.get(address)) as response:
            assert response.status_code == 200


def test_the_page_runs_no_script_of_its_own_text(client):
    response = client.get("/api/v1/docs")
    scripts = re.findall(r"<script([^>]*)>", response.content.decode())
    assert all("src=" in script or "application/json" in script for script in scripts)
    policy = response.headers["Content-Security-Policy"]
    assert re.search(r"script-src ([^;]+)", policy)[1] == "'self'"
