"""Clocks: what is erased by date is erased only where the clocks agree on the date."""

import time

from webapp.cluster.clock import index_clock
from webapp.cluster.snapshot import topology_now
from webapp.cluster.stores import fleet
from webapp.core.errors import OperatorError
from webapp.storage.everywhere import ask_all
from webapp.storage.probe import store_clock

MOST_APART_SECONDS = 300.0


class ClocksDifferError(OperatorError):
    """This machine's clock and that of a store or of the index are five minutes apart."""

    code = "clocks-differ"
    title = "Clocks differ"


def clocks_check() -> None:
    """Compare this machine's clock with every store's ``Date`` and the index's.

    A store that shows no clock, a folder, says nothing. One that does not answer says nothing
    either: what lies there is not erased before it answers.

    Raises:
        ClocksDifferError: Some are five minutes apart; an operator must set them.
    """
    topology = topology_now()
    names = [entry.name for entry in topology.shards.values() if entry.state.readable]
    answers = ask_all(fleet().stores(topology, names), store_clock)
    clocks = {f"shard {name}": clock for name, clock in answers.given.items() if clock is not None}
    index = index_clock()
    if index is not None:
        clocks["the index"] = index
    now = time.time()
    apart = {name: clock - now for name, clock in clocks.items()}
    wrong = [
        f"{name} {seconds:+.0f} s"
        for name, seconds in apart.items()
        if abs(seconds) >= MOST_APART_SECONDS
    ]
    if wrong:
        raise ClocksDifferError(
            f"Nothing is erased by date while clocks differ from this machine's: "
            f"{', '.join(wrong)}. Set them (NTP), then run it again."
        )
