"""Damaged pictures against the write service and the workers, made-up requests against the reader.

    python -m bench.fuzz uploads --seconds 600 --seed 1
    python -m bench.fuzz folder PATH
    python -m bench.fuzz reads --requests 100000 --seed 1 [--edge]

Starts an embedded Shoebox of its own on free ports, in a folder that is gone afterwards. The same
seed sends the same bytes. Prints counts; ends with 1 when something happened that may not.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.fuzz.reads import reads_fuzz
from bench.fuzz.uploads import folder_fuzz, uploads_fuzz
from tests.system import system_run


def main():
    options = _arguments()
    with tempfile.TemporaryDirectory(prefix="shoebox-fuzz-") as folder:
        running = system_run("embedded", Path(folder))
        try:
            found = options.fuzz(next(running), options)
        finally:
            running.close()
    for problem in found:
        print("FOUND", problem)
    print("found nothing" if not found else f"found {len(found)}")
    return 1 if found else 0


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    what = parser.add_subparsers(required=True)
    uploads = what.add_parser("uploads", help="mutated pictures of every type, to their end")
    uploads.add_argument("--seconds", type=float, default=600)
    uploads.add_argument("--keep", type=Path, help="folder for the bytes of what was found")
    uploads.set_defaults(fuzz=uploads_fuzz)
    folder = what.add_parser("folder", help="every file of a folder, as it is, to its end")
    folder.add_argument("folder", type=Path)
    folder.add_argument("--keep", type=Path, help="folder for the bytes of what was found")
    folder.set_defaults(fuzz=folder_fuzz)
    reads = what.add_parser("reads", help="generated requests to the read service")
    reads.add_argument("--requests", type=int, default=100_000)
    reads.add_argument("--edge", action="store_true", help="through nginx, in front of it")
    reads.set_defaults(fuzz=reads_fuzz)
    for parser_of_one in (uploads, folder, reads):
        parser_of_one.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
