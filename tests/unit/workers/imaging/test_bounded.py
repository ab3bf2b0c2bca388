import os

import pytest

from workers.imaging.bounded import BoundedFile

CONTENT = b"0123456789"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "original"
    path.write_bytes(CONTENT)
    with BoundedFile(os.open(path, os.O_RDONLY)) as file:
        yield file


@pytest.mark.parametrize(
    ("asked", "given"), [(3, b"012"), (2**50, CONTENT), (-1, CONTENT), (0, b"")]
)
def test_no_more_is_read_than_is_there(file, asked, given):
    assert file.read(asked) == given


def test_reading_goes_on_where_it_stopped(file):
    file.read(4)
    assert file.read(2**50) == b"456789"


@pytest.mark.parametrize("position", [10, 99])
def test_behind_the_end_there_is_nothing(file, position):
    file.seek(position)
    assert file.read(2**50) == b""
