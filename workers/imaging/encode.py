"""From frames to the bytes of renditions."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

from PIL import Image

from webapp.core.presets import RENDITION_TYPES, Preset
from workers.imaging.develop import Developed
from workers.imaging.model import Rendition

# Measured on photos at 1600 pixels: WebP method 2 takes half the time of method 4; progressive
# JPEG takes six times that of a plain one; PNG level 4 makes 10 % less than 3 in little more time,
# 6 takes up to three times as long for 2 %. Links promise bytes that stay: whoever wants another
# quality gives the preset another name.
_RECIPES: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "webp": {"format": "WEBP", "quality": 80, "method": 2},
        "jpg": {"format": "JPEG", "quality": 82},
        "png": {"format": "PNG", "compress_level": 4},
        "avif": {"format": "AVIF", "quality": 60, "speed": 8},
    }
)


_Job = tuple[int, str]

Made = Callable[[str, Rendition], None]
"""Told the name of a rendition, and the rendition, as soon as it is made."""


def encode(
    developed: Developed,
    *,
    presets: Sequence[Preset],
    moving: Mapping[int, bytes],
    threads: int,
    made: Made,
) -> dict[str, Rendition]:
    """Encode every frame in the formats of its preset, the largest first.

    Frames that are the same object are encoded once.

    Args:
        developed: Frames by preset name.
        presets: Of these frames.
        moving: WebP that moves, by the identity of the frame it stands for.
        threads: Encoders at a time; they let go of the interpreter's lock.
        made: Called for each rendition, on this thread, while others are still encoded.

    Returns:
        By rendition name, ``{preset}.{extension}``.
    """
    names: dict[str, _Job] = {}
    jobs: dict[_Job, Image.Image] = {}
    for preset in presets:
        frame = developed.frames[preset.name]
        for extension in preset.extensions(transparent=developed.transparent):
            job = names[f"{preset.name}.{extension}"] = (id(frame), extension)
            jobs[job] = frame
    done: dict[_Job, Rendition] = {}
    for job, rendition in _all_made(jobs, moving=moving, threads=threads):
        done[job] = rendition
        for name in (name for name, wanted in names.items() if wanted == job):
            made(name, rendition)
    return {name: done[job] for name, job in names.items()}


def _all_made(
    jobs: Mapping[_Job, Image.Image], *, moving: Mapping[int, bytes], threads: int
) -> Iterator[tuple[_Job, Rendition]]:
    todo = {}
    for (key, extension), frame in jobs.items():
        if extension == "webp" and key in moving:
            yield (key, extension), _rendition(moving[key], extension, frame)
        else:
            todo[key, extension] = frame
    # The largest take the longest to store, too: the last should be a small one.
    order = sorted(todo, key=lambda job: todo[job].width * todo[job].height, reverse=True)
    frames = [todo[job] for job in order]
    yield from zip(order, _encoded(frames, order, threads=threads), strict=True)


def _encoded(
    frames: Sequence[Image.Image], jobs: Sequence[_Job], *, threads: int
) -> Iterator[Rendition]:
    extensions = [extension for _, extension in jobs]
    if threads == 1:
        yield from map(_encode, frames, extensions)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(_encode_copy, frames, extensions)


def _encode_copy(frame: Image.Image, extension: str) -> Rendition:
    """Two threads may have the same frame, and ``save`` keeps its options on it."""
    return _encode(frame.copy(), extension)


def _encode(frame: Image.Image, extension: str) -> Rendition:
    buffer = io.BytesIO()
    if extension == "jpg" and frame.mode.endswith("A"):
        frame = _on_white(frame)
    frame.save(buffer, **_RECIPES[extension])  # type: ignore[arg-type]  # options per format
    return _rendition(buffer.getvalue(), extension, frame)


def _on_white(frame: Image.Image) -> Image.Image:
    """Return a transparent picture as a JPEG can show it; presets have PNG for these."""
    opaque = Image.new("RGB", frame.size, "white")
    opaque.paste(frame.convert("RGB"), mask=frame.getchannel("A"))
    return opaque


def _rendition(data: bytes, extension: str, frame: Image.Image) -> Rendition:
    return Rendition(data, RENDITION_TYPES[extension], frame.width, frame.height)
