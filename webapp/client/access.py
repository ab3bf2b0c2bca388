"""Where to upload to and as whom: from options, a local start, the environment or a file."""

import json
import os
import tomllib
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from webapp.client.errors import UsageError

SERVER_VARIABLE = "SBX_SERVER"
"""Not ``SHOEBOX_``: a server refuses to start on names of that kind that it does not know."""
TOKEN_VARIABLE = "SBX_TOKEN"  # noqa: S105 - the name of a variable
_OTHERS = 0o077
_WAYS = f"Run `shoebox login`, set {SERVER_VARIABLE} and {TOKEN_VARIABLE}, or use --data."


@dataclass(frozen=True, slots=True)
class Access:
    """A server and what it knows us by; empty where nobody said."""

    server: str = ""
    token: str = ""


def access_find(options: Namespace, environ: Mapping[str, str]) -> Access:
    """Return where to upload to and as whom.

    Options win over the environment, and that over the file. The file's token is sent to the
    file's server only.

    Raises:
        UsageError: Incomplete; says how to complete it.
    """
    local = _local(options.data) if options.data else Access()
    server = options.server or local.server or environ.get(SERVER_VARIABLE, "")
    token = options.token or local.token or environ.get(TOKEN_VARIABLE, "")
    if not (server and token):
        kept = access_load(config_file(environ))
        server = server or kept.server
        token = token or (kept.token if kept.server == _base(server) else "")
    missing = " and ".join(
        what for what, value in (("server", server), ("token", token)) if not value
    )
    if missing:
        raise UsageError(f"No {missing} to upload with. {_WAYS}")
    return access_check(server=server, token=token)


def access_check(*, server: str, token: str) -> Access:
    """Return both as they are used.

    Raises:
        UsageError: Not the address of a server, or nothing that can be sent as a token.
    """
    if not _is_address(server):
        raise UsageError(f"Server {server!r} is no address like https://pictures.example.")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UsageError("The token has characters that no token has.")
    return Access(_base(server), token)


def _is_address(server: str) -> bool:
    try:
        parts, _ = urlsplit(server), httpx.URL(server)
        is_whole = bool(parts.hostname) and parts.port != 0
    except (ValueError, httpx.InvalidURL):
        return False
    return is_whole and parts.scheme in {"http", "https"} and not parts.query


def _base(server: str) -> str:
    return server.rstrip("/")


def _local(folder: Path) -> Access:
    """Return what a start on this machine wrote into its data folder."""
    environment, credentials = (_pairs(folder / name) for name in ("env", "credentials"))
    return Access(environment.get("SHOEBOX_WRITE_URL", ""), credentials.get("token", ""))


def _pairs(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"--data: {path} cannot be read ({error.strerror}).") from None
    split = (line.partition("=") for line in lines)
    return {name: value.strip("'\"") for name, separator, value in split if separator}


def config_file(environ: Mapping[str, str]) -> Path:
    """Return where ``shoebox login`` keeps what it was told.

    Raises:
        UsageError: The user has no home folder.
    """
    try:
        base = environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    except RuntimeError:
        raise UsageError(
            f"There is no home folder to keep anything in; set {SERVER_VARIABLE} and"
            f" {TOKEN_VARIABLE}, or XDG_CONFIG_HOME."
        ) from None
    return Path(base) / "shoebox" / "client.toml"


def access_load(path: Path) -> Access:
    """Return what was kept; empty when there is nothing.

    Raises:
        UsageError: Others may read the file, or it cannot be understood.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise UsageError(f"{path} holds a token others can read; chmod 600 it.")
            values = tomllib.load(file)
    except FileNotFoundError:
        return Access()
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None
    return Access(_base(str(values.get("server", ""))), str(values.get("token", "")))


def access_save(path: Path, access: Access) -> None:
    """Keep server and token in a file that nobody else can read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    # Strings of JSON are strings of TOML.
    lines = (f"server = {json.dumps(access.server)}\n", f"token = {json.dumps(access.token)}\n")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor has no path
        file.writelines(lines)
    fresh.rename(path)
