"""Where server programs are installed, and how to start one as another user."""

import os
import pwd
import shutil
import sys
from pathlib import Path

from config.local.service import MissingServerError

INSTALL_COMMAND = "deploy/install-test-servers"


def find_program(name: str, *folders: str) -> Path | None:
    """Return the program ``name`` from the first of ``folders`` that has it, else from PATH.

    Args:
        name: File name of the program.
        folders: Patterns of absolute folders, as for ``Path.glob``; of several matches the
            last in version order wins.
    """
    for folder in folders:
        found = sorted(Path("/").glob(folder.lstrip("/") + "/" + name), key=_version_order)
        if found:
            return found[-1]
    on_path = shutil.which(name)
    return Path(on_path) if on_path else None


def get_program(name: str, *folders: str, package: str) -> Path:
    """Return the program ``name``; see ``find_program``.

    Raises:
        MissingServerError: It is nowhere; the message names the Debian package and the command
            that installs it.
    """
    found = find_program(name, *folders)
    if found is None:
        raise MissingServerError(
            f"{name} is not installed (Debian package {package}); as root: {INSTALL_COMMAND}"
        )
    return found


def wheel_program(name: str) -> Path:
    """Return a program that a wheel put beside this interpreter.

    Raises:
        MissingServerError: The wheel is not installed in this environment.
    """
    program = Path(sys.executable).with_name(name)
    if not program.exists():
        raise MissingServerError(f"{name} is not in {program.parent}; run: make run")
    return program


def as_user(user: str, *, directory: Path) -> tuple[str, ...]:
    """Return the words that start a program as ``user`` when we are root, else nothing.

    Some servers refuse to run as root. The program keeps one capability of root where
    ``directory`` lies below a folder closed to others (a clone in a home, a test's temporary
    folder): without it the user could not even reach its own files.
    """
    if os.geteuid() != 0:
        return ()
    account = pwd.getpwnam(user)
    words = ("setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups")
    if all(_open_to_others(parent) for parent in directory.absolute().parents):
        return words
    return (*words, "--inh-caps=+dac_override", "--ambient-caps=+dac_override")


def _open_to_others(folder: Path) -> bool:
    return not folder.exists() or bool(folder.stat().st_mode & 0o001)


def _version_order(path: Path) -> list[tuple[int, str]]:
    return [(int(part) if part.isdecimal() else -1, part) for part in path.parts]
