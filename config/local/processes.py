"""Sessions of processes: who is still in one, and how to end them all."""

import os
import signal
import time
from pathlib import Path

POLL_SECONDS = 0.02
_DEAD = "X"
_GONE = {"Z", _DEAD}


def session_members(session: int) -> list[int]:
    """Return the process ids in ``session`` that still run, zombies left out.

    A zombie holds no port, file or memory, and on a machine whose first process does not
    reap it would be counted for ever.
    """
    return [pid for pid in _process_ids() if _session_of_live(pid) == session]


def session_kill(session: int, *, wait_seconds: float = 5.0) -> bool:
    """Kill every process of ``session`` with SIGKILL; return whether all of them are gone."""
    deadline = time.monotonic() + wait_seconds
    while members := session_members(session):
        if time.monotonic() > deadline:
            return False
        for pid in members:
            send_signal(pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
    return True


def session_wait(session: int, *, wait_seconds: float) -> bool:
    """Wait until nothing of ``session`` runs; return False when ``wait_seconds`` passed first."""
    deadline = time.monotonic() + wait_seconds
    while session_members(session):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _process_ids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _session_of_live(pid: int) -> int | None:
    """Return the session of a process of which some thread still runs.

    The first thread of a killed process may be gone while others still hold its ports.
    """
    state, session = _state_and_session(Path(f"/proc/{pid}/stat"))
    if state in _GONE and not any(_runs(thread) for thread in _threads(pid)):
        return None
    return session


def _threads(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def _runs(thread: Path) -> bool:
    return _state_and_session(thread / "stat")[0] not in _GONE


def _state_and_session(path: Path) -> tuple[str, int]:
    try:
        stat = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _DEAD, 0
    # "pid (name) state parent group session ...": the name may itself hold parentheses.
    state, _parent, _group, session = stat.rpartition(")")[2].split()[:4]
    return state, int(session)
