"""`python -m bench.renditions`: the making of renditions against its peers, and the whole way.

Parts, each by its name: `core` (one core, four sizes of 12 megapixels; pyvips, sharp and
thumbor are installed into a folder that goes away with the run), `memory` (the most a picture
takes), and on a whole Shoebox `lasting` (memory over 5,000 pictures), `way` (200 photos against
a bare loop, and one photo on an idle machine), `backlog` (100,000 tasks waiting) and `poison`
(some pictures nobody can decode among many). Prints the tables of docs/benchmarks.md.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from bench.renditions import backlog, core, lasting, memory, photos, poison, way

PARTS = {
    "core": core.measure,
    "memory": memory.measure,
    "lasting": lasting.measure,
    "way": way.measure,
    "backlog": backlog.measure,
    "poison": poison.measure,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all")
    parser.add_argument("--photos", type=Path, help="folder of JPEGs; generated without it")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--uploads", type=int, default=200)
    # One more than there are cores: while one is being stored the others keep them busy.
    parser.add_argument("--at-a-time", type=int, default=3, help="photos of `way`")
    parser.add_argument("--images", type=int, default=5000, help="of `lasting`")
    parser.add_argument("--crowd", type=int, default=100_000, help="tasks of `backlog`")
    parser.add_argument("--good", type=int, default=1000, help="pictures of `poison`")
    parser.add_argument("--poison", type=int, default=10, help="others of `poison`")
    parser.add_argument(
        "--shards", choices=("seaweedfs", "folders"), default="seaweedfs", help="of the Shoebox"
    )
    parser.add_argument("--peers", type=Path, help="keep the peers here for the next run")
    options = parser.parse_args()
    if unknown := {*options.parts} - {*PARTS}:
        parser.error(f"no such part: {', '.join(unknown)}")
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # who is told to end, ends its servers
    with tempfile.TemporaryDirectory() as folder:
        options.folder = Path(folder)
        options.files = photos.found(options.photos) or photos.made(options.folder / "photos")
        for part in options.parts or PARTS:
            PARTS[part](options)


if __name__ == "__main__":
    sys.exit(main())
