"""Some pictures that nobody can decode, among many that are well: they cost only themselves.

Half of them are refused by their decoder; half take longer than they may, which is a second here.
"""

import random

from bench.renditions.running import RENDITIONS, Index, running
from bench.renditions.way import store_all
from tests import samples

LIMITS = {"SHOEBOX_RENDER_CPU_SECONDS": "1"}
WARM = 100
SEED = 1


def measure(options):
    with running(options, "poison", **LIMITS) as system:
        _made(system, WARM, 0)
        rates = []
        print("\n| good | poison | good ones/s | how all of them ended |\n|---|---|---|---|")
        for poison in (0, options.poison):
            rate, ends = _made(system, options.good, poison)
            rates.append(rate)
            print(f"| {options.good:,} | {poison} | {rate:.1f} | {ends} |", flush=True)
        without, among = rates
        print(f"\nWith poison to without: {among / without:.2f}")
        print(f"Dead letters:\n{system.manage('deadletters', 'list').strip()}")


def _made(system, good, poison):
    """Let all of them wait, then be made; return how many good ones per second, and the ends."""
    system.stop(RENDITIONS)
    index = Index(system)
    index.forget_images()
    bodies = [*(samples.jpeg() for _ in range(good)), *map(_ill, range(poison))]
    random.Random(SEED).shuffle(bodies)
    store_all(system, bodies)
    system.start(RENDITIONS)
    index.wait_settled()
    return 1 / index.seconds_per_image(), index.ends()


def _ill(number):
    return samples.poison() if number % 2 else samples.long_to_encode()
