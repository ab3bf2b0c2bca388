"""Plans of moves: nothing is copied that need not be, and everything ends where it belongs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.core.moves import BlobHeld, Move, moves_total, plan_moves

SHARDS = [f"s{number}" for number in range(1, 9)]
HOMES = st.lists(st.sampled_from(SHARDS), min_size=1, max_size=4, unique=True)
BLOBS = st.lists(
    st.builds(
        BlobHeld,
        name=st.sampled_from(["original", "thumb.webp", "w320.jpg"]),
        size=st.integers(0, 1000),
        count=st.integers(1, 4),
        holders=st.frozensets(st.sampled_from(SHARDS)),
    ),
    unique_by=lambda blob: blob.name,
)


def after(blob, moves):
    return set(blob.holders) | {move.to for move in moves if move.name == blob.name}


@settings(max_examples=50)
@given(blobs=BLOBS, homes=HOMES)
def test_every_blob_there_is_ends_on_its_homes(blobs, homes):
    moves = plan_moves(image_id="i", blobs=blobs, homes=homes)
    for blob in blobs:
        if blob.holders:
            assert set(homes[: blob.count]) <= after(blob, moves)


@settings(max_examples=50)
@given(blobs=BLOBS, homes=HOMES)
def test_without_any_one_of_the_moves_a_home_would_lack_its_copy(blobs, homes):
    moves = plan_moves(image_id="i", blobs=blobs, homes=homes)
    by_name = {blob.name: blob for blob in blobs}
    for left_out in moves:
        rest = [move for move in moves if move is not left_out]
        blob = by_name[left_out.name]
        assert not set(homes[: blob.count]) <= after(blob, rest)


@settings(max_examples=50)
@given(blobs=BLOBS, homes=HOMES)
def test_nothing_is_copied_to_where_it_is(blobs, homes):
    by_name = {blob.name: blob for blob in blobs}
    for move in plan_moves(image_id="i", blobs=blobs, homes=homes):
        assert move.to not in by_name[move.name].holders


@settings(max_examples=50)
@given(blobs=BLOBS, homes=HOMES)
def test_a_plan_that_was_carried_out_is_followed_by_none(blobs, homes):
    moves = plan_moves(image_id="i", blobs=blobs, homes=homes)
    then = [BlobHeld(b.name, b.size, b.count, after(b, moves)) for b in blobs]
    assert plan_moves(image_id="i", blobs=then, homes=homes) == []


def test_totals_are_by_the_shard_that_is_copied_to():
    moves = [
        Move("a", "original", 10, "s1"),
        Move("a", "original", 10, "s2"),
        Move("b", "x", 5, "s1"),
    ]
    total = moves_total(moves)
    assert (total.images, total.bytes) == (2, 25)
    assert (total.copies_to, total.bytes_to) == ({"s1": 2, "s2": 1}, {"s1": 15, "s2": 10})
