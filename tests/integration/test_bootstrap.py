"""What `bootstrap` does to shards: those it is told of, and no others."""

import pytest
from django.core.management import call_command

from config.management.commands import bootstrap
from tests.factories import isolate
from webapp.cluster.models import Shard
from webapp.cluster.services import shard_add

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folders(settings, tmp_path, monkeypatch):
    isolate(settings, tmp_path)
    monkeypatch.setattr(bootstrap, "queues_declare", list)  # there is no broker
    folders = {name: tmp_path / name for name in ("s1", "s2", "s9")}
    for folder in folders.values():
        folder.mkdir()
    asked = tuple(f"{name}=file://{folders[name]}@z1" for name in ("s1", "s2"))
    update = {"bootstrap_shards": asked, "admin_password": "", "replica_count": 2}
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update=update)
    return folders


def states():
    return dict(Shard.objects.values_list("name", "state"))


def test_the_shards_it_is_told_of_are_added_and_active_and_twice_is_once(folders):
    for _ in range(2):
        call_command("bootstrap")
        assert states() == {"s1": "active", "s2": "active"}


def test_a_shard_somebody_else_added_is_not_activated_with_them(folders):
    shard_add(name="s9", url=f"file://{folders['s9']}", zone="z2")
    call_command("bootstrap")
    assert states() == {"s1": "active", "s2": "active", "s9": "joining"}


def test_what_was_added_before_a_crash_is_activated(folders):
    shard_add(name="s1", url=f"file://{folders['s1']}", zone="z1")
    call_command("bootstrap")
    assert states() == {"s1": "active", "s2": "active"}
