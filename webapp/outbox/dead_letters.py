"""Messages RabbitMQ put aside: looking at them, and taking away those that are done with.

A message that was delivered too often, because it killed every worker that took it, lies in a
queue of its own. Nothing depends on it: the index knows what should be true. It tells an
operator what keeps killing workers.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker
from pika.spec import BasicProperties

from webapp.core.errors import BrokerUnavailableError, ConfigurationError
from webapp.outbox.broker import broker_open

QUEUE = "dead"
LIMIT = 100
NO_RABBITMQ = (
    "There are no dead letters here: they are RabbitMQ's, and this installation's queue is Valkey. "
    "What stands instead is the index: attempts are counted before each decode, and at the limit "
    "an image is `failed` or `rejected` with a reason (/admin/images/image/?state__exact=failed), "
    "an import `failed`. Nothing is lost with a message."
)
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One message that was put aside.

    Args:
        id: Of the message.
        task: What it asked for, or the event it told; empty when it does not say.
        subject: The id it is about; empty when there is none.
        queue: Where it died first.
        reason: Why: ``delivery_limit``, ``rejected``, ``expired``, ``maxlen``.
        deaths: How often it was put aside.
        first_at: When that was first; None when the broker does not say.
        last_at: When that was last.
        body: As it was published.
    """

    id: str
    task: str = ""
    subject: str = ""
    queue: str = ""
    reason: str = ""
    deaths: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which dead letters are meant.

    Args:
        ids: Of messages, or of what they are about; empty for all.
        queue: Where they died; empty for all.
        limit: Most of them.
        looks: Most that are looked at for them, oldest first, and kept from everybody else
            meanwhile; None for all.
    """

    ids: frozenset[str] = frozenset()
    queue: str = ""
    limit: int = LIMIT
    looks: int | None = None

    def has(self, letter: DeadLetter) -> bool:
        """Return whether a letter is meant, the limit apart."""
        named = not self.ids or letter.id in self.ids or letter.subject in self.ids
        return named and self.queue in {"", letter.queue}


@dataclass(slots=True)
class Walk:
    """What a walk over dead letters met.

    Args:
        total: How many there were at its beginning.
        seen: How many it looked at.
        met: How many were meant, by the queue they died on.
        removed: How many it took away.
    """

    total: int = 0
    seen: int = 0
    met: Counter[str] = field(default_factory=Counter)
    removed: int = 0


def has_dead_letters(broker_url: str) -> bool:
    """Return whether this broker puts messages aside; RabbitMQ does."""
    return broker_url.startswith("amqp")


def letters_walk(
    *, broker_url: str, selection: Selection, done: Callable[[DeadLetter], bool]
) -> Walk:
    """Look at dead letters, oldest first, and remove those that are done with.

    A letter leaves the broker after ``done`` said yes, so one whose walk is killed is met
    again. The others are back in their order when this returns; while it runs nobody else
    meets them.

    Args:
        broker_url: ``amqp://…``.
        selection: Which letters are meant.
        done: Called with each of them; whether it may go.

    Raises:
        ConfigurationError: This broker has no dead letters, or the queue is not declared.
        BrokerUnavailableError: Trying again helps.
    """
    if not has_dead_letters(broker_url):
        raise ConfigurationError(NO_RABBITMQ)
    try:
        with broker_open(broker_url) as broker:
            channel = broker.channel()
            walk = _walk(channel, selection, done)
            channel.close()  # gives back what was only looked at, before anybody looks again
            return walk
    except ChannelClosedByBroker as error:
        if error.reply_code != _NOT_FOUND:
            raise BrokerUnavailableError(error.reply_text) from error
        raise ConfigurationError(
            f"There is no queue {QUEUE!r}; `manage.py queues declare` makes it."
        ) from error
    except (AMQPError, OSError) as error:
        raise BrokerUnavailableError(
            f"The broker does not answer ({error or type(error).__name__})."
        ) from error


def _walk(
    channel: BlockingChannel, selection: Selection, done: Callable[[DeadLetter], bool]
) -> Walk:
    walk = Walk(total=channel.queue_declare(QUEUE, passive=True).method.message_count)
    # No further than there were at the beginning: new ones may come for ever.
    most = walk.total if selection.looks is None else min(walk.total, selection.looks)
    while walk.seen < most and walk.met.total() < selection.limit:
        method, properties, body = channel.basic_get(QUEUE)
        if method is None:
            break
        walk.seen += 1
        letter = letter_read(properties, body)
        if not selection.has(letter):
            continue
        walk.met[letter.queue] += 1
        if done(letter):
            channel.basic_ack(method.delivery_tag)
            walk.removed += 1
    return walk


def letter_read(properties: BasicProperties, body: bytes) -> DeadLetter:
    """Return what a message says of itself, however little that is."""
    headers: Mapping[str, Any] = properties.headers or {}
    deaths = [death for death in headers.get("x-death") or [] if isinstance(death, dict)]
    times = sorted(_utc(death["time"]) for death in deaths if "time" in death)
    content = _content(body)
    return DeadLetter(
        id=str(headers.get("id") or properties.message_id or ""),
        task=str(headers.get("task") or _event(content, "event")),
        subject=_first_argument(content) or _event(content, "id"),
        queue=str(headers.get("x-first-death-queue", "")),
        reason=str(headers.get("x-first-death-reason", "")),
        deaths=sum(int(death.get("count", 1)) for death in deaths),
        first_at=times[0] if times else None,
        last_at=times[-1] if times else None,
        body=body,
    )


def _content(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _first_argument(content: Any) -> str:
    """Return what a task is about: Celery's messages are ``[arguments, …]``."""
    arguments = content[0] if isinstance(content, list) and content else None
    return str(arguments[0]) if isinstance(arguments, list) and arguments else ""


def _event(content: Any, name: str) -> str:
    return str(content.get(name, "")) if isinstance(content, dict) else ""


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
