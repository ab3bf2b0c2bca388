"""Addresses: what a shard's URL and options say of where its bytes are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar, get_args
from urllib.parse import SplitResult, unquote, urlsplit

from webapp.core.errors import ConfigurationError
from webapp.core.shards import ShardEntry

DEFAULT_REGION: Final = "us-east-1"
ChecksumMode = Literal["when_supported", "when_required"]
CHECKSUM_MODES: Final[tuple[ChecksumMode, ...]] = get_args(ChecksumMode)
_S3_OPTIONS: Final = frozenset({"region", "path_style", "checksum"})
_MARKS: Final = frozenset({"high_water", "low_water"})
"""Of any shard: the part of its room at which it takes no new images, and takes them again."""
_FLAGS: Final = {"true": True, "false": False}
_T = TypeVar("_T")
FORMS: Final = "file:///path, s3+http://host:port/bucket, s3+https://host/bucket"


@dataclass(frozen=True, slots=True)
class DirectoryAddress:
    """A folder of this machine, or one mounted on it."""

    root: Path


@dataclass(frozen=True, slots=True)
class S3Address:
    """A bucket.

    Args:
        endpoint: URL of the store without the bucket.
        bucket: Its name.
        region: What requests are signed for; most stores other than AWS take any.
        path_style: True: the bucket is in the path. False: in the host name.
        checksum: ``when_supported``: send x-amz-checksum headers. ``when_required``: for
            stores that refuse them.
    """

    endpoint: str
    bucket: str
    region: str = DEFAULT_REGION
    path_style: bool = True
    checksum: ChecksumMode = "when_supported"


@dataclass(frozen=True, slots=True)
class MemoryAddress:
    """A store in the memory of this process, for tests."""

    name: str


Address = DirectoryAddress | S3Address | MemoryAddress


def address_parse(entry: ShardEntry) -> Address:
    """Return where the bytes of a shard are.

    Raises:
        ConfigurationError: An unknown scheme or option, or a malformed URL.
    """
    try:
        url = urlsplit(entry.url)
    except ValueError:
        raise _wrong(entry) from None
    if url.query or url.fragment or url.username:
        raise _wrong(entry)
    if url.scheme in {"s3+http", "s3+https"}:
        return _s3(entry, url)
    _marks_check(entry)
    others = [option for option in entry.options if option not in _MARKS]
    if others:
        raise _wrong_option(entry, others[0])
    if url.scheme == "file" and not url.netloc and url.path.startswith("/"):
        return DirectoryAddress(Path(unquote(url.path)))
    if url.scheme == "memory" and url.netloc:
        return MemoryAddress(url.netloc)
    raise _wrong(entry)


def _s3(entry: ShardEntry, url: SplitResult) -> S3Address:
    _marks_check(entry)
    for option in entry.options:
        if option not in _S3_OPTIONS | _MARKS:
            raise _wrong_option(entry, option)
    bucket = url.path.strip("/")
    if not url.hostname or not bucket or "/" in bucket:
        raise _wrong(entry)
    return S3Address(
        endpoint=f"{url.scheme.removeprefix('s3+')}://{url.netloc}",
        bucket=bucket,
        region=entry.options.get("region", DEFAULT_REGION),
        path_style=_choice(entry, "path_style", _FLAGS, default=True),
        checksum=_choice(
            entry, "checksum", {mode: mode for mode in CHECKSUM_MODES}, default="when_supported"
        ),
    )


def _marks_check(entry: ShardEntry) -> None:
    for option in _MARKS & entry.options.keys():
        try:
            part = float(entry.options[option])
        except ValueError:
            raise _wrong_option(entry, option) from None
        if not 0 < part <= 1:
            raise _wrong_option(entry, option)


def _choice(entry: ShardEntry, option: str, values: Mapping[str, _T], *, default: _T) -> _T:
    text = entry.options.get(option)
    if text is None:
        return default
    try:
        return values[text]
    except KeyError:
        raise _wrong_option(entry, option) from None


def _wrong(entry: ShardEntry) -> ConfigurationError:
    return ConfigurationError(
        f"Shard {entry.name!r} has the URL {entry.url!r}; known forms: {FORMS}.", shard=entry.name
    )


def _wrong_option(entry: ShardEntry, option: str) -> ConfigurationError:
    return ConfigurationError(
        f"Shard {entry.name!r} has the option {option!r} with {entry.options[option]!r}; "
        "S3 stores know region, path_style (true, false) and checksum "
        f"({', '.join(CHECKSUM_MODES)}); all know high_water and low_water (a part up to 1).",
        shard=entry.name,
    )
