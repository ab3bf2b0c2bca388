"""Comparing what was seen with what should be: what is found, and what never is."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from webapp.core.keys import MANIFEST, TOMBSTONE
from webapp.core.manifest import Revision
from webapp.healing.findings import MEANINGS, Code, count_by_shard
from webapp.healing.scrub_compare import compare, compare_orphan
from webapp.healing.scrub_seen import BlobSeen, Seen, Wanted

ID = "p0000000000000000000000a"
SHARDS = ("s1", "s2", "s3", "s4", "s5")
GOOD, BAD = "sha256:" + "a" * 64, "sha256:" + "b" * 64
WANTED = Wanted(
    copies={"original": GOOD, "thumb.webp": GOOD},
    original="original",
    homes=("s1", "s2", "s3"),
    positions=("s1", "s2", "s3", "s4"),
    recording=("s1", "s2", "s3", "s4"),
    rendition_replicas=2,
    revision=Revision(1, 4),
    record=MANIFEST,
    record_revision=Revision(1, 4),
)


def blob(shard, name="original", *, digest=GOOD, label=GOOD, revision=None):
    return BlobSeen(shard, name, 10, digest, label, 0.0, revision)


def manifest(shard, counter=4, **more):
    return blob(shard, MANIFEST, revision=Revision(1, counter), **more)


WHOLE = (
    *(blob(shard) for shard in ("s1", "s2", "s3")),
    *(blob(shard, "thumb.webp") for shard in ("s1", "s2")),
    *(manifest(shard) for shard in ("s1", "s2", "s3", "s4")),
)


def found(*blobs, wanted=WANTED, silent=()):
    seen = Seen(ID, blobs, frozenset(silent))
    return [(f.code, f.shard, f.blob) for f in compare(wanted, seen)]


def but(shard, name, *others):
    """Return all blobs of a whole image but one."""
    return (*(b for b in WHOLE if (b.shard, b.name) != (shard, name)), *others)


def test_nothing_is_found_of_a_whole_image():
    assert found(*WHOLE) == []


def test_a_home_without_its_copy_is_missing_it():
    assert found(*but("s2", "original")) == [(Code.MISSING, "s2", "original")]


def test_a_rendition_belongs_on_the_first_homes_only():
    assert found(*but("s2", "thumb.webp")) == [(Code.MISSING, "s2", "thumb.webp")]


def test_a_hand_off_is_none_too_many_while_a_home_lacks_its_copy():
    assert found(*but("s2", "original", blob("s4"))) == [(Code.MISSING, "s2", "original")]


def test_a_hand_off_beside_full_homes_is_extra():
    assert found(*WHOLE, blob("s4")) == [(Code.EXTRA, "s4", "original")]


def test_a_hand_off_somebody_comes_back_for_is_not_extra():
    awaited = replace(WANTED, standing_in=True)
    assert found(*WHOLE, blob("s4"), wanted=awaited) == []


def test_a_copy_on_a_shard_that_is_no_position_is_misplaced():
    assert found(*WHOLE, blob("s5")) == [(Code.MISPLACED, "s5", "original")]


def test_other_bytes_are_corrupt_and_not_missing():
    bad = blob("s2", digest=BAD)
    assert found(*but("s2", "original", bad)) == [(Code.CORRUPT, "s2", "original")]


def test_right_bytes_with_another_label_have_a_wrong_label():
    wrong = blob("s2", label=None)
    assert found(*but("s2", "original", wrong)) == [(Code.LABEL_WRONG, "s2", "original")]


def test_an_older_manifest_is_stale():
    assert found(*but("s4", MANIFEST, manifest("s4", 3))) == [(Code.MANIFEST_STALE, "s4", MANIFEST)]


def test_a_manifest_that_cannot_be_read_is_damaged():
    damaged = blob("s4", MANIFEST, digest=BAD)
    assert found(*but("s4", MANIFEST, damaged)) == [(Code.MANIFEST_DAMAGED, "s4", MANIFEST)]


def test_a_later_tombstone_makes_the_row_stale():
    later = blob("s1", TOMBSTONE, revision=Revision(1, 5))
    assert found(*WHOLE, later) == [(Code.ROW_STALE, "s1", TOMBSTONE)]


def test_an_earlier_tombstone_is_nothing():
    earlier = blob("s1", TOMBSTONE, revision=Revision(1, 3))
    assert found(*WHOLE, earlier) == []


def test_an_epoch_counts_more_than_a_revision():
    later = blob("s1", TOMBSTONE, revision=Revision(2, 1))
    assert found(*WHOLE, later) == [(Code.ROW_STALE, "s1", TOMBSTONE)]


def test_bytes_of_an_erased_image_are_extra():
    gone = replace(WANTED, record=TOMBSTONE, deleted=True, erased=True)
    tombs = [blob(shard, TOMBSTONE, revision=Revision(1, 4)) for shard in gone.recording]
    assert found(*tombs, blob("s2"), wanted=gone) == [(Code.EXTRA, "s2", "original")]


def test_an_image_without_a_good_original_anywhere_is_a_row_without_bytes():
    blobs = [b for b in WHOLE if b.name != "original"]
    assert (Code.ROW_WITHOUT_BYTES, "", "original") in found(*blobs)


def test_a_young_image_may_lack_copies():
    young = replace(WANTED, settling=True, record="")
    assert found(blob("s1"), blob("s2"), wanted=young) == []


def test_a_record_cut_in_half_is_damaged_also_while_its_image_settles():
    young = replace(WANTED, settling=True)
    torn = manifest("s2", digest=BAD)
    assert found(*but("s2", MANIFEST, torn), wanted=young) == [
        (Code.MANIFEST_DAMAGED, "s2", MANIFEST)
    ]


def test_a_young_image_may_lack_records_and_have_old_ones():
    young = replace(WANTED, settling=True)
    assert found(*but("s2", MANIFEST, manifest("s3", 3)), wanted=young) == []


def test_only_a_tombstone_is_no_orphan():
    seen = Seen(ID, (blob("s1", TOMBSTONE, revision=Revision(1, 1)),))
    assert compare_orphan(seen, tombstone=Revision(1, 1)) == []


def test_blobs_without_a_row_are_an_orphan_on_each_shard():
    seen = Seen(ID, (blob("s1"), manifest("s1"), blob("s2")))
    assert count_by_shard(compare_orphan(seen, tombstone=None)) == {
        "s1": {"orphan": 1},
        "s2": {"orphan": 1},
    }


def test_every_code_says_what_it_means():
    assert MEANINGS.keys() == set(Code)


names = st.sampled_from(["original", "thumb.webp", MANIFEST, TOMBSTONE, "old.jpg"])
digests = st.sampled_from([GOOD, BAD])
revisions = st.builds(Revision, st.integers(1, 2), st.integers(1, 6))


@st.composite
def sights(draw):
    """Return anything that may be seen of an image, each blob once per shard."""
    keys = draw(st.lists(st.tuples(st.sampled_from(SHARDS), names), unique=True, max_size=14))
    silent = draw(st.frozensets(st.sampled_from(SHARDS)))
    blobs = tuple(
        blob(
            shard,
            name,
            digest=draw(digests),
            label=draw(st.one_of(st.none(), digests)),
            revision=draw(revisions) if name in {MANIFEST, TOMBSTONE} else None,
        )
        for shard, name in keys
        if shard not in silent
    )
    return Seen(ID, blobs, silent)


@given(sights())
def test_a_shard_that_cannot_tell_never_misses_anything(seen):
    silent = {f.shard for f in compare(WANTED, seen) if f.code is not Code.CANNOT_TELL}
    assert silent.isdisjoint(seen.silent)


@given(sights())
def test_nothing_is_lost_while_a_position_cannot_tell(seen):
    codes = {finding.code for finding in compare(WANTED, seen)}
    silent = seen.silent & set(WANTED.positions)
    assert not (silent and Code.ROW_WITHOUT_BYTES in codes)


@given(sights())
def test_a_good_copy_at_home_is_never_found_fault_with(seen):
    good = {
        (b.shard, b.name)
        for b in seen.blobs
        if b.name in WANTED.copies and b.digest == b.label_digest == GOOD
        if b.shard in WANTED.homes_of(b.name)
    }
    assert good.isdisjoint({(f.shard, f.blob) for f in compare(WANTED, seen)})


@given(sights())
def test_a_blob_has_one_fault_at_a_shard_besides_its_place(seen):
    placing = {Code.EXTRA, Code.MISPLACED, Code.ROW_STALE}
    faults = [f for f in compare(WANTED, seen) if f.code not in placing and f.blob and f.shard]
    assert len(faults) == len({(f.shard, f.blob) for f in faults})


SIZE = "w640h480fit.webp"
MADE = (blob("s1", SIZE), blob("s2", SIZE))


def test_a_size_made_on_demand_is_no_finding_though_no_row_lists_it():
    assert found(*WHOLE, *MADE) == []


def test_a_size_made_on_demand_belongs_on_as_many_homes_as_a_rendition():
    assert found(*WHOLE, MADE[0]) == [(Code.MISSING, "s2", SIZE)]
    assert found(*WHOLE, *MADE, blob("s4", SIZE)) == [(Code.EXTRA, "s4", SIZE)]
    assert found(*WHOLE, *MADE, blob("s5", SIZE)) == [(Code.MISPLACED, "s5", SIZE)]


def test_a_bad_copy_of_a_size_made_on_demand_is_corrupt():
    assert found(*WHOLE, MADE[0], blob("s2", SIZE, digest=BAD)) == [(Code.CORRUPT, "s2", SIZE)]


def test_a_size_made_on_demand_without_a_good_copy_is_corrupt_and_not_missing():
    assert found(*WHOLE, blob("s1", SIZE, digest=BAD)) == [(Code.CORRUPT, "s1", SIZE)]


def test_of_two_makes_of_a_size_the_more_frequent_counts():
    copies = (blob("s1", SIZE, digest=BAD, label=BAD), blob("s2", SIZE), blob("s4", SIZE))
    assert found(*WHOLE, *copies) == [(Code.CORRUPT, "s1", SIZE)]


def test_a_size_made_on_demand_of_an_erased_image_is_extra():
    erased = replace(WANTED, erased=True, deleted=True, record=TOMBSTONE)
    tombs = [blob(s, TOMBSTONE, revision=Revision(1, 4)) for s in WANTED.recording]
    assert found(*tombs, MADE[0], wanted=erased) == [(Code.EXTRA, "s1", SIZE)]
