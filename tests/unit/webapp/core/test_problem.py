import json
from collections.abc import Mapping
from datetime import timedelta

from webapp.core.errors import (
    BusyError,
    MalformedRequestError,
    MethodNotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    ShoeboxError,
    TooLargeError,
)
from webapp.core.problem import problem


def document(error: ShoeboxError) -> dict[str, object]:
    return json.loads(problem(error).body)


def headers(error: ShoeboxError) -> Mapping[str, str]:
    return problem(error).headers


def test_a_problem_names_its_type_title_status_detail_and_code():
    assert document(NotFoundError("There is no image 'x'.")) == {
        "type": "urn:shoebox:problem:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no image 'x'.",
        "code": "not-found",
    }


def test_a_problem_names_the_request_it_belongs_to():
    body = problem(NotFoundError(), instance="/api/v1/images/x").body
    assert json.loads(body)["instance"] == "/api/v1/images/x"


def test_values_of_the_error_become_members():
    said = document(TooLargeError("Too much.", limit=10, bytes=11))
    assert (said["limit"], said["bytes"]) == (10, 11)


def test_values_never_replace_the_members_of_the_document():
    said = document(MalformedRequestError("No.", status=200, code="fine"))
    assert (said["status"], said["code"]) == (400, "malformed-request")


def test_values_that_are_not_json_are_written_as_text():
    assert document(MalformedRequestError("No.", age=timedelta(seconds=1)))["age"] == "0:00:01"


def test_a_lone_surrogate_in_a_value_still_gives_valid_utf_8():
    assert document(MalformedRequestError("No.", value="\ud800"))["value"] == "\ud800"


def test_problems_have_their_own_content_type():
    assert headers(NotFoundError())["content-type"] == "application/problem+json"


def test_what_may_succeed_later_says_when():
    assert headers(BusyError("Full.", retry_after=7))["retry-after"] == "7"


def test_what_the_caller_must_change_says_nothing_of_later():
    assert "retry-after" not in headers(TooLargeError(bytes=1))


def test_a_caller_nobody_knows_is_told_how_to_authenticate():
    assert headers(NotAuthenticatedError())["www-authenticate"] == 'Bearer realm="shoebox"'


def test_a_wrong_method_is_told_the_right_ones():
    assert headers(MethodNotAllowedError("No.", allow="GET, POST"))["allow"] == "GET, POST"


def test_an_error_nobody_foresaw_is_an_internal_error():
    assert document(ShoeboxError())["code"] == "internal"


def test_problems_are_never_cached():
    assert headers(NotFoundError())["cache-control"] == "no-store"


def test_the_body_is_as_long_as_the_headers_say():
    answer = problem(NotFoundError("Wörter"))
    assert answer.headers["content-length"] == str(len(answer.body))
