"""Which files are sent."""

from pathlib import Path

import pytest

from tests import samples
from tests.unit.webapp.client.fake import shoebox, write_pictures
from webapp.client.pictures import HEAD_BYTES, is_picture


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "folder"
    write_pictures(folder, "b.jpg", "a/z.jpg", ".hidden.jpg", ".git/c.jpg")
    (folder / "notes.jpg").write_text("no picture, whatever its name says")
    return folder


def test_pictures_below_a_folder_are_sent(fake, folder):
    assert shoebox(fake, "--recursive", folder) == 0
    assert set(fake.bodies) == {"b.jpg", "z.jpg"}


def test_what_is_no_picture_is_left_out_with_a_note(fake, folder, capsys):
    shoebox(fake, "-r", folder)
    assert f"skipped {folder / 'notes.jpg'}: no picture" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["elsewhere", "nowhere"])
def test_a_link_that_is_not_followed_is_told(fake, folder, tmp_path, capsys, target):
    write_pictures(tmp_path / "elsewhere", "y.jpg")
    (folder / "link").symlink_to(tmp_path / target)
    assert shoebox(fake, "-r", folder) == 0
    assert set(fake.bodies) == {"b.jpg", "z.jpg"}
    assert f"skipped {folder / 'link'}: a symbolic link" in capsys.readouterr().err


def test_a_link_to_a_picture_is_sent(fake, folder, tmp_path):
    (picture,) = write_pictures(tmp_path, "y.jpg")
    (folder / "link.jpg").symlink_to(picture)
    shoebox(fake, "-r", folder)
    assert "link.jpg" in fake.bodies


def test_a_file_that_was_named_is_sent_whatever_it_is(fake, folder):
    shoebox(fake, folder / "notes.jpg")
    assert set(fake.bodies) == {"notes.jpg"}


def test_a_file_named_twice_is_sent_once(fake, folder):
    shoebox(fake, folder / "b.jpg", folder / "b.jpg")
    assert len(fake.requests) == 1


@pytest.fixture
def denied(monkeypatch):
    """Let one name be looked at no more, as in a folder that can be listed and not entered."""
    real = {name: getattr(Path, name) for name in ("is_file", "is_dir", "open")}

    def deny(path):
        def asked(name):
            def ask(self, *words):
                if self == path:
                    raise PermissionError(13, "Permission denied")
                return real[name](self, *words)

            return ask

        for name in real:
            monkeypatch.setattr(Path, name, asked(name))

    return deny


@pytest.mark.parametrize("named", ["folder", "file"])
def test_what_may_not_be_looked_at_fails_alone(fake, folder, denied, capsys, named):
    denied(folder / "b.jpg")
    words = ["-r", folder] if named == "folder" else [folder / "b.jpg", folder / "a" / "z.jpg"]
    assert shoebox(fake, *words) == 1
    assert set(fake.bodies) == {"z.jpg"}
    assert f"failed {folder / 'b.jpg'}: cannot be read" in capsys.readouterr().err


def test_a_folder_without_pictures_is_told(fake, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert shoebox(fake, "-r", tmp_path / "empty") == 0
    assert "nothing to upload" in capsys.readouterr().err


@pytest.mark.parametrize(
    "make", [samples.jpeg, samples.png_with_alpha, samples.webp, samples.gif, samples.heic]
)
def test_every_type_is_known_by_its_beginning(make):
    assert is_picture(make()[:HEAD_BYTES])


@pytest.mark.parametrize("head", [b"", b"RIFF\0\0\0\0WAVE", b"\0\0\0\x18ftypmp42", b"%PDF-1.7"])
def test_other_files_are_not_pictures(head):
    assert not is_picture(head)
