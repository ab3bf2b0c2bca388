"""The OpenAPI document, tried on a running service: it promises what is there, and no more."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.tus_caller import TUS
from webapp.events.endpoint import PATH as EVENTS
from webapp.uploads.tus.endpoint import is_tus

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "tests" / "openapi" / "schemathesis.toml"
EXAMPLES = 4
SECONDS = 40


@pytest.fixture(scope="module")
def token(embedded_system):
    """Return the token of somebody who has nothing that another test could miss."""
    embedded_system.manage("user", "add", "prober", "--no-password")
    scopes = [word for scope in ("upload", "read", "delete") for word in ("--scope", scope)]
    words = ("token", "add", "prober", "--name", "prober", *scopes)
    return embedded_system.manage(*words).split()[-1]


def test_schemathesis_finds_nothing(embedded_system, token, tmp_path):
    document = embedded_system.environment["SHOEBOX_WRITE_URL"] + "/api/v1/openapi.json"
    program = Path(sys.executable).with_name("schemathesis")
    limits = (f"--max-examples={EXAMPLES}", f"--max-time={SECONDS}", "--seed=1", "--no-shrink")
    done = subprocess.run(
        (program, f"--config-file={CONFIGURATION}", "run", document, *limits),
        env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_TOKEN": token},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_calls_beside_django_are_documented_where_they_are_answered(client):
    paths = json.loads(client.get("/api/v1/openapi.json").content)["paths"]
    assert EVENTS in paths
    assert {path for path in paths if is_tus(path)} == {TUS, f"{TUS}{{upload_id}}"}
