"""What a local process is: how it starts, when it is ready, how it stops."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


def _nothing() -> None:
    """Do nothing: the default of the steps that a service may not need."""


def _silent() -> str:
    """Say nothing: the default of services that are ready or not, and have no words for it."""
    return ""


@dataclass(frozen=True, kw_only=True)
class Service:
    """One process of a profile, described and not yet started.

    The same description is used by the supervisor of ``make run`` and by tests, so both start
    exactly the same thing.

    Args:
        name: Unique in its profile; also the name of its log file.
        command: Program and arguments; no shell reads them.
        directory: Working directory, existing once ``prepare`` ran.
        log: File that collects standard output and standard error.
        ready: True once it does its job; raises nothing while it does not.
        said: What it says keeps it from its job while it runs and is not ready; empty when it
            says nothing.
        env: Added to the environment of whoever starts it.
        ports: What it listens on: port to the variable that moves it.
        prepare: Writes what it needs on disk; may run before every start.
        configure: Runs after every start, once it is ready; leaves what is already so.
        clean: Runs once nothing of it runs any more; removes what it left outside its folder.
        stop_signal: Ends it without losing what it acknowledged.
        stop_group: Send the stop signal to its whole process group, not to the leader alone.
        stop_seconds: After this long it is killed.
        stop_early: It goes on serving for seconds after the stop signal, so it gets it together
            with its clients.
        ready_seconds: After this long a start has failed.
    """

    name: str
    command: tuple[str, ...]
    directory: Path
    log: Path
    ready: Callable[[], bool]
    said: Callable[[], str] = _silent
    env: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[int, str] = field(default_factory=dict)
    prepare: Callable[[], None] = _nothing
    configure: Callable[[], None] = _nothing
    clean: Callable[[], None] = _nothing
    stop_signal: signal.Signals = signal.SIGTERM
    stop_group: bool = False
    stop_seconds: float = 4.0
    stop_early: bool = False
    ready_seconds: float = 60.0


class LocalError(Exception):
    """Something on this machine keeps a process from starting; the message is for its user."""


class MissingServerError(LocalError):
    """A server program is not installed; the message names the command that installs it."""


class StartError(LocalError):
    """A process ended or stayed silent while it was being started; quotes its log."""
