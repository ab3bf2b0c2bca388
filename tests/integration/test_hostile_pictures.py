"""Pictures that are none, too much, two things at once or broken, from an upload to their end."""

import pytest

from tests.hostile.aftermath import Traces, upload_files
from tests.hostile.bombs import bombs, crowds
from tests.hostile.odd import (
    SCRIPT,
    cut_off,
    metadata,
    polyglots,
    strangers,
    unusual,
    wrong_names,
)
from tests.hostile.seeds import EXTENSIONS, seeds
from tests.hostile.sending import send_all, sending
from tests.processes import wait_until

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

GROUPS = (bombs, crowds, polyglots, strangers, metadata, unusual, seeds)
MOST_ANSWER_SECONDS = 10
REFUSED_OUTRIGHT = (crowds, strangers)


def named(group):
    return {f"{group.__name__}/{name}": body for name, body in group().items()}


@pytest.fixture(scope="module")
def outcomes(embedded_system):
    """What came of everything that was made to hurt, each sent in one of three ways."""
    bodies = {name: body for group in GROUPS for name, body in named(group).items()}
    return send_all(embedded_system, bodies)


def of(outcomes, group):
    return {name: o for name, o in outcomes.items() if name.startswith(f"{group.__name__}/")}


def states(outcomes):
    return {name: o.image["state"] if o.image else o.status for name, o in outcomes.items()}


@pytest.mark.parametrize("group", GROUPS)
def test_each_is_refused_by_name_or_ends_ready_or_with_a_reason(outcomes, group):
    assert {name: o for name, o in of(outcomes, group).items() if not o.expected} == {}


@pytest.mark.parametrize("group", REFUSED_OUTRIGHT)
def test_what_no_picture_may_be_is_refused_at_once(outcomes, group):
    assert {name: o for name, o in of(outcomes, group).items() if o.image} == {}


@pytest.mark.parametrize("group", [seeds, unusual, metadata])
def test_what_is_rare_and_right_becomes_ready(outcomes, group):
    assert set(states(of(outcomes, group)).values()) == {"ready"}


def test_every_answer_comes_soon(outcomes):
    assert max(o.answer_seconds for o in outcomes.values()) < MOST_ANSWER_SECONDS


def test_what_is_refused_leaves_nothing(embedded_system):
    refused = {**cut_off(), **crowds(), **strangers()}
    before = Traces.of(embedded_system)
    found = send_all(embedded_system, refused)
    assert {name: o for name, o in found.items() if o.image or not o.expected} == {}
    assert Traces.of(embedded_system) == before


def test_what_is_two_things_is_served_as_one(embedded_system, outcomes):
    accepted = {name: o.image for name, o in of(outcomes, polyglots).items() if o.image}
    for name, image in accepted.items():
        answer = embedded_system.client.read(image["links"]["original"])
        assert (answer.status_code, SCRIPT in answer.content) == (200, False), name
        assert answer.headers["Content-Type"] == image["content_type"], name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert "sandbox" in answer.headers["Content-Security-Policy"], name


def test_names_and_content_types_have_no_say(embedded_system):
    with sending(embedded_system) as sender:
        for sent, said, body in wrong_names():
            filename = f"x.{EXTENSIONS.get(said, 'html')}"
            for send in (sender.send_raw, sender.send_form):
                answer = send(body, filename, content_type=said)
                assert answer.status_code in {200, 201}, answer.text
                image = answer.json()
                assert image["content_type"] == sent
                link = image["links"]["original"] or ".private"
                assert link.rpartition(".")[2] in {EXTENSIONS[sent], "private"}


def test_nothing_of_it_stays_in_the_spool(embedded_system, outcomes):
    wait_until(lambda: not upload_files(embedded_system), seconds=30, what="an empty spool")
