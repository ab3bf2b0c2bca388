"""One store of every kind; the S3 ones are a real SeaweedFS process."""

import secrets

import pytest

from config.local.ports import free_port_block
from config.local.runner import start
from config.local.servers.seaweedfs import PORTS, SeaweedFS
from config.local.service import MissingServerError
from webapp.storage.address import S3Address
from webapp.storage.directory import DirectoryStore
from webapp.storage.memory import MemoryStore
from webapp.storage.per_process import PerProcess
from webapp.storage.s3 import S3Store

CREDENTIALS = ("contract", "contract-secret-key")
LOCAL_KINDS = ("memory", "directory", "sidecar")
S3_KINDS = ("s3", "s3-md5", "s3-read-back")


def kinds(*names: str) -> list:
    return [
        pytest.param(name, marks=pytest.mark.real) if name in S3_KINDS else name for name in names
    ]


def seaweed_start(directory):
    server = SeaweedFS(
        name="seaweedfs",
        directory=directory,
        port=free_port_block(PORTS),
        access_key=CREDENTIALS[0],
        secret_key=CREDENTIALS[1],
    )
    try:
        return server, start(server.service())
    except MissingServerError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory):
    """Run one SeaweedFS for all tests."""
    server, running = seaweed_start(tmp_path_factory.mktemp("seaweedfs"))
    yield server
    running.kill()


@pytest.fixture
def doomed_seaweed(tmp_path):
    """Run a SeaweedFS that its test may stop or kill."""
    server, running = seaweed_start(tmp_path / "seaweedfs")
    yield server, running
    running.kill()


def s3_store(server: SeaweedFS, *, credentials=CREDENTIALS, bucket=None, checksum=None, **options):
    address = S3Address(
        server.endpoint, bucket or server.bucket, checksum=checksum or "when_supported"
    )
    return S3Store("s3", address, credentials, **options)


def make_store(kind: str, request):
    if kind == "memory":
        return MemoryStore(kind)
    if kind in LOCAL_KINDS:
        return DirectoryStore(
            kind, request.getfixturevalue("tmp_path"), attributes=kind == "directory"
        )
    server = request.getfixturevalue("seaweed")
    store = s3_store(server, checksum="when_required" if kind == "s3-md5" else "when_supported")
    if kind == "s3-read-back":
        # What a store that takes any checksum for good would lead to.
        store._compares = PerProcess(lambda: False)
    return store


@pytest.fixture(params=kinds(*LOCAL_KINDS, *S3_KINDS))
def store(request):
    """Give a store of every kind and every way of being sure."""
    return make_store(request.param, request)


@pytest.fixture(params=kinds(*LOCAL_KINDS, "s3"))
def one_of_each(request):
    """Give a store of every kind once, for what takes long."""
    return make_store(request.param, request)


@pytest.fixture
def folder():
    """Name a folder that no other test uses."""
    return f"0{secrets.token_hex(1)}/p000{secrets.token_hex(10)}/"
