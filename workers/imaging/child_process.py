"""The parent's handle on one child: start it, ask it, tell how it died, leave no zombie."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from webapp.core.presets import Preset
from workers.imaging.channel import Channel
from workers.imaging.errors import ChildKilledError, ImagingError, LimitHitError
from workers.imaging.messages import Answer, pack_job, unpack_failure
from workers.imaging.model import Limits, Rendered, Rendition

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 30.0
"""A tenth of a second as a rule; a machine under load or a cold disk may take long."""

# One arena: threads would reserve one each. Nothing of our own environment: it has secrets.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}

_DYING_SECONDS = 5.0
"""The channel closes before the process is gone; a large one takes a moment."""


class ChildProcess:
    """A running child.

    It is in its own session, so that Ctrl-C in a terminal stops the worker and not, in the
    middle of a picture, its child.

    Args:
        limits: What one picture may cost.
        threads: Encoders at a time.

    Raises:
        ChildKilledError: The machine cannot start another process.
    """

    def __init__(self, *, limits: Limits, threads: int) -> None:
        self._limits = limits
        self._owner_pid = os.getpid()
        self._is_ready = False
        try:
            self._process, self._channel = _spawn(_command(limits=limits, threads=threads))
        except OSError as error:  # too many processes or files, no memory
            raise ChildKilledError(f"cannot start a child: {error}") from error
        self._finalizer = weakref.finalize(
            self, _end, self._process, self._channel, owner_pid=self._owner_pid
        )

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def is_ours_and_alive(self) -> bool:
        """Tell whether this process started the child and it can still be asked."""
        return self._owner_pid == os.getpid() and self._process.poll() is None

    def render(
        self,
        descriptor: int,
        *,
        presets: Sequence[Preset],
        made: Callable[[str, Rendition], None],
    ) -> tuple[Rendered, bool]:
        """Let the child make the renditions of ``presets``.

        After any exception the child must be ended: it may be in the middle of something.

        Args:
            descriptor: The original, open for reading.
            presets: At least one.
            made: Called with each rendition as soon as it is made; may not raise.

        Returns:
            What was made, and whether the child ends after this.

        Raises:
            ImagingError: See ``Renderer.render``.
        """
        try:
            self._become_ready()
            self._channel.expire_in(self._limits.wall_seconds)
            self._channel.send(pack_job(presets), descriptor=descriptor)
            answer = Answer(presets=presets, receive_bytes=self._channel.receive_bytes, made=made)
            return self._receive_rendered(answer)
        except TimeoutError:
            raise LimitHitError("wall", f"{self._limits.wall_seconds} s") from None
        except (EOFError, OSError) as error:
            raise self._death() from error
        except (ValueError, TypeError, KeyError) as error:
            raise ChildKilledError(f"the child answered nonsense: {error!r}") from error

    def end(self) -> None:
        """Kill the child and wait until it is gone. Twice is once."""
        self._finalizer()

    def _become_ready(self) -> None:
        if self._is_ready:
            return
        self._channel.expire_in(_START_SECONDS)
        try:
            self._channel.receive()
        except TimeoutError:
            raise ChildKilledError(f"did not start within {_START_SECONDS} s") from None
        self._is_ready = True

    def _receive_rendered(self, answer: Answer) -> tuple[Rendered, bool]:
        message, _ = self._channel.receive()
        while "rendition" in message:
            answer.add(message)
            message, _ = self._channel.receive()
        if "failure" in message:
            raise unpack_failure(message)
        return answer.finish(message), bool(message["last"])

    def _death(self) -> ImagingError:
        """Tell by what the child died; its end of the channel has just closed."""
        try:
            status = self._process.wait(_DYING_SECONDS)
        except subprocess.TimeoutExpired:
            return ChildKilledError("closed its channel and went on")
        if status >= 0:
            return ChildKilledError(f"exit status {status}")
        if -status == signal.SIGPROF:
            return LimitHitError("cpu", f"{self._limits.cpu_seconds} s")
        if -status == signal.SIGALRM:
            return LimitHitError("wall", f"{self._limits.wall_seconds} s")
        return ChildKilledError(f"signal {-status}")


def _command(*, limits: Limits, threads: int) -> list[str]:
    program = [sys.executable, "-E", "-s", "-W", "ignore", "-m", "workers.imaging.child"]
    return [*program, str(os.getpid()), json.dumps(asdict(limits)), str(threads)]


def _spawn(command: list[str]) -> tuple[subprocess.Popen[bytes], Channel]:
    ours, theirs = socket.socketpair()
    with theirs, contextlib.ExitStack() as on_error:
        on_error.enter_context(ours)
        process = subprocess.Popen(
            command,
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=_ENVIRONMENT,
            start_new_session=True,
        )
        on_error.pop_all()
    return process, Channel(ours)


def _end(process: subprocess.Popen[bytes], channel: Channel, *, owner_pid: int) -> None:
    channel.close()
    if os.getpid() != owner_pid:
        process.returncode = 0  # a copy made by fork: not ours to kill or to wait for
        return
    process.kill()
    process.wait()
