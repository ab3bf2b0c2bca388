"""Log lines: JSON for machines, and on a terminal something to read; no secrets in either."""

import json
import sys

import pytest

from config.logging import rendering

SECRET = "s3cret"


def line(event, *, terminal):
    for processor in rendering(terminal=terminal):
        event = processor(None, "warning", event)
    return event


def failure():
    hidden = SECRET
    try:
        return hidden[99]
    except IndexError:
        return sys.exc_info()


def test_a_line_for_machines_is_json():
    said = line({"event": "copy removed", "shard": "s1"}, terminal=False)
    assert json.loads(said) == {"event": "copy removed", "shard": "s1"}


def test_a_line_for_people_is_not_json_and_says_as_much():
    said = line({"event": "copy removed", "level": "info", "shard": "s1"}, terminal=True)
    assert not said.startswith("{")
    assert all(word in said for word in ("copy removed", "shard", "s1"))


@pytest.mark.parametrize("terminal", [False, True])
def test_a_traceback_names_the_error_and_no_value_of_a_variable(terminal):
    said = line({"event": "failed", "exc_info": failure()}, terminal=terminal)
    assert "IndexError" in said
    assert SECRET not in said
