"""Secrets made on the first start and kept: never in the tree, never a default."""

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

SHARD_NAMES = ("s1", "s2", "s3", "s4")


def _short() -> str:
    return secrets.token_urlsafe(18)


def _long() -> str:
    return secrets.token_urlsafe(48)


def _signing_keys() -> str:
    return f"k1:{secrets.token_hex(32)}"


EMBEDDED: Mapping[str, Callable[[], str]] = {
    "SHOEBOX_SECRET_KEY": _long,
    "SHOEBOX_SIGNING_KEYS": _signing_keys,
    "SHOEBOX_ADMIN_PASSWORD": _short,
    "SHOEBOX_ADMIN_TOKEN": _long,
    "FLOWER_PASSWORD": _short,
    "VALKEY_PASSWORD": lambda: secrets.token_hex(16),
}
CLUSTER: Mapping[str, Callable[[], str]] = {
    **EMBEDDED,
    "RABBITMQ_PASSWORD": lambda: secrets.token_hex(16),
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(16),
    **{
        f"SHOEBOX_SHARD_{name.upper()}_{part}_KEY": lambda: secrets.token_hex(20)
        for name in SHARD_NAMES
        for part in ("ACCESS", "SECRET")
    },
}


def secrets_load(path: Path, *, wanted: Mapping[str, Callable[[], str]]) -> dict[str, str]:
    """Return the secrets in ``path``, making and storing those that are not there yet.

    Args:
        path: File of lines ``NAME=value``, made with mode 600.
        wanted: Name of each secret and what makes it.
    """
    stored = _read(path)
    missing = {name: make() for name, make in wanted.items() if name not in stored}
    if missing:
        write_private(path, stored | missing)
    return stored | missing


def write_private(path: Path, values: Mapping[str, str]) -> None:
    """Write lines ``name=value`` that only this user can read, whole or not at all."""
    made = path.with_name(path.name + ".new")
    made.unlink(missing_ok=True)
    made.touch(mode=0o600)
    made.write_text("".join(f"{k}={v}\n" for k, v in values.items()), encoding="utf-8")
    os.replace(made, path)  # noqa: PTH105  # keeps the name of what it promises: one step


def index_private(path: Path) -> None:
    """Have an index of SQLite readable by this user alone, also in a folder open to others.

    It is made where it is new: what SQLite keeps beside it gets the mode it has by then.
    """
    path.touch(mode=0o600)
    for suffix in ("", "-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.chmod(0o600)


def _read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: value for name, _, value in pairs}
