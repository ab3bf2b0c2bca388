"""Walking the keys of a shard."""

from concurrent.futures import ThreadPoolExecutor

from tests.contract.blobs import put

MANY = 2_500


def test_keys_come_in_order_and_only_under_the_prefix(store, folder):
    names = ["w800.webp", "manifest.json", "original", "thumb.jpg"]
    for name in names:
        put(store, folder + name, b"x")
    assert list(store.keys(folder)) == sorted(folder + name for name in names)


def test_a_prefix_may_end_within_a_name(store, folder):
    for name in ("original", "w1600.webp", "w320.webp"):
        put(store, folder + name, b"x")
    assert list(store.keys(folder + "w")) == [folder + "w1600.webp", folder + "w320.webp"]


def test_keys_start_after_a_key(store, folder):
    for name in ("manifest.json", "original", "w320.webp"):
        put(store, folder + name, b"x")
    assert list(store.keys(folder, after=folder + "original")) == [folder + "w320.webp"]


def test_keys_start_after_a_key_that_is_gone(store, folder):
    put(store, folder + "manifest.json", b"x")
    put(store, folder + "w320.webp", b"x")
    assert list(store.keys(folder, after=folder + "original")) == [folder + "w320.webp"]


def test_keys_of_several_folders_come_in_order(store, folder):
    partition = folder.split("/", maxsplit=1)[0] + "-several"
    expected = [f"{partition}/p{n}/{name}" for n in range(5) for name in ("a", "b")]
    for key in reversed(expected):
        put(store, key, b"x")
    assert list(store.keys(partition + "/")) == expected
    assert list(store.keys(partition + "/", after=expected[4])) == expected[5:]


def test_a_prefix_nothing_starts_with_gives_no_keys(store, folder):
    assert list(store.keys(folder)) == []


def test_a_sidecar_or_an_unfinished_file_is_no_key(store, folder):
    put(store, folder + "original", b"x")
    keys = list(store.keys(""))
    assert not [key for key in keys if "%" in key or "/tmp/" in key]  # noqa: S108 - no file of ours


def test_2500_keys_are_paged_in_order(one_of_each, folder):
    expected = [f"{folder}{number:05}" for number in range(MANY)]
    with ThreadPoolExecutor(10) as executor:
        for _ in executor.map(lambda key: put(one_of_each, key, b""), expected):
            pass
    assert list(one_of_each.keys(folder)) == expected
    assert list(one_of_each.keys(folder, after=expected[1_234])) == expected[1_235:]
