"""What `bootstrap` does to shards: those it is told of, and no others."""

import shutil

import pytest
from amqp.exceptions import AccessRefused
from django.core.management import CommandError, call_command

from config.management.commands import bootstrap
from tests.factories import isolate, make_user
from webapp.cluster.models import ClusterState, Shard
from webapp.cluster.services import shard_add, shard_set_state, shard_set_url
from webapp.cluster.snapshot import topology_now
from webapp.core.keys import TOPOLOGY_KEY
from webapp.core.shards import ShardState
from webapp.core.topology import topology_load

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folders(settings, tmp_path, monkeypatch):
    isolate(settings, tmp_path)
    monkeypatch.setattr(bootstrap, "queues_declare", list)  # there is no broker
    folders = {name: tmp_path / name for name in ("s1", "s2", "s9")}
    for folder in folders.values():
        folder.mkdir()
    update = {"admin_password": "", "replica_count": 2}
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update=update)
    ask(settings, {name: folders[name] for name in ("s1", "s2")})
    return folders


def ask(settings, folders):
    """Have the settings name these folders, as a profile in another data folder does."""
    asked = tuple(f"{name}=file://{folder}@z1" for name, folder in folders.items())
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"bootstrap_shards": asked})


def urls():
    return dict(Shard.objects.values_list("name", "url"))


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


@pytest.mark.parametrize("error", [ConnectionRefusedError("refused"), AccessRefused("refused")])
def test_a_broker_that_is_away_or_refuses_us_is_said_in_a_line(folders, monkeypatch, error):
    def declare():
        raise error

    monkeypatch.setattr(bootstrap, "queues_declare", declare)
    with pytest.raises(CommandError, match=r"broker does not answer .*refused"):
        call_command("bootstrap")


@pytest.fixture
def used(folders, settings):
    """Folders of an installation that was started once, and has users."""
    call_command("bootstrap")
    make_user()
    return {name: folders[name] for name in ("s1", "s2")}


def test_shards_of_a_folder_that_was_renamed_are_where_it_is_now(used, settings, tmp_path, capsys):
    moved = {name: folder.rename(tmp_path / f"new-{name}") for name, folder in used.items()}
    ask(settings, moved)
    call_command("bootstrap")
    assert urls() == {name: f"file://{folder}" for name, folder in moved.items()}
    published = (moved["s2"] / TOPOLOGY_KEY).read_bytes()
    assert topology_load(published, keyring=settings.SHOEBOX.keyring) == topology_now()
    assert f"shard s1: is at file://{moved['s1']} now" in capsys.readouterr().out


def test_shards_that_move_to_where_others_were_are_told_apart(used, settings, tmp_path):
    used["s1"].rename(tmp_path / "aside")
    used["s2"].rename(used["s1"])
    (tmp_path / "aside").rename(used["s2"])
    ask(settings, {"s1": used["s2"], "s2": used["s1"]})
    call_command("bootstrap")
    assert urls() == {"s1": f"file://{used['s2']}", "s2": f"file://{used['s1']}"}


def test_a_copy_neither_believes_nor_writes_what_it_was_copied_from(used, settings, tmp_path):
    copies = {name: shutil.copytree(folder, tmp_path / f"{name}c") for name, folder in used.items()}
    before = topology_now()
    shard_set_state(name="s2", state=ShardState.READ_ONLY)  # the original goes on
    said = {name: (folder / TOPOLOGY_KEY).read_bytes() for name, folder in used.items()}
    Shard.objects.filter(name="s2").update(state="active")  # as the index that was copied has it
    ClusterState.objects.update(topology_revision=before.revision)
    settings.SHOEBOX.topology_file.unlink()
    ask(settings, copies)
    call_command("bootstrap")
    assert states() == {"s1": "active", "s2": "active"}
    assert {name: (folder / TOPOLOGY_KEY).read_bytes() for name, folder in used.items()} == said


@pytest.mark.parametrize("there", ["another", "none"])
def test_a_place_without_the_shard_is_not_taken_for_it(used, settings, tmp_path, there):
    (tmp_path / "empty").mkdir()
    place = {"another": used["s1"], "none": tmp_path / "empty"}[there]
    ask(settings, {**used, "s2": place})
    with pytest.raises(CommandError, match=rf"'s2' was at file://{used['s2']} .* file://{place}"):
        call_command("bootstrap")
    assert urls()["s2"] == f"file://{used['s2']}"


def test_where_an_operator_put_a_shard_counts_more_than_settings_of_before(used, tmp_path):
    shutil.copytree(used["s1"], tmp_path / "disk")
    shard_set_url(name="s1", url=f"file://{tmp_path}/disk")
    call_command("bootstrap")
    assert urls()["s1"] == f"file://{tmp_path}/disk"


def test_a_shard_that_is_down_is_expected_back_where_the_settings_name_it(used, settings, tmp_path):
    shard_set_state(name="s1", state=ShardState.DOWN)
    ask(settings, {"s1": tmp_path / "not-mounted", "s2": used["s2"].rename(tmp_path / "new")})
    call_command("bootstrap")
    assert urls() == {"s1": f"file://{tmp_path}/not-mounted", "s2": f"file://{tmp_path}/new"}
