"""The page of settings, from ``config.variables.Settings``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from config.env import ENV_FILE, PREFIX, embedded_defaults
from config.local.profile import DEFAULT_DATA, DEFAULT_PORTS, RENDER_PORT
from config.reference.values import Page, code, page_text, table
from config.variables import Settings

_DATA = Path("DATA")
_SECRET = frozenset({"secret_key", "signing_keys"})
_TYPES: dict[Any, str] = {
    bool: "`true` or `false`",
    str: "text",
    int: "integer",
    float: "number",
    Path: "path",
}
_INTRODUCTION = f"""
Every setting is an environment variable that starts with `{PREFIX}`. An unknown name, a
malformed value or a missing secret stops the start with one message that names them all.
Without `{PREFIX}PROFILE` in the environment, they are read from the file `{ENV_FILE}` in
the data folder, which `make run` and `make cluster` write; so `manage.py` works by hand
beside them when `{PREFIX}DATA` names that folder, or it is `data`.

A setting without a default must be given. The embedded profile fills these gaps by itself;
`DATA` stands for its data folder.
"""
_LOCAL = """
`make run` and `make cluster` also read these; the settings above follow from them.
With `RENDER_PORT` they also start what makes sizes on demand.
"""


def settings_page() -> Page:
    """Return the page of settings."""
    gaps = embedded_defaults(_DATA)
    rows, sentences = [], {}
    for name, info in Settings.model_fields.items():
        sentences[variable(name)] = info.description or ""
        rows.append(
            (
                code(variable(name)),
                _kind(info),
                _default(info),
                _gap(name, gaps),
                info.description or "",
            )
        )
    text = page_text(
        "Settings",
        _INTRODUCTION,
        table(("Variable", "Type", "Default", "Embedded", "Meaning"), rows),
        "## Of a start on one machine",
        _LOCAL,
        table(("Variable", "`make run`", "`make cluster`"), _local_rows()),
    )
    return Page(text, sentences)


def variable(name: str) -> str:
    """Return the environment variable of a field; of credentials its form."""
    if name == "shard_credentials":
        return f"{PREFIX}SHARD_<NAME>_ACCESS_KEY"
    return PREFIX + name.upper()


def _kind(info: FieldInfo) -> str:
    annotation = info.annotation
    if get_origin(annotation) is Literal:
        return " or ".join(code(str(choice)) for choice in get_args(annotation))
    if get_origin(annotation) is tuple:
        return "list, by commas"
    bounds = ", ".join(_bounds(info))
    kind = _TYPES.get(annotation, "text")
    return f"{kind}, {bounds}" if bounds else kind


def _bounds(info: FieldInfo) -> Iterator[str]:
    for bound in info.metadata:
        for attribute, words in (
            ("gt", "over {}"),
            ("ge", "at least {}"),
            ("le", "at most {}"),
            ("min_length", "{} characters or more"),
        ):
            if (value := getattr(bound, attribute, None)) is not None:
                yield words.format(value)


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "none"
    return _value(info.get_default(call_default_factory=True))


def _gap(name: str, gaps: dict[str, Any]) -> str:
    if name in _SECRET:
        return "`make run` makes one"
    return _value(gaps[name]) if name in gaps else ""


def _value(value: Any) -> str:
    if value in ("", (), {}):
        return "empty"
    if isinstance(value, bool):
        return code(str(value).lower())
    return code(f"{value:g}" if isinstance(value, float) else str(value))


def _local_rows() -> Iterator[tuple[str, str, str]]:
    embedded, cluster = DEFAULT_PORTS["embedded"], DEFAULT_PORTS["cluster"]
    yield code(f"{PREFIX}DATA"), code(DEFAULT_DATA["embedded"]), code(DEFAULT_DATA["cluster"])
    yield code(RENDER_PORT), "none", "none"
    for name in cluster:
        yield code(name), code(str(embedded.get(name, ""))), code(str(cluster[name]))
