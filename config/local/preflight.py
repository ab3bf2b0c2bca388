"""What is checked before anything is started: one clear line instead of a half-started system."""

import fcntl
import os
import resource
import shutil
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from config.env import load
from config.local.port_owner import port_owner
from config.local.ports import is_free
from config.local.profile import Profile, data_folder, installed
from config.local.profiles import profile_load
from config.local.service import LocalError, Service
from config.local.shoebox import ROOT
from config.start import open_files_needed
from webapp.core.errors import ConfigurationError

FREE_BYTES = 1024**3
LAST_PORT = 2**16 - 1
LOCK_FILE = "lock"
# In a folder's name: what URLs and the configuration files of the servers cannot hold.
UNWRITABLE = "%\"'\\\n#;?"


def preflight(name: str, environ: Mapping[str, str], *, held: ExitStack) -> Profile:
    """Check all that can be checked before anything starts; make the folder and the secrets.

    Args:
        name: Of the profile.
        environ: Moves its data folder and ports.
        held: Takes the lock of the data folder; closing it allows another start.

    Raises:
        LocalError: One line that says what is wrong and what to do.
    """
    data = data_folder(name, environ)
    data_prepare(data)
    held.enter_context(data_lock(data))
    profile = profile_load(name, environ)
    open_files_raise(_open_files({**environ, **profile.environment}))
    ports_check(profile.services)
    return profile


def data_prepare(data: Path) -> None:
    """Make the data folder.

    Raises:
        LocalError: It cannot be written, its disk is full before the first start, its name or
            that of this tree holds what configuration files cannot, or this is not Linux.
    """
    if not Path("/proc/self/stat").exists():
        raise LocalError("this needs Linux: it finds and ends processes through /proc")
    _writable_check(ROOT, "move this tree")
    _writable_check(data, "set SHOEBOX_DATA")
    try:
        # Sessions and secrets lie in it.
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = data / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise LocalError(f"cannot write to {data}: {reason}; set SHOEBOX_DATA") from None
    if (free := shutil.disk_usage(data).free) < FREE_BYTES:
        _disk_full(data, free)


def data_lock(data: Path) -> IO[str]:
    """Return the lock of the data folder, held until it is closed or this process ends.

    Raises:
        LocalError: Another start holds it, named by its process; or it belongs to another user.
    """
    path = data / LOCK_FILE
    try:
        lock = path.open("a+", encoding="ascii")
    except OSError as error:
        raise LocalError(
            f"cannot open {path}: {error.strerror}; was {data} started on by root?"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise LocalError(
            f"already running on {data} (process {holder}); stop it, or set SHOEBOX_DATA"
            " and the ports for a second one"
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def ports_check(services: Iterable[Service]) -> None:
    """Check that every port of ``services`` is free.

    Raises:
        LocalError: One is taken, reserved or wanted twice; names it, who has it, and what moves it.
    """
    wanted: dict[int, str] = {}
    for service in services:
        for port, variable in service.ports.items():
            by = f"{service.name} ({variable})"
            if port in wanted:
                raise LocalError(f"port {port} is wanted by {wanted[port]} and by {by}; move one")
            wanted[port] = by
            _port_check(service.name, port, variable)


def open_files_raise(needed: int) -> None:
    """Allow this process and its children as many open files as the system lets us.

    Args:
        needed: What uploads need at least.

    Raises:
        LocalError: The system allows fewer than uploads need.
    """
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if wanted < needed:
        raise LocalError(
            f"only {wanted} open files are allowed, {needed} are needed; raise it with"
            f" ulimit -Hn {needed}, or lower SHOEBOX_MAX_UPLOADS_IN_FLIGHT"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _open_files(environ: Mapping[str, str]) -> int:
    try:
        return open_files_needed(load(environ))
    except ConfigurationError as error:
        raise LocalError(error.detail) from None


def _writable_check(folder: Path, way_out: str) -> None:
    if found := set(UNWRITABLE) & set(str(folder)):
        raise LocalError(f"{folder} holds {' '.join(sorted(map(repr, found)))}; {way_out}")


def _disk_full(data: Path, free: int) -> None:
    words = f"only {free // 1024**2} MiB are free at {data}"
    # What is stored is there and can be read and deleted; another folder would be empty.
    if not installed(data):
        raise LocalError(f"{words}; set SHOEBOX_DATA")
    print(f"shoebox: {words}", file=sys.stderr, flush=True)


def _port_check(name: str, port: int, variable: str) -> None:
    if port > LAST_PORT:
        raise LocalError(f"port {port}, wanted by {name}, is above {LAST_PORT}; lower {variable}")
    try:
        free = is_free(port)
    except OSError as error:
        raise LocalError(f"port {port} for {name}: {error.strerror}; set {variable}") from None
    if not free:
        owner = port_owner(port) or "a process of another user"
        raise LocalError(
            f"port {port}, wanted by {name}, is in use by {owner}; end it, or set {variable}"
        )
