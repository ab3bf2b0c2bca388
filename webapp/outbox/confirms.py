"""What the broker answers to messages that were sent without waiting for each."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from amqp.exceptions import MessageNacked


class Confirms:
    """Knows which messages the broker has, of those published on one channel.

    A broker numbers what comes on a channel and confirms numbers, many at once and in any
    order. A message that finds no queue it sends back, and then confirms it nevertheless.
    Where brokers confirm nothing, they have what ``basic_publish`` returned from.

    Args:
        channel: Nothing was published on it yet; of a connection that does not wait for
            confirms by itself.

    Source:
        RabbitMQ, "Consumer Acknowledgements and Publisher Confirms".
    """

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._published: list[int] = []
        self._unanswered: dict[int, int] = {}
        self._refused: dict[int, Exception] = {}
        self._keys: dict[str, int] = {}
        self._key = self._number = 0
        if hasattr(channel, "confirm_select"):
            self._select()

    def _select(self) -> None:
        channel = self._channel
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)
        self._send = channel.basic_publish
        channel.basic_publish = self._send_numbered

    @contextmanager
    def following(self, key: int) -> Iterator[None]:
        """Take all that is published inside, and succeeds, for the message ``key``."""
        self._key = key
        yield
        self._published.append(key)

    def wait(self, seconds: float) -> None:
        """Return once the broker has all that was published.

        Raises:
            TimeoutError: It did not answer in time.
            Exception: Why it refused the first of those it refused, once all are answered;
                or what the channel raises when the broker closes it.
        """
        end = time.monotonic() + seconds
        while self._unanswered:
            self._channel.connection.drain_events(timeout=max(end - time.monotonic(), 0.001))
        for error in self._refused.values():
            raise error

    def taken(self) -> list[int]:
        """Return the messages the broker has so far, in the order they were published."""
        open_keys = {*self._unanswered.values(), *self._refused}
        return [key for key in self._published if key not in open_keys]

    def forget(self) -> None:
        """Begin anew, with nothing published."""
        self._published.clear()
        self._unanswered.clear()
        self._refused.clear()
        self._keys.clear()

    def _send_numbered(self, message: Any, **options: Any) -> None:
        self._number += 1
        self._unanswered[self._number] = self._key
        if name := message.properties.get("correlation_id"):
            self._keys[name] = self._key
        self._send(message, **options)

    def _on_ack(self, number: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp's
        self._answered(number, multiple=multiple)

    def _on_nack(self, number: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp's
        for key in self._answered(number, multiple=multiple):
            self._refused.setdefault(key, MessageNacked())

    def _answered(self, number: int, *, multiple: bool) -> list[int]:
        numbers = [n for n in self._unanswered if n <= number] if multiple else [number]
        return [self._unanswered.pop(n) for n in numbers if n in self._unanswered]

    def _on_return(self, error: Exception, _exchange: str, _key: str, message: Any) -> None:
        self._refused.setdefault(self._keys[message.properties["correlation_id"]], error)
