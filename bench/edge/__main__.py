"""``python -m bench.edge``: the edge beside the least that nginx could do, and how long it keeps.

    python -m bench.edge cached    hits, against nginx's own proxy_cache and static files
    python -m bench.edge deletes   seconds from a delete until nothing shows the image

``cached`` has the servers on one core and wrk on the other, every figure the median of rounds in
which all are asked in turn. Prints the table of docs/benchmarks.md.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from bench.edge.cached import Cached
from tests.integration.edge_world import edge_run

ALLOWED_SECONDS = 65
ASK_SECONDS = 0.25


def main():
    parser = argparse.ArgumentParser(prog="python -m bench.edge", description=__doc__)
    what = parser.add_subparsers(required=True)
    cached = what.add_parser("cached", help="hits of the edge against nginx's own")
    cached.add_argument("--rounds", type=int, default=5)
    cached.add_argument("--seconds", type=int, default=4)
    cached.add_argument("--port", type=int, default=22600, help="first of 100 free ports")
    cached.set_defaults(run=cached_run)
    what.add_parser("deletes", help="how long a deleted image is shown").set_defaults(
        run=deletes_run
    )
    told = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="shoebox-edge-") as folder:
        status = told.run(Path(folder), told)
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")
    return status


def cached_run(folder, told):
    with Cached(folder, told.port) as bench:
        bench.print(rounds=told.rounds, seconds=told.seconds)
    return 0


def deletes_run(folder, _told):
    """Ask all the time, as a busy page does; the image is deleted right after it was fetched."""
    with edge_run(folder) as edge:
        image = edge.world.image(os.urandom(15_000))
        assert edge.get(f"/{image}").headers["x-edge-cache"] == "MISS"
        edge.world.delete(str(image))
        began, shown, by = time.monotonic(), 0.0, ""
        while time.monotonic() - began < ALLOWED_SECONDS + 10:
            answer = edge.get(f"/{image}")
            if answer.status_code == 200:
                shown, by = time.monotonic() - began, answer.headers["x-edge-cache"]
            time.sleep(ASK_SECONDS)
    print(f"last shown {shown:.1f} s after the delete, as {by}; {ALLOWED_SECONDS} s are allowed")
    return int(shown > ALLOWED_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
