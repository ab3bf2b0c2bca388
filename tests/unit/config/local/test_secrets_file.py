import stat

from config.local.secrets_file import CLUSTER, EMBEDDED, index_private, secrets_load, write_private


def test_secrets_are_made_once_and_kept(tmp_path):
    path = tmp_path / "secrets.env"
    first = secrets_load(path, wanted=EMBEDDED)
    assert secrets_load(path, wanted=EMBEDDED) == first


def test_a_secret_added_later_leaves_the_others_as_they_are(tmp_path):
    path = tmp_path / "secrets.env"
    first = secrets_load(path, wanted=EMBEDDED)
    both = secrets_load(path, wanted=CLUSTER)
    assert first.items() <= both.items()


def test_no_two_installations_share_a_secret(tmp_path):
    one = secrets_load(tmp_path / "one", wanted=CLUSTER)
    other = secrets_load(tmp_path / "other", wanted=CLUSTER)
    assert not set(one.values()) & set(other.values())


def test_a_private_file_is_readable_by_its_owner_alone(tmp_path):
    path = tmp_path / "private"
    path.write_text("before")
    path.chmod(0o644)
    write_private(path, {"NAME": "value"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_value_may_hold_an_equals_sign(tmp_path):
    path = tmp_path / "private"
    write_private(path, {"NAME": "a=b="})
    assert secrets_load(path, wanted={}) == {"NAME": "a=b="}


def test_an_index_is_for_its_owner_alone_whenever_it_was_made(tmp_path):
    for name in ("old", "old-wal", "old-shm"):
        (tmp_path / name).touch(mode=0o644)
    index_private(tmp_path / "old")
    index_private(tmp_path / "new")
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert (tmp_path / "new").exists()
