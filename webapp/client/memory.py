"""What is remembered between runs: which uploads began and can be continued."""

import contextlib
import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path

KEPT_SECONDS = 2 * 24 * 60 * 60
"""Longer than servers keep the bytes."""


def memory_folder(environ: Mapping[str, str]) -> Path:
    """Return where uploads that began are remembered.

    Raises:
        RuntimeError: The user has no home folder.
    """
    base = environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "shoebox" / "uploads"


class Memory:
    """A small file per upload that began. Losing one costs only sending its bytes again.

    Args:
        folder: Made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> str:
        """Return what an upload was called; empty when nothing is known."""
        try:
            return str(json.loads(self._path(key).read_text(encoding="utf-8"))["upload"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def keep(self, key: str, upload: str) -> None:
        """Remember what an upload is called."""
        with contextlib.suppress(OSError):  # a folder that cannot be written is no reason to fail
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path(key).write_text(json.dumps({"upload": upload}), encoding="utf-8")

    def forget(self, key: str) -> None:
        """Remember nothing any more; harmless when nothing was."""
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def clean(self) -> None:
        """Forget uploads that no server keeps any more."""
        oldest = time.time() - KEPT_SECONDS
        with contextlib.suppress(OSError):  # also of a folder that may not be looked at
            for path in self._folder.glob("*.json"):
                if path.stat().st_mtime < oldest:
                    path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
