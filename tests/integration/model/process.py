"""A process that can be killed before any of its steps; everything it does is in order."""

import random
from concurrent.futures import Future
from contextlib import contextmanager, suppress

from django.db import connection

WRITES = ("INSERT", "UPDATE", "DELETE")


class KilledError(BaseException):
    """What a process that is killed never gets to handle."""


class Fuse:
    """Counts steps (calls of shards, statements that write, commits) and kills at one of them."""

    def __init__(self):
        self._left = None
        self._burnt = False
        self.steps = 0

    def step(self):
        self.steps += 1
        if self._left is not None:
            self._left -= 1
            self._burnt |= self._left < 0
        self.check()

    def check(self):
        """Let nothing happen any more in a process that was killed."""
        if self._burnt:
            raise KilledError

    @contextmanager
    def process(self, steps):
        """Run a process that is killed after so many steps; None: it comes to its end."""
        self._left, self._burnt = steps, False
        try:
            with suppress(KilledError), connection.execute_wrapper(self._statement):
                yield
        finally:
            self._left, self._burnt = None, False

    def commit(self, real):
        """Kill before a commit; what was not committed is undone, as a database does."""
        try:
            self.step()
        except KilledError:
            connection._rollback()
            raise
        real()

    def _statement(self, execute, sql, params, many, context):
        word = sql.split(None, 1)[0].upper()
        if word in WRITES:
            self.step()
        elif word == "SELECT":
            self.check()
        return execute(sql, params, many, context)


class InOrder:
    """An executor that does everything at once and in order, so that a failure can be shown again.

    A process that is killed ends there, whatever it waited for.
    """

    def __init__(self, *_args, **_options):
        """Take what thread pools take."""

    def submit(self, call, *args):
        future = Future()
        try:
            future.set_result(call(*args))
        except Exception as error:  # noqa: BLE001 - kept in the future, as pools do
            future.set_exception(error)
        return future

    def map(self, call, *items):
        return [call(*item) for item in zip(*items, strict=False)]

    def shutdown(self, **_options):
        """Nothing runs."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


class Chance:
    """Stands in for ``secrets``: the same names again when a failure is shown again."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def randbits(self, count):
        return self._random.getrandbits(count)
