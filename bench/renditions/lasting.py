"""Many pictures, one after the other: does any process of the worker grow?"""

from bench.renditions.running import DECODER, RENDITIONS, Index, memory_mb, running
from bench.renditions.way import store_all
from tests import samples
from tests.processes import command_of

STEPS = 10
SIZE = {"width": 160, "height": 120}


def measure(options):
    """Print what is held after each tenth of the pictures.

    As it is run: a decoder and the process that asks it are replaced now and then.
    """
    print("\n| pictures made | worker MB | its processes MB | decoders MB |\n|---|---|---|---|")
    with running(options, "lasting") as system:
        for step in range(1, STEPS + 1):
            store_all(system, (samples.jpeg(**SIZE) for _ in range(options.images // STEPS)))
            Index(system).wait_settled()
            held = " | ".join(f"{memory_mb(pids):.0f}" for pids in _kinds(system))
            print(f"| {step * (options.images // STEPS):,} | {held} |", flush=True)


def _kinds(system):
    worker, *others = system.family(RENDITIONS)
    decoders = [pid for pid in others if DECODER in command_of(pid)]
    return [worker], [pid for pid in others if pid not in decoders], decoders
