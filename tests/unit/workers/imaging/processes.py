"""Looking at processes from outside."""

import os
import time
from pathlib import Path


def is_gone(pid):
    """True when there is no such process any more, not even a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def is_dead(pid):
    """True when it runs no more; whoever inherited it may not have collected it yet."""
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def holds(pid, path):
    """True when the process has the file open."""
    try:
        links = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
    except FileNotFoundError:  # a descriptor closed while we looked
        return False
    return path in links


def wait_until(condition, *, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.002)
