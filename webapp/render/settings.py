"""What the render process must be told; config/render.py reads it from the environment."""

from dataclasses import dataclass
from pathlib import Path

from webapp.reader.settings import ReaderSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSettings:
    """Settings of one render process.

    Args:
        reader: What it shares with read services: keys, documents, shards and their time-outs.
        spool: Folder originals are copied into, without a name.
        at_a_time: Sizes made at a time.
        queue: Sizes that wait; more are refused.
    """

    reader: ReaderSettings
    spool: Path
    at_a_time: int = 1
    queue: int = 32
