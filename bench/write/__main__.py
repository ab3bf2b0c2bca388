"""What the write service takes, holds and loses: `python -m bench.write`, or `make bench-write`.

    accept   300 KB and 3 MB from 32 connections, against bare receivers with the same writes
    stages   where the processor's time of an upload goes, in one process, without a network
    crowd    1,500 and 5,000 slow uploads held: what each costs, and how fresh ones fare
    peers    the same photos to plain Django, Wagtail and thumbor; needs an environment of theirs
    steady   minutes at the highest rate the machine holds, then everything is read back
    kills    the same while a process is killed every 20 seconds

Everything runs on free ports, in a folder that is gone afterwards. Prints Markdown for
docs/benchmarks.md.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

KILL_SECONDS = 20.0
PARTS = ("accept", "stages", "crowd", "peers", "steady", "kills")


def main() -> int:
    options = _arguments()
    if len(options.parts) > 1:  # each in a process of its own: some move to one core, for good
        return max(_alone(part) for part in options.parts)
    with tempfile.TemporaryDirectory(prefix="bench-write-", dir=options.folder) as name:
        began = time.monotonic()
        text = _part(options.parts[0])(Path(name), options)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    took = time.monotonic() - began
    print(f"{text}\n<!-- {options.parts[0]}: {took:.0f} s; load at the end {load} -->", flush=True)
    return 0


def _alone(part: str) -> int:
    others = [word for word in sys.argv[1:] if word not in PARTS]
    command = [sys.executable, "-m", "bench.write", part, *others]
    return subprocess.run(command, check=False).returncode


def _part(name: str) -> Callable[[Path, argparse.Namespace], str]:
    parts = {"accept": _accept, "stages": _stages, "crowd": _crowd, "peers": _peers}
    return parts.get(name) or partial(_steady, kill_every=KILL_SECONDS if name == "kills" else 0.0)


# Each part brings what it needs: peers must not need what nobody installed.


def _accept(folder: Path, options: argparse.Namespace) -> str:
    from bench.write.accept import accept_table  # noqa: PLC0415 - see above

    return accept_table(
        folder / "accept", rounds=options.rounds, seconds=options.seconds, only=options.only
    )


def _stages(folder: Path, options: argparse.Namespace) -> str:
    from bench.write.stages import stages_table  # noqa: PLC0415 - see above

    return stages_table(folder / "stages", uploads=options.uploads)


def _crowd(folder: Path, options: argparse.Namespace) -> str:
    from bench.write.crowd import crowd_table  # noqa: PLC0415 - see above

    return crowd_table(folder / "crowd", crowds=options.held)


def _peers(folder: Path, options: argparse.Namespace) -> str:
    from bench.write.peers import peers_table  # noqa: PLC0415 - see above

    if options.peers is None:
        return "peers: left out; `--peers` names their Python, see bench/write/peers.py"
    return peers_table(
        folder / "peers", python=options.peers, rounds=options.rounds, seconds=options.seconds
    )


def _steady(folder: Path, options: argparse.Namespace, *, kill_every: float) -> str:
    from bench.write.steady import steady_table  # noqa: PLC0415 - see above

    return steady_table(folder / "steady", minutes=options.minutes, kill_every=kill_every)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.write",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", default=PARTS, help="which; none: all of them")
    parser.add_argument("--folder", help="on the disk to measure; default: the one for temporaries")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each receiver")
    parser.add_argument("--seconds", type=float, default=8.0, help="of a turn")
    parser.add_argument("--only", default="", help="accept: names of ours that hold this")
    parser.add_argument("--uploads", type=int, default=600, help="stages: how many")
    parser.add_argument("--held", type=int, nargs="+", default=[1500, 5000], help="crowd: how many")
    parser.add_argument("--minutes", type=float, default=10.0, help="steady, kills: how long")
    parser.add_argument("--peers", type=Path, help="peers: Python of their environment")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
