"""How each kind of message is tried again: rooms above say it for the tasks that are theirs."""

from collections.abc import Callable, Iterable

from webapp.core.errors import ConflictError
from webapp.outbox.dead_letters import DeadLetter
from webapp.outbox.tasks import Event, Task

Retry = Callable[[DeadLetter], str]

NOTHING = "beat sends it again by itself"
_RETRIES: dict[str, Retry] = {}


def retries(names: Iterable[Task | Event]) -> Callable[[Retry], Retry]:
    """Let a function decide what becomes of the messages of these names.

    It changes the index so that the promise is kept without the message, which goes once it
    returns. It says in a few words what it found, and raises when the message has to stay.
    """

    def decorate(retry: Retry) -> Retry:
        _RETRIES.update(dict.fromkeys((name.value for name in names), retry))
        return retry

    return decorate


def letter_retry(letter: DeadLetter) -> str:
    """Have the index decide about a dead letter; return what it found.

    Raises:
        ConflictError: Nobody here knows what it asks for; it can only be dropped.
        ShoeboxError: What the room that knows it raises.
    """
    retry = _RETRIES.get(letter.task)
    if retry is not None:
        return retry(letter)
    if letter.task.startswith("maintenance.") and not letter.subject:
        return NOTHING
    raise ConflictError(f"Nothing here knows {letter.task or 'a message without a name'!r}.")
