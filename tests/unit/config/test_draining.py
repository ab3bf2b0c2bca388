"""A service that drains still answers, and says that it will not for long."""

import pytest

from config.draining import Draining
from config.serve import application_try

OK = {"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]}


async def application(_scope, _receive, send):
    await send(dict(OK))
    await send({"type": "http.response.body", "body": b""})


async def ask(service, path):
    """Return the first message of an answer."""
    sent = []

    async def send(message):
        sent.append(message)

    await service({"type": "http", "path": path}, None, send)
    return sent[0]


@pytest.fixture
def service():
    return Draining(application, seconds=0)


async def test_before_a_drain_answers_are_left_alone(service):
    assert await ask(service, "/") == OK


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_draining_service_closes_each_connection_after_its_answer(service, replaced):
    service.begin(replaced)
    assert (await ask(service, "/"))["headers"] == [(b"x-own", b"1"), (b"connection", b"close")]


@pytest.mark.parametrize(("replaced", "status"), [(False, 503), (True, 200)])
async def test_it_is_ready_only_where_another_worker_answers(service, replaced, status):
    service.begin(replaced)
    assert (await ask(service, "/readyz"))["status"] == status


def test_an_application_that_would_start_is_no_problem():
    assert application_try("tests.unit.config.test_draining") == ""


def test_why_an_application_would_not_start_is_told():
    assert "no_such_module" in application_try("config.no_such_module")
