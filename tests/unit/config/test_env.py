from pathlib import Path

import pytest

from config.env import load
from config.settings import _database
from config.variables import Settings
from webapp.core.errors import ConfigurationError

CLUSTER = {
    "SHOEBOX_PROFILE": "cluster",
    "SHOEBOX_SECRET_KEY": "x" * 40,
    "SHOEBOX_SIGNING_KEYS": "k1:" + "ab" * 32,
    "SHOEBOX_DATABASE_URL": "postgresql://u:p@h/n",
    "SHOEBOX_BROKER_URL": "amqp://u:p@h//",
    "SHOEBOX_TOPOLOGY_FILE": "/var/t.json",
    "SHOEBOX_JOURNAL_FILE": "/var/d.json",
    "SHOEBOX_SPOOL": "/var/spool",
    "SHOEBOX_WRITE_URL": "https://images.example/",
    "SHOEBOX_READ_URL": "https://i.example",
    "SHOEBOX_ALLOWED_HOSTS": "images.example, other.example",
}


def test_a_complete_environment_is_read():
    settings = load(CLUSTER)
    assert settings.write_url == "https://images.example"
    assert settings.allowed_hosts == ("images.example", "other.example")
    assert not settings.embedded


@pytest.mark.parametrize("name", [n for n in CLUSTER if n != "SHOEBOX_PROFILE"])
def test_outside_the_embedded_profile_nothing_needed_has_a_default(name):
    with pytest.raises(ConfigurationError, match=f"{name}: missing"):
        load({k: v for k, v in CLUSTER.items() if k != name})


@pytest.mark.parametrize("empty", ["", " ", ","])
@pytest.mark.parametrize("name", [n for n in CLUSTER if n != "SHOEBOX_PROFILE"])
def test_what_is_needed_and_given_empty_is_missing(name, empty):
    with pytest.raises(ConfigurationError, match=f"{name}: missing"):
        load({**CLUSTER, name: empty})


def test_a_folder_that_is_given_empty_is_the_default_one():
    assert load({**CLUSTER, "SHOEBOX_DATA": ""}).data == Path("data")


def test_the_file_is_read_in_the_default_folder_when_another_is_given_empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "env").write_text("SHOEBOX_PROFILE=embedded\nSHOEBOX_ZONE=there\n")
    assert load({"SHOEBOX_DATA": ""}).zone == "there"


def test_the_embedded_profile_fills_what_is_given_empty():
    embedded = {"SHOEBOX_PROFILE": "embedded", "SHOEBOX_WRITE_URL": ""}
    assert load(embedded).write_url == "http://127.0.0.1:8000"


@pytest.mark.parametrize("name", ["a#b", "a?b", "a%23b", "a b;c"])
def test_the_index_lies_in_the_data_folder_whatever_its_name(tmp_path, name):
    embedded = {"SHOEBOX_PROFILE": "embedded", "SHOEBOX_DATA": str(tmp_path / name)}
    database = _database(load(embedded).database_url)
    assert Path(database["NAME"]).resolve() == tmp_path / name / "index.sqlite3"


def test_what_libpq_takes_behind_the_address_of_the_index_is_kept():
    url = "postgresql://u:p%2F@[::1]:1/n%20m?sslmode=verify-full&connect_timeout=3"
    database = _database(load({**CLUSTER, "SHOEBOX_DATABASE_URL": url}).database_url)
    said = [database[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")]
    assert said == ["n m", "u", "p/", "::1", "1"]
    options = {name: database["OPTIONS"][name] for name in ("sslmode", "connect_timeout")}
    assert options == {"sslmode": "verify-full", "connect_timeout": "3"}


def test_the_index_may_be_on_several_hosts():
    url = "postgresql://u:p@h1:1,h2:2/n?target_session_attrs=read-write"
    database = _database(load({**CLUSTER, "SHOEBOX_DATABASE_URL": url}).database_url)
    assert (database["HOST"], database["PORT"]) == ("h1,h2", "1,2")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u:s3cret@h/n?ssl=on", 'SHOEBOX_DATABASE_URL: .*"ssl"'),
        ("postgresql://u:s3cret@h:port/n?a", "SHOEBOX_DATABASE_URL: "),
        ("postgresql://u:s3cret@[h/n", "SHOEBOX_DATABASE_URL: "),
    ],
)
def test_an_address_libpq_does_not_take_is_told_without_its_password(url, words):
    with pytest.raises(ConfigurationError, match=words) as error:
        _database(load({**CLUSTER, "SHOEBOX_DATABASE_URL": url}).database_url)
    assert "s3cret" not in error.value.detail


def test_the_embedded_profile_fills_the_gaps(tmp_path):
    settings = load({"SHOEBOX_PROFILE": "embedded", "SHOEBOX_DATA": str(tmp_path)})
    assert settings.topology_file == tmp_path / "topology.json"
    assert settings.keyring.current.key_id == "k1"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SHOEBOX_COLOUR", "blue", "unknown setting"),
        ("SHOEBOX_SECRET_KEY", "short", "at least 32"),
        ("SHOEBOX_SIGNING_KEYS", "k1:abcd", "key 1"),
        ("SHOEBOX_ADMIN_TOKEN", "x", "SHOEBOX_ADMIN_TOKEN: Value error, at least 32"),
        ("SHOEBOX_MAX_UPLOAD_BYTES", "many", "integer"),
        ("SHOEBOX_METADATA_POLICY", "some", "strip-location"),
        ("SHOEBOX_READ_URL", "i.example", "http"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named(name, value, words):
    with pytest.raises(ConfigurationError) as caught:
        load({**CLUSTER, name: value})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "marks",
    [{"LOW_WATER": "0.95"}, {"HIGH_WATER": "0.8"}, {"LOW_WATER": "0.5", "HIGH_WATER": "0.4"}],
)
def test_a_shard_is_not_used_again_while_it_counts_as_full(marks):
    with pytest.raises(ConfigurationError, match=r"SHOEBOX_LOW_WATER: .* is above SHOEBOX_HIGH"):
        load({**CLUSTER, **{f"SHOEBOX_{name}": value for name, value in marks.items()}})


def test_all_problems_are_told_at_once():
    with pytest.raises(ConfigurationError) as caught:
        load({**CLUSTER, "SHOEBOX_COLOUR": "blue", "SHOEBOX_SECRET_KEY": "short"})
    assert "COLOUR" in str(caught.value)
    assert "SECRET_KEY" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOEBOX_SECRET_KEY", "hunter2"),
        ("SHOEBOX_SIGNING_KEYS", "hunter2" * 8),
        ("SHOEBOX_SIGNING_KEYS", "hunter2" * 8 + ":k1"),
        ("SHOEBOX_SIGNING_KEYS", "k1:" + "ab" * 32 + ",hunter2"),
        ("SHOEBOX_RATE_LIMIT_URL", "tcp://:hunter2@cache:6379"),
        ("SHOEBOX_RATE_LIMIT_URL", "redis://:hunter2/x@cache:6379"),
        ("SHOEBOX_SHARED_CACHE_URL", ":hunter2@cache:6379"),
        ("SHOEBOX_DATABASE_URL", "postgresql://u:hunter2/x@h/n"),
        ("SHOEBOX_DATABASE_URL", "postgresql://u:12#hunter2@h/n"),
        ("SHOEBOX_DATABASE_URL", "postgresql://u:[hunter2@h/n"),
        ("SHOEBOX_BROKER_URL", "amqp://u:hunter2?x@h//"),
        ("SHOEBOX_BROKER_URL", "amqp://u:p@h//;amqp://u:hunter2/x@h//"),
        ("SHOEBOX_BROKER_API", "http://u:hunter2#x@h:15672/api/"),
    ],
)
def test_a_secret_is_not_repeated_in_an_error(name, value):
    with pytest.raises(ConfigurationError) as caught:
        load({**CLUSTER, name: value})
    assert ("hunter2" in str(caught.value), name in str(caught.value)) == (False, True)


def test_a_password_may_hold_anything_that_is_encoded():
    url = "postgresql://u:%2F%23%3F%40;@h:5432/n"
    assert load({**CLUSTER, "SHOEBOX_DATABASE_URL": url}).database_url == url


def test_credentials_are_read_by_shard():
    names = {"SHOEBOX_SHARD_EU_1_ACCESS_KEY": "a", "SHOEBOX_SHARD_EU_1_SECRET_KEY": "s"}
    assert load({**CLUSTER, **names}).shard_credentials == {"eu-1": ("a", "s")}


def test_a_folder_with_an_env_file_needs_no_environment(tmp_path):
    lines = [f"{name}={value}" for name, value in CLUSTER.items()]
    (tmp_path / "env").write_text("\n".join(lines))
    assert load({"SHOEBOX_DATA": str(tmp_path)}).read_url == "https://i.example"


def test_every_setting_says_what_it_is():
    assert [n for n, f in Settings.model_fields.items() if not f.description] == []
