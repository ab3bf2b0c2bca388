"""The write service killed between PUT and commit: nothing is half visible."""

import sqlite3
import threading

import httpx
import pytest

from tests import samples
from tests.processes import wait_until

pytestmark = [pytest.mark.real, pytest.mark.drill, pytest.mark.timeout(400)]


def originals(system):
    return {path for folder in system.profile.shard_folders for path in folder.rglob("original")}


def test_an_upload_whose_commit_was_cut_off_never_happened(embedded):
    body = samples.jpeg()
    before, listed = originals(embedded), embedded.client.listed()  # also notes the token's use
    index = sqlite3.connect(embedded.environment["SHOEBOX_DATABASE_URL"].removeprefix("sqlite:///"))
    index.isolation_level = None
    outcome = []

    def upload():
        try:
            outcome.append(embedded.client.upload(body).status_code)
        except httpx.HTTPError as error:
            outcome.append(error)

    thread = threading.Thread(target=upload)
    index.execute("BEGIN IMMEDIATE")  # from now on no commit of others goes through
    try:
        thread.start()
        wait_until(lambda: len(originals(embedded) - before) >= 2, seconds=15, what="a quorum")
        embedded.kill("write")
    finally:
        index.execute("ROLLBACK")
        index.close()
        thread.join()
    assert isinstance(outcome[0], httpx.HTTPError)

    embedded.start("write")
    assert embedded.client.listed() == listed
    again = embedded.client.upload(body)
    assert again.status_code == 201
    assert not again.json()["duplicate"]
    embedded.client.read_everything(embedded.client.wait_ready(again.json()["id"]))
