"""pyvips: shrink on load, then each size from the next larger one."""

import json
import resource
import sys
import time
from pathlib import Path

import pyvips

SAVE = {
    "webp": lambda image: image.webpsave_buffer(Q=80, effort=4, strip=True),
    "jpg": lambda image: image.jpegsave_buffer(Q=82, strip=True),
}


def main(extension):
    for line in sys.stdin:
        job = json.loads(line)
        before = time.process_time()
        _run(job["source"], Path(job["target"]), SAVE[extension])
        spent = 1000 * (time.process_time() - before)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        print(json.dumps({"cpu_ms": spent, "rss_mb": peak}), flush=True)


def _run(source, target, save):
    w1600 = pyvips.Image.thumbnail(source, 1600, height=100_000, size="down").copy_memory()
    w800 = w1600.thumbnail_image(800, height=100_000, size="down").copy_memory()
    w320 = w800.thumbnail_image(320, height=100_000, size="down").copy_memory()
    thumb = w800.thumbnail_image(256, height=256, crop="centre").copy_memory()
    for name, image in {"1600": w1600, "800": w800, "320": w320, "256": thumb}.items():
        (target / name).write_bytes(save(image))


main(*sys.argv[1:])
