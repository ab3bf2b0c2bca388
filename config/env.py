"""The only reader of the environment.

A profile is a set of environment variables, all starting with ``SHOEBOX_``. An unknown
one, a malformed one, or a missing secret stops the start with one message naming them all.
Only the embedded profile fills gaps by itself, below its data folder.
"""

import os
import re
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import whitespace
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from config.variables import Settings
from webapp.core.errors import ConfigurationError

PREFIX = "SHOEBOX_"
ENV_FILE = "env"
_CREDENTIAL = re.compile(r"SHOEBOX_SHARD_([A-Z0-9_]+)_(ACCESS|SECRET)_KEY")


@cache
def settings() -> Settings:
    """Return the settings of this process, read once.

    Raises:
        ConfigurationError: Names every variable that is unknown, missing or malformed.
    """
    return load(os.environ)


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings written in ``environ``.

    Without a profile there, the file ``env`` in the data folder is read, so that
    ``manage.py`` can be used by hand beside a running ``make run``.

    Raises:
        ConfigurationError: Names every variable that is unknown, missing or malformed.
    """
    variables = {k: v for k, v in environ.items() if k.startswith(PREFIX)}
    if f"{PREFIX}PROFILE" not in variables:
        variables = _from_file(variables) | variables
    values = _given(_values(variables))
    if values.get("profile") == "embedded":
        values = embedded_defaults(Path(values.get("data", "data")).absolute()) | values
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(_explain(error)) from None


def _from_file(variables: Mapping[str, str]) -> dict[str, str]:
    path = Path(variables.get(f"{PREFIX}DATA") or "data") / ENV_FILE
    if not path.is_file():
        return {}
    lines = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {name: value for name, _, value in lines if name.startswith(PREFIX)}


def _values(variables: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    credentials: dict[str, dict[str, str]] = {}
    for name, value in variables.items():
        match = _CREDENTIAL.fullmatch(name)
        if match:
            shard = match[1].lower().replace("_", "-")
            credentials.setdefault(shard, {})[match[2]] = value
        else:
            values[name.removeprefix(PREFIX).lower()] = value
    pairs = {n: (c.get("ACCESS", ""), c.get("SECRET", "")) for n, c in credentials.items()}
    return values | {"shard_credentials": pairs}


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is empty and may not be: it was not given, and an empty path is a folder."""
    fields = Settings.model_fields.items()
    needed = {name for name, field in fields if field.is_required() or field.annotation is Path}
    return {
        name: value
        for name, value in values.items()
        if name not in needed or value.strip(f",{whitespace}")
    }


def embedded_defaults(data: Path) -> dict[str, Any]:
    """Return what the embedded profile fills in. Secrets end with the process unless given."""
    return {
        "secret_key": secrets.token_urlsafe(48),
        "signing_keys": f"k1:{secrets.token_hex(32)}",
        "database_url": f"sqlite:///{quote(str(data))}/index.sqlite3",
        "broker_url": "redis://127.0.0.1:6379/0",
        "topology_file": f"{data}/topology.json",
        "journal_file": f"{data}/deleted.json",
        "spool": f"{data}/spool",
        "write_url": "http://127.0.0.1:8000",
        "read_url": "http://127.0.0.1:8001",
        "allowed_hosts": "127.0.0.1,localhost",
    }


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        name = PREFIX + "_".join(str(part) for part in problem["loc"]).upper()
        kind = problem["type"]
        if kind == "extra_forbidden":
            lines.append(f"{name}: unknown setting")
        elif kind == "missing":
            lines.append(f"{name}: missing. {Settings.model_fields[_field(problem)].description}")
        else:
            lines.append(f"{name}: {problem['msg']}")
    return "Wrong settings, nothing was started:\n  " + "\n  ".join(sorted(lines))


def _field(problem: Mapping[str, Any]) -> str:
    return str(problem["loc"][0])
