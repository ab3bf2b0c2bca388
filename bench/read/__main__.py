"""What the read service takes, holds and survives: `python -m bench.read [PART...]`.

    memory     a hit of 15 KB and of 300 KB, and a 304, beside a bare application and nginx
    directory  a miss whose file the kernel has in memory, beside a bare application that reads it
    s3         a miss over S3, beside a bare application with obstore
    processes  a miss with one and with two processes
    peers      the same size from others; installs them into a folder that goes away
    zipf       hit ratio beside a simulator's policies, and how late answers are
    flat       memory over a million requests for more than the cache holds
    slow       memory of readers that take nothing of what they asked for
    shards     one of four shards killed, hanging, late, lying
    isolation  how late reads are while uploads are held and pictures are made

Server on one core, load on the other, rounds in which all are asked in turn, medians. Each part
takes less than four minutes. Prints Markdown for docs/benchmarks.md.
"""

import argparse
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

from bench.read.servers import Servers

PARTS = {
    "memory": "hits",
    "directory": "hits",
    "s3": "hits",
    "processes": "hits",
    "peers": "peers",
    "zipf": "zipf",
    "flat": "flat",
    "slow": "slow",
    "shards": "shards",
    "isolation": "isolation",
}


def main():
    options = _arguments()
    for part in options.parts:
        print(f"\n### {part}: load of the machine before {os.getloadavg()[0]:.1f}\n", flush=True)
        began = time.monotonic()
        # Each part brings what it needs: peers must not need what nobody installed.
        module = importlib.import_module(f"bench.read.{PARTS[part]}")
        with (
            tempfile.TemporaryDirectory(prefix="bench-read-", dir=options.folder) as name,
            Servers(Path(name), options.port) as servers,
        ):
            getattr(module, part)(servers, Path(name), options)
        print(f"\n<!-- {part}: {time.monotonic() - began:.0f} s -->", flush=True)
    return 0


def _arguments():
    parser = argparse.ArgumentParser(
        prog="python -m bench.read",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="which; none: all of them")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each server")
    parser.add_argument("--seconds", type=int, default=4, help="of a turn")
    parser.add_argument("--port", type=int, default=22400, help="first of 100 free ports")
    parser.add_argument("--folder", help="where shards lie; default: the one for temporaries")
    parser.add_argument("--requests", type=int, default=1_000_000, help="flat: how many")
    parser.add_argument("--readers", type=int, default=500, help="slow: how many")
    parser.add_argument("--peers", type=Path, help="peers: folder to install into, kept")
    options = parser.parse_args()
    options.parts = options.parts or list(PARTS)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
