"""What a shard's URL and options mean."""

from pathlib import Path

import pytest

from webapp.core.errors import ConfigurationError
from webapp.core.shards import ShardEntry, ShardState
from webapp.storage.address import DirectoryAddress, MemoryAddress, S3Address, address_parse


def parse(url: str, **options: str):
    return address_parse(ShardEntry("a", url, ShardState.ACTIVE, "identity", options))


def test_a_file_url_is_a_directory():
    assert parse("file:///srv/shard%201") == DirectoryAddress(Path("/srv/shard 1"))


def test_a_memory_url_is_a_memory_store():
    assert parse("memory://one") == MemoryAddress("one")


def test_an_s3_url_is_an_endpoint_and_a_bucket():
    assert parse("s3+http://127.0.0.1:8333/bucket") == S3Address("http://127.0.0.1:8333", "bucket")


def test_an_s3_url_may_end_in_a_slash():
    assert parse("s3+https://s3.example.com/bucket/").bucket == "bucket"


def test_options_say_how_to_speak_to_a_store():
    address = parse(
        "s3+https://s3.example.com/b", region="eu-1", path_style="false", checksum="when_required"
    )
    assert address == S3Address("https://s3.example.com", "b", "eu-1", False, "when_required")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/shard",
        "file://host/srv/shard",
        "file:relative",
        "http://host/bucket",
        "ftp://host/bucket",
        "s3+http://host",
        "s3+http:///bucket",
        "s3+http://host/bucket/folder",
        "s3+http://key:secret@host/bucket",
        "s3+http://host/bucket?region=eu",
        "s3+http://[::1/bucket",
        "memory://",
    ],
)
def test_a_url_of_another_form_stops_with_the_forms_known(url):
    with pytest.raises(ConfigurationError, match=r"file:///path"):
        parse(url)


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("s3+http://host/bucket", {"colour": "red"}),
        ("s3+http://host/bucket", {"path_style": "yes"}),
        ("s3+http://host/bucket", {"checksum": "md5"}),
        ("file:///srv", {"region": "eu"}),
    ],
)
def test_an_option_nobody_knows_stops(url, options):
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        parse(url, **options)
