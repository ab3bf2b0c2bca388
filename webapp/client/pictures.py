"""Which files to upload."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from webapp.client.errors import UsageError

HEAD_BYTES = 16
_BEGINNINGS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\x00",
    b"MM\x00*",
    b"BM",
)
_BOXES = frozenset(
    {b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"}
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A file to upload, as it was when it was looked at."""

    path: Path
    size: int
    digest: str

    @property
    def name(self) -> str:
        """Its name, as servers may take it."""
        return self.path.name.encode("utf-8", "replace").decode("utf-8")


def picture_read(path: Path) -> Picture:
    """Return a file with its digest; reads it once.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Picture(path, file.tell(), f"sha256:{digest}")


def pictures_find(
    paths: Sequence[Path], *, recursive: bool, note: Callable[[str], None]
) -> list[Path]:
    """Return the files to upload: those named, and the pictures below the folders named.

    A file that was named is sent whatever it is: the server knows better. Below folders,
    what does not begin like a picture is left out with a note, as are links to folders, which
    may lead around in a circle, and links to nothing; hidden names without one. What may not be
    looked at is among the files: reading it says why it is not sent.

    Raises:
        UsageError: Something named is not there, or a folder without ``recursive``.
    """
    found: list[Path] = []
    for path in paths:
        if not _is_folder(path):
            found.append(path)
        elif recursive:
            found += _below(path, note)
        else:
            raise UsageError(f"{path} is a folder; use --recursive to upload what is in it.")
    return list(dict.fromkeys(found))


def _is_folder(path: Path) -> bool:
    try:
        if path.is_dir():
            return True
        is_file = path.is_file()
    except OSError:
        return False
    if not is_file:
        raise UsageError(f"{path} is not there, or is no file.")
    return False


def _below(folder: Path, note: Callable[[str], None]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        note(f"skipped {error.filename}: {error.strerror}")

    for base, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(base, name) for name in folders):
            if os.path.islink(path):  # noqa: PTH114 - False where it may not be looked at
                note(f"skipped {path}: a symbolic link")
        for path in (Path(base, name) for name in sorted(names) if not name.startswith(".")):
            if reason := _left_out(path):
                note(f"skipped {path}: {reason}")
            else:
                yield path


def _left_out(path: Path) -> str:
    """Return why a name below a folder is not sent; empty when it is."""
    try:
        if not path.is_file():
            return "a symbolic link" if path.is_symlink() else "no file"
        with path.open("rb") as file:
            return "" if is_picture(file.read(HEAD_BYTES)) else "no picture"
    except OSError:
        return ""  # told as what failed, not as what was left out


def is_picture(head: bytes) -> bool:
    """Return whether bytes begin like one of the types that Shoebox takes.

    Args:
        head: The first ``HEAD_BYTES``.
    """
    if head.startswith(_BEGINNINGS):
        return True
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    return head[4:8] == b"ftyp" and head[8:12] in _BOXES


def pieces(
    file: BinaryIO, *, start: int, end: int, size: int = 64 * 1024
) -> Iterator[tuple[int, bytes]]:
    """Yield the bytes of a file between two offsets, each piece with the offset it ends at."""
    file.seek(start)
    while start < end and (piece := file.read(min(size, end - start))):
        start += len(piece)
        yield start, piece
