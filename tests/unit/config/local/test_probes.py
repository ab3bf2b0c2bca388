import http.client
import json

import pytest

from config.local import probes
from config.local.probes import not_ready_said


@pytest.mark.parametrize(
    ("status", "told", "said"),
    [
        (200, {"ready": True, "reasons": {"broker": "away"}}, ""),
        (
            503,
            {"degraded": ["s"], "reasons": {"shards": "1 of 4 answers"}},
            "shards: 1 of 4 answers",
        ),
        (503, {"degraded": ["shard:s1", "shard:s2"]}, "shard:s1; shard:s2"),
        (503, "unavailable", "/readyz answers 503"),
        (500, {}, "/readyz answers 500"),
    ],
)
def test_what_a_service_says_keeps_it_from_its_job(monkeypatch, status, told, said):
    answer = (status, json.dumps(told).encode())
    monkeypatch.setattr(probes, "_http_answer", lambda *_asked, **_how: answer)
    assert not_ready_said(8000) == said


def test_a_service_that_does_not_answer_says_nothing(monkeypatch):
    def refuse(*_asked, **_how):
        raise http.client.HTTPException

    monkeypatch.setattr(http.client.HTTPConnection, "request", refuse)
    assert not_ready_said(8000) == ""
