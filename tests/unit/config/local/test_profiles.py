import pytest

from config.env import load
from config.local.profile import DEFAULT_PORTS, data_folder, profile_ports
from config.local.profiles import profile_load
from config.local.servers import postgres, rabbitmq
from config.local.service import LocalError


@pytest.fixture
def environ(tmp_path):
    return {"SHOEBOX_DATA": str(tmp_path)}


@pytest.fixture(autouse=True)
def debian(monkeypatch):
    """Server programs are found, whether they are installed here or not."""
    for module in (rabbitmq, postgres):
        monkeypatch.setattr(module, "get_program", lambda name, *_, **__: f"/usr/bin/{name}")


@pytest.fixture(params=["embedded", "cluster"])
def profile(request, environ):
    return profile_load(request.param, environ)


def test_our_settings_accept_what_a_profile_sets(profile):
    assert load(profile.environment).profile == profile.name


def test_no_two_processes_of_a_profile_want_the_same_port(profile):
    wanted = [port for service in profile.services for port in service.ports]
    assert len(wanted) == len(set(wanted))


def test_every_port_of_a_profile_can_be_moved(profile):
    variables = {name for service in profile.services for name in service.ports.values()}
    assert variables <= DEFAULT_PORTS[profile.name].keys()


def test_both_profiles_run_side_by_side(environ):
    ports = [
        {port for service in profile_load(name, environ).services for port in service.ports}
        for name in ("embedded", "cluster")
    ]
    assert not ports[0] & ports[1]


def test_no_secret_is_on_a_command_line(profile):
    words = " ".join(word for service in profile.services for word in service.command)
    assert [name for name, value in profile.secrets.items() if value in words] == []


def test_four_shards_lie_in_two_zones(profile):
    shards = profile.environment["SHOEBOX_BOOTSTRAP_SHARDS"].split(",")
    assert [shard.rpartition("@")[2] for shard in shards] == ["z1", "z1", "z2", "z2"]


def test_a_folder_named_with_separators_stays_one_shard_each(tmp_path):
    data = tmp_path / "a,b=c@d e%f"
    data.mkdir()
    profile = profile_load("embedded", {"SHOEBOX_DATA": str(data)})
    assert len(load(profile.environment).bootstrap_shards) == 4


def test_every_process_ends_in_time_for_a_stop_within_ten_seconds(profile):
    first, then = profile.stop_groups
    assert {service.name for service in (*first, *then)} == {s.name for s in profile.services}
    assert max(service.stop_seconds for service in first) <= 8


def test_a_port_can_be_moved():
    assert profile_ports("embedded", {"WRITE_PORT": "9000"})["WRITE_PORT"] == 9000


@pytest.mark.parametrize("wrong", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_named(wrong):
    with pytest.raises(LocalError, match=f"READ_PORT={wrong} is not a port"):
        profile_ports("cluster", {"READ_PORT": wrong})


def test_profiles_keep_their_data_apart():
    assert data_folder("embedded", {}) != data_folder("cluster", {})


@pytest.mark.parametrize("name", ["embedded", "cluster"])
def test_sizes_on_demand_are_made_where_a_port_is_given(environ, name):
    off = profile_load(name, environ)
    on = profile_load(name, {**environ, "RENDER_PORT": "8703"})
    assert "SHOEBOX_RENDER_URL" not in off.environment
    assert load(on.environment).render_url == "http://127.0.0.1:8703"
    added = {s.name for s in on.processes} - {s.name for s in off.processes}
    assert added == {"render"}
