"""What a child may not do, set by itself before the first hostile byte."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from workers.imaging.model import Limits

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_OOM_SCORE_WORST = "1000"
_WALL_GRACE_SECONDS = 2.0


def die_with_parent(parent_pid: int) -> None:
    """Let the kernel kill this process when the thread that started it ends.

    Where there is no such call, the end of the channel and the timers do it, later.

    Args:
        parent_pid: Who must be the parent; if it is not, it died before this call.
    """
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent_pid:
        sys.exit("the parent is gone")


def confine(limits: Limits) -> None:
    """Limit memory, files and core dumps, for good; be the first to go when memory runs out.

    ``RLIMIT_DATA`` rather than ``RLIMIT_AS``: it counts what can be written to, not the
    libraries and the address space that allocators reserve per thread and never touch.
    A core limit of 1 and not 0: Linux ignores 0 when cores are piped to a program.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE_WORST)


@contextlib.contextmanager
def timed(limits: Limits) -> Iterator[None]:
    """Let the kernel kill this process when one picture takes too long.

    Timers and not ``RLIMIT_CPU``: that counts from the start of the process, in whole
    seconds. The parent keeps the wall limit; ours comes later and serves when it is gone.
    """
    signal.setitimer(signal.ITIMER_PROF, limits.cpu_seconds)
    signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds + _WALL_GRACE_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def peak_memory_bytes() -> int:
    """Return the most memory this process ever held at once; 0 where it cannot be told.

    Not ``getrusage``: its peak starts at that of the parent.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
