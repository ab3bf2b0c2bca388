"""Our contender: a line in, four renditions made by the code of the workers, a line out."""

import json
import sys
import time
from pathlib import Path

from webapp.core.presets import PRESETS
from workers.imaging.confine import peak_memory_bytes
from workers.imaging.decode import decode
from workers.imaging.develop import develop
from workers.imaging.encode import _RECIPES, _encode
from workers.imaging.formats import prepare
from workers.imaging.look import look_of


def main(extensions, quality="", method=""):
    """Answer until there are no more lines.

    Args:
        extensions: Joined by plus signs.
        quality: Of WebP, for once not that of our recipe.
        method: Likewise.
    """
    prepare()
    if quality:
        _RECIPES["webp"].update(quality=int(quality), method=int(method))
    for line in sys.stdin:
        job = json.loads(line)
        stages = _run(job["source"], Path(job["target"]), extensions.split("+"))
        answer = {
            "cpu_ms": sum(stages.values()),
            "stages": stages,
            "rss_mb": peak_memory_bytes() / 1e6,
        }
        print(json.dumps(answer), flush=True)


def _run(source, target, extensions):
    clock = Clock()
    with open(source, "rb") as file:  # noqa: PTH123 - as the child has it
        decoded = decode(file, presets=PRESETS)
    clock.lap("decode")
    developed = develop(decoded, presets=PRESETS)
    clock.lap("colour and resize")
    for preset in PRESETS:
        for extension in extensions:
            data = _encode(developed.frames[preset.name], extension).data
            (target / f"{preset.width}").write_bytes(data)
    clock.lap("encode")
    look_of(developed.smallest)
    clock.lap("look")
    return clock.laps


class Clock:
    """Processor time of this process, in laps of milliseconds."""

    def __init__(self):
        self.laps = {}
        self._last = time.process_time()

    def lap(self, name):
        now = time.process_time()
        self.laps[name] = 1000 * (now - self._last)
        self._last = now


if __name__ == "__main__":
    main(*sys.argv[1:])
