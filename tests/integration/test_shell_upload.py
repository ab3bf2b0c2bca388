"""The `shoebox` command against a whole Shoebox, as a process of its own."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests import samples
from tests.client import digest_of
from tests.integration.breaking_line import Line

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
TREE = Path(__file__).resolve().parents[2]
LARGE = (2100, 2000)
"""Of noise: more than the 8 MB that are sent in parts."""
SECONDS = 120


@pytest.fixture
def shell(embedded, tmp_path):
    return Shell(embedded, tmp_path)


@pytest.fixture
def line(embedded):
    line = Line(urlsplit(embedded.environment["SHOEBOX_WRITE_URL"]).port)
    yield line
    line.close()


class Shell:
    """Runs the command in a folder, as somebody with a home of their own would."""

    def __init__(self, system, folder):
        self.system = system
        self.folder = folder
        self.server = system.environment["SHOEBOX_WRITE_URL"]

    def begin(self, *words):
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(TREE),
            "HOME": str(self.folder / "home"),
            "SBX_SERVER": self.server,
            "SBX_TOKEN": self.system.profile.credentials()["token"],
        }
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "webapp.client", "upload", *words],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words):
        return ended(self.begin(*words))

    def write(self, name, body):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return body

    def write_large(self, name):
        width, height = LARGE
        noise = random.Random(name).randbytes(width * height * 3)
        path = self.folder / name
        Image.frombytes("RGB", LARGE, noise).save(path, compress_level=0)
        return path.read_bytes()


def ended(process):
    """Return exit status, lines of standard output and standard error."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.wait()
    return process.returncode, out.splitlines(), err


def test_every_link_leads_to_what_was_sent(shell):
    sent = [shell.write("one.jpg", samples.jpeg()), shell.write("two.png", samples.webp())]
    status, links, err = shell.run("one.jpg", "two.png")
    assert status == 0, err
    assert [shell.system.client.read(link).content for link in links] == sent


def test_the_same_picture_twice_is_one_image(shell):
    body = samples.jpeg(width=301)
    shell.write("one.jpg", body)
    shell.write("same.jpg", body)
    status, links, err = shell.run("one.jpg", "same.jpg")
    assert status == 0, err
    assert links[0] == links[1]
    assert "1 stored, 1 duplicate" in err


def test_what_is_no_picture_is_refused_and_the_rest_is_stored(shell):
    shell.write("notes.txt", b"no picture")
    shell.write("one.jpg", samples.jpeg(width=302))
    status, links, err = shell.run("notes.txt", "one.jpg")
    assert (status, len(links)) == (1, 1)
    assert "refused notes.txt: The file is" in err


def test_a_folder_goes_into_an_album(shell):
    shell.write("trip/one.jpg", samples.jpeg(width=303))
    shell.write("trip/day two/two.jpg", samples.jpeg(width=304))
    shell.write("trip/notes.txt", b"no picture")
    status, lines, err = shell.run("--recursive", "--album", "Trip", "--json", "trip")
    found = [json.loads(line) for line in lines]
    assert status == 0, err
    assert {entry["image"]["filename"] for entry in found} == {"one.jpg", "two.jpg"}
    assert {entry["image"]["album"] for entry in found} == {"Trip"}
    assert "skipped trip/notes.txt: no picture" in err


def test_a_signed_picture_has_a_signed_link(shell):
    body = shell.write("one.jpg", samples.jpeg(width=305))
    status, links, err = shell.run("--kind", "s", "one.jpg")
    assert status == 0, err
    assert "sig=" in links[0]
    assert shell.system.client.read(links[0]).content == body


def test_a_line_that_breaks_costs_only_what_had_not_arrived(shell, line):
    body = shell.write_large("large.png")
    shell.server = f"http://127.0.0.1:{line.port}"
    line.room = len(body) // 2
    status, links, err = shell.run("large.png")
    assert status == 0, err
    assert line.full.is_set()
    assert line.carried < 1.2 * len(body)
    assert digest_of(shell.system.client.read(links[0]).content) == digest_of(body)


def test_after_ctrl_c_the_same_command_goes_on(shell, line):
    body = shell.write_large("stopped.png")
    shell.server = f"http://127.0.0.1:{line.port}"
    line.room, line.holds = len(body) // 2, True
    process = shell.begin("stopped.png")
    assert line.full.wait(SECONDS)
    process.send_signal(signal.SIGINT)
    status, links, err = ended(process)
    assert (status, links) == (130, []), err

    line.holds = False
    status, links, err = shell.run("stopped.png")
    assert status == 0, err
    assert line.carried < 1.2 * len(body)
    assert digest_of(shell.system.client.read(links[0]).content) == digest_of(body)


def test_a_server_that_was_away_is_asked_again(shell):
    shell.write("one.jpg", samples.jpeg(width=306))
    shell.system.stop("write")
    process = shell.begin("one.jpg")
    # The first attempt has failed when this is said; only then is there somebody to answer.
    assert "does not answer" in process.stderr.readline()
    shell.system.start("write")
    status, links, err = ended(process)
    assert (status, len(links)) == (0, 1), err
