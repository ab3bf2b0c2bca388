"""The most memory one picture takes: the child's peak, by type and size."""

import subprocess
import sys

from PIL import Image

from bench.renditions.photos import picture

JPEG_GOALS_MB = {24: 200, 100: 400}
SIZES = {24: (6000, 4000), 50: (8660, 5773), 100: (12_000, 8333)}
CASES = [
    (24, "JPEG", "4:2:0", {"quality": 90}),
    (24, "JPEG", "progressive, 4:2:0", {"quality": 90, "progressive": True}),
    (24, "JPEG", "progressive, 4:4:4", {"quality": 90, "progressive": True, "subsampling": 0}),
    (100, "JPEG", "4:2:0", {"quality": 90}),
    (100, "JPEG", "progressive, 4:2:0", {"quality": 90, "progressive": True}),
    (100, "JPEG", "progressive, 4:4:4", {"quality": 90, "progressive": True, "subsampling": 0}),
    (50, "PNG", "", {"compress_level": 1}),
    (50, "WEBP", "", {"method": 0}),
    (50, "AVIF", "", {"speed": 10}),
    (50, "HEIF", "", {}),
    (50, "TIFF", "", {}),
    (50, "BMP", "", {}),
    (50, "GIF", "", {}),
]
RENDER = """
import sys
from workers.imaging.confine import peak_memory_bytes
from workers.imaging.formats import prepare
from workers.imaging.render import render
prepare()
with open(sys.argv[1], "rb") as file:
    render(file, threads=2)
print(peak_memory_bytes() / 1e6)
"""


def measure(options):
    import pillow_heif  # noqa: PLC0415 - only here

    pillow_heif.register_heif_opener()
    print("\n| picture | megapixels | RSS MB | goal |\n|---|---|---|---|")
    for megapixels, kind, note, saving in CASES:
        path = options.folder / "memory"
        width, height = SIZES[megapixels]
        tile = picture(1000, 1000)
        image = Image.new("RGB", (width, height))
        for left in range(0, width, 1000):
            for top in range(0, height, 1000):
                image.paste(tile, (left, top))
        image.save(path, kind, **saving)
        del image
        goal = JPEG_GOALS_MB.get(megapixels) if kind == "JPEG" else 17 * megapixels + 80
        print(f"| {kind} {note} | {megapixels} | {_peak_mb(path):.0f} | ≤ {goal} |", flush=True)


def _peak_mb(path):
    command = [sys.executable, "-c", RENDER, str(path)]
    environment = {"MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else float("nan")
