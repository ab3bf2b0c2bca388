"""What a refused upload must not leave behind: rows, blobs, files in the spool."""

from dataclasses import dataclass

from tests.outbox_rows import Messages


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What is there of uploads: two that are equal mean that nothing was kept between them."""

    rows: int
    blobs: int
    files: frozenset

    @classmethod
    def of(cls, system):
        with Messages(system).index() as index:
            (rows,) = index.execute("SELECT count(*) FROM images_image").fetchone()
        folders = system.profile.shard_folders
        originals = ("original", "private")
        blobs = [
            path for root in folders for name in originals for path in root.glob(f"*/*/{name}")
        ]
        return cls(rows=rows, blobs=len(blobs), files=upload_files(system))


def upload_files(system):
    """Return the files that hold bytes of uploads."""
    found = (*system.spool.glob("upload-*"), *system.spool.glob("tus/*/bytes/*"))
    return frozenset(str(path) for path in found)
