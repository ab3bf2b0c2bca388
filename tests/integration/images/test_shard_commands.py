"""Commands that tell of shards and what lies on them."""

import pytest
from django.core.management import call_command

from webapp.cluster.services import shard_add
from webapp.core.errors import ConflictError

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_store_is_added_once(shards, tmp_path):
    with pytest.raises(ConflictError):
        shard_add(name="s9", url=f"file://{shards['s1']}", zone="z1")
    (tmp_path / "alias").symlink_to(shards["s1"])
    with pytest.raises(ConflictError):
        shard_add(name="s9", url=f"file://{tmp_path}/alias", zone="z1")


def test_locate_says_where_an_image_should_be_and_where_it_is(shards, ready, capsys):
    call_command("locate", ready.id)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert sum("original" in line for line in lines) == 3
    assert sum("hand-off" in line for line in lines) == 1


def test_the_shard_list_shows_shares(shards, capsys):
    call_command("shard", "list")
    out = capsys.readouterr().out
    assert "s1" in out
    assert "%" in out
