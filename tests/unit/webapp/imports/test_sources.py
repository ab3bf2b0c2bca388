import os
import zipfile

import pytest

from webapp.core.errors import NotFoundError
from webapp.imports.archive import entries_of, is_archive
from webapp.imports.sources import Passed, Refused, Source, items_in


def test_a_folder_is_gone_through_in_the_order_of_names(tmp_path):
    for name in ("b.jpg", "a.jpg", "c/d.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    names = [os.path.relpath(item.name, tmp_path) for item in items_in(tmp_path, recursive=True)]
    assert names == ["a.jpg", "b.jpg", "c/d.jpg"]


def test_a_link_in_a_circle_is_stepped_over(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)
    (item,) = items_in(tmp_path, recursive=True)
    assert (type(item), item.why) == (Passed, "a symbolic link")


def test_a_pipe_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (item,) = items_in(tmp_path, recursive=True)
    assert (type(item), item.why) == (Passed, "not a file")


def test_a_path_that_is_named_may_be_a_link(tmp_path):
    (tmp_path / "real.jpg").write_bytes(b"x")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real.jpg")
    (item,) = items_in(tmp_path / "link.jpg", recursive=False)
    assert isinstance(item, Source)
    assert b"".join(item.chunks()) == b"x"


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(NotFoundError, match="nowhere"):
        list(items_in(tmp_path / "nowhere", recursive=False))


def test_an_archive_is_told_by_its_beginning(tmp_path):
    zipped, plain = tmp_path / "a.jpg", tmp_path / "b.zip"
    with zipfile.ZipFile(zipped, "w") as made:
        made.writestr("x", b"y")
    plain.write_bytes(b"\xff\xd8\xff" + zipped.read_bytes())
    assert (is_archive(zipped), is_archive(plain), is_archive(tmp_path)) == (True, False, False)


@pytest.mark.parametrize("size", [0, 10, 60, 100])
def test_an_archive_that_is_cut_is_refused(tmp_path, size):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("cat.jpg", b"y" * 50)
    path.write_bytes(path.read_bytes()[:size])
    (item,) = entries_of(path)
    assert (type(item), item.error.code) == (Refused, "not-decodable")
