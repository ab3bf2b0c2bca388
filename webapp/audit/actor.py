"""Who acts. Doors say it once; services, far below, write it down without being told.

A context variable and not an argument: every service would pass it on, most of them only
because something they call may change something.
"""

import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID


class ActorKind(StrEnum):
    """What kind of somebody acts."""

    USER = "user"
    TOKEN = "token"  # noqa: S105 - a name
    LINK = "link"
    VISITOR = "visitor"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who changes something.

    Args:
        kind: A user who signed in, a token, whoever has a link, a visitor, a command.
        name: Of the user; for a command, of the account it runs under.
        user_id: Of the user; None for links, visitors and commands.
        via: Which token, which command; may be empty.
        address: Where the request came from; None for commands.
    """

    kind: ActorKind
    name: str
    user_id: UUID | None = None
    via: str = ""
    address: str | None = None


Source = Callable[[], Actor]
_source: ContextVar[Source | None] = ContextVar("audit_source", default=None)


@contextmanager
def acting(source: Source) -> Iterator[None]:
    """Let what is written down meanwhile be done by ``source()``.

    Args:
        source: Asked only when something is written down: who sent a request is known later
            than that there is one.
    """
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)


def actor_now() -> Actor:
    """Return who acts: as the door said, else the program this process is."""
    source = _source.get()
    return process_actor() if source is None else source()


def process_actor() -> Actor:
    """Return this program and the account it runs under.

    Of its arguments only the first is told, the name of a command: others may be secrets.
    """
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
    return Actor(ActorKind.COMMAND, _account(), via=command)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, a number without a name
        return "unknown"
