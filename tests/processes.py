"""Looking at processes and waiting for what they do."""

import os
import signal
import time
from pathlib import Path

POLL_SECONDS = 0.02


def wait_until(condition, *, seconds, what):
    """Return what ``condition`` gives once it is true; fail after ``seconds``, saying ``what``.

    Where ``what`` is a function it is asked when that happens: it tells what there was instead.
    """
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        late = time.monotonic() >= deadline
        assert not late, f"not within {seconds} s: {what() if callable(what) else what}"
        time.sleep(POLL_SECONDS)
    return found


def family(pid):
    """Return a process and all that descend from it, whatever session they are in."""
    children = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if (parent := _stat(folder.name, 1)) is not None:
            children.setdefault(int(parent), []).append(int(folder.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def is_dead(pid):
    """True when it runs no more; whoever inherited it may not have collected it yet."""
    return _stat(pid, 0) in {None, "Z", "X"}


def is_gone(pid):
    """True when there is no such process any more, not even a zombie."""
    return _stat(pid, 0) is None


def is_paused(pid):
    return _stat(pid, 0) in {"T", None}


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def holds_in(pid, folder):
    """True when a process has a file open that lies, or lay, in ``folder``."""
    try:
        links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:  # it ended, or closed a descriptor while we looked
        return False
    return any(link.startswith(f"{folder}/") for link in links)


def waits_for(pid, port):
    """True when a process has asked a port of this machine and nobody has read what it asked."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    unread = {
        remote
        for _, local, remote, _, queues, *_ in rows
        if local.endswith(f":{port:04X}") and not queues.endswith(":00000000")
    }
    asked = {f"socket:[{row[9]}]" for row in rows if row[1] in unread}
    try:
        return any(str(f.readlink()) in asked for f in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it ended, or closed a descriptor while we looked
        return False


def pause(pids):
    """Stop processes where they stand; they stand when this returns."""
    for pid in pids:
        _send(pid, signal.SIGSTOP)
    wait_until(lambda: all(map(is_paused, pids)), seconds=10, what=f"{pids} to stand still")


def resume(pids):
    for pid in pids:
        _send(pid, signal.SIGCONT)


def kill(pid):
    _send(pid, signal.SIGKILL)


def _send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


USER_TIME = 11


def cpu_seconds(pid):
    """Return the processor time a process took, and the children it collected; 0 once gone."""
    times = [_stat(pid, column) or 0 for column in range(USER_TIME, USER_TIME + 4)]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def _stat(pid, column):
    """One column of /proc/PID/stat after the name: 0 state, 1 parent. None: no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[column]
