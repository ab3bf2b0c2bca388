"""Several writers at once."""

from concurrent.futures import ThreadPoolExecutor

from tests.contract.blobs import get, labelled, put
from webapp.core.signing import bytes_digest

WRITERS = 10


def each(work, items) -> list:
    with ThreadPoolExecutor(WRITERS) as executor:
        return list(executor.map(work, items))


def test_ten_writers_of_one_key_leave_one_whole_blob(store, folder):
    contents = [bytes([65 + number]) * 200_000 for number in range(WRITERS)]
    each(lambda data: put(store, folder + "original", data), contents)
    with store.open(folder + "original") as blob:
        data = blob.read()
    assert data in contents
    assert blob.stat.label == labelled(data)


def test_ten_writers_of_many_keys_leave_them_all(store, folder):
    keys = [f"{folder}{number:03}" for number in range(100)]
    each(lambda key: put(store, key, key.encode()), keys)
    assert [get(store, key) for key in keys] == [key.encode() for key in keys]


def test_a_reader_never_sees_half_a_blob_or_anothers_label(store, folder):
    contents = [bytes([65 + number % 3]) * (1000 + number) for number in range(60)]
    put(store, folder + "manifest.json", contents[0])

    def look(_) -> bool:
        with store.open(folder + "manifest.json") as blob:
            data, label = blob.read(), blob.stat.label
        # Without attributes a replaced file has no label for a moment, never a wrong one.
        return data in contents and (label is None or label.digest == bytes_digest(data))

    with ThreadPoolExecutor(4) as executor:
        writes = [executor.submit(put, store, folder + "manifest.json", data) for data in contents]
        looks = [executor.submit(look, number) for number in range(120)]
        assert all(future.result() for future in looks)
        assert all(future.result() is None for future in writes)


def test_writers_and_deleters_of_one_folder_do_not_disturb_each_other(store, folder):
    def put_and_delete(number: int) -> None:
        key = f"{folder}{number}"
        put(store, key, b"x")
        store.delete(key)

    each(put_and_delete, range(150))
    assert list(store.keys(folder)) == []
