"""Versions that a rebalance placed under newer ones."""

from dataclasses import replace

import pytest

from tests.unit.webapp.core.clusters import make_shards, make_topology, make_version
from webapp.core.errors import TopologyConflictError
from webapp.core.placement import all_positions, positions
from webapp.core.signing import Keyring
from webapp.core.topology import (
    topology_check,
    topology_dump,
    topology_load,
    with_move,
    with_version,
)

KEYS = Keyring.parse("k1:" + "ab" * 32)
OLD = make_version(make_shards(4, zones=2))
NEW = replace(make_version(make_shards(8, zones=2)), number=OLD.number + 1)
NEWER = replace(make_version(make_shards(9, zones=3)), number=OLD.number + 2)
BEFORE = with_version(with_version(make_topology(OLD), NEW), NEWER)
MOVED = with_move(BEFORE, old=OLD.number, new=NEW.number)


def test_a_move_is_in_the_document():
    assert topology_load(topology_dump(MOVED, keyring=KEYS), keyring=KEYS).moves == MOVED.moves


def test_an_image_of_a_moved_version_is_looked_for_in_the_new_place_then_in_the_old():
    found = all_positions(MOVED, OLD.number, "abc")
    new = positions(NEW, "abc")
    assert tuple(found[: len(new)]) == new
    assert {spec.name for spec in found} >= {spec.name for spec in positions(OLD, "abc")}


def test_a_version_moved_twice_is_looked_for_in_all_three_places():
    twice = with_move(MOVED, old=NEW.number, new=NEWER.number)
    assert twice.places(OLD.number) == (NEWER, NEW, OLD)


def test_a_version_that_was_not_moved_has_one_place():
    assert MOVED.places(NEW.number) == (NEW,)


def test_a_move_cannot_be_undone():
    with pytest.raises(TopologyConflictError, match="moved"):
        topology_check(known=MOVED, new=BEFORE)


@pytest.mark.parametrize(
    ("topology", "old", "new"),
    [(MOVED, OLD.number, NEWER.number), (BEFORE, NEW.number, OLD.number)],
    ids=["moved already", "back to an older one"],
)
def test_a_move_that_is_not_forward_is_refused(topology, old, new):
    with pytest.raises(TopologyConflictError, match="cannot be moved"):
        with_move(topology, old=old, new=new)
