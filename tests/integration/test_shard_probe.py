"""What operators are told of shards that are well, away, or not themselves."""

import io
import shutil

import pytest
from django.core.management import CommandError, call_command

from tests.factories import isolate, make_cluster

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shards(settings, tmp_path):
    isolate(settings, tmp_path)
    return make_cluster(tmp_path)


def probe():
    out = io.StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("shard", "probe", stdout=out)
    return out.getvalue().splitlines(), str(failure.value)


def test_shards_that_are_well_are_said_to_be(shards):
    out = io.StringIO()
    call_command("shard", "probe", stdout=out)

    assert [line.partition(",")[0] for line in out.getvalue().splitlines()] == [
        f"{name}: verified writes" for name in shards
    ]


def test_a_shard_that_is_away_does_not_keep_the_others_from_being_probed(shards):
    shutil.rmtree(shards["s2"])

    lines, failure = probe()

    assert [line.partition(":")[0] for line in lines] == ["s1", "s2", "s3", "s4"]
    assert failure == "Not well: s2"


def test_a_swapped_shard_is_not_well(shards):
    shutil.rmtree(shards["s2"])
    shutil.copytree(shards["s3"], shards["s2"])

    _, failure = probe()

    assert failure == "Not well: s2"
