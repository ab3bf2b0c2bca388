import tempfile

import pytest

from tests.unit.workers.imaging.pictures import encoded, quadrants
from tests.unit.workers.imaging.processes import is_gone
from webapp.core.presets import Preset
from workers.imaging import child_process
from workers.imaging.child import PICTURES_PER_CHILD
from workers.imaging.errors import ChildKilledError, NotDecodableError
from workers.imaging.render import render
from workers.imaging.renderer import Renderer

TINY = Preset("tiny", 8)


@pytest.fixture(scope="module")
def renderer():
    with Renderer() as renderer:
        yield renderer


@pytest.fixture
def photo():
    return encoded(quadrants(600, 400), "JPEG")


def test_a_child_makes_what_this_process_would_make(renderer, photo):
    assert renderer.render(photo.getvalue()) == render(photo)


def test_an_original_may_be_a_path(renderer, photo, tmp_path):
    (tmp_path / "original").write_bytes(photo.getvalue())
    assert renderer.render(tmp_path / "original").picture.width == 600


def test_an_original_may_be_an_open_file_at_any_position(renderer, photo):
    with tempfile.TemporaryFile() as file:
        file.write(photo.getvalue())
        assert renderer.render(file).picture.width == 600


def test_only_the_presets_asked_for_are_made(renderer, photo):
    rendered = renderer.render(photo.getvalue(), presets=[TINY])
    assert set(rendered.renditions) == {"tiny.webp", "tiny.jpg"}


def test_a_path_that_is_not_there_is_the_caller_s_error(renderer, tmp_path):
    with pytest.raises(FileNotFoundError):
        renderer.render(tmp_path / "missing")


def test_a_refusal_comes_with_its_reason(renderer, photo):
    with pytest.raises(NotDecodableError) as caught:
        renderer.render(photo.getvalue()[:900])
    assert caught.value.code == "truncated"


def test_one_child_serves_many_pictures(renderer, photo):
    renderer.render(photo.getvalue())
    pid = renderer.pid
    renderer.render(photo.getvalue())
    assert renderer.pid == pid


def test_a_child_that_refused_a_picture_is_replaced(renderer, photo):
    renderer.start()
    pid = renderer.pid
    with pytest.raises(NotDecodableError):
        renderer.render(b"not a picture")
    assert is_gone(pid)
    assert renderer.render(photo.getvalue()).renditions


def test_a_child_is_replaced_after_enough_pictures():
    picture = encoded(quadrants(8, 8), "PNG").getvalue()
    with Renderer() as renderer:
        pids = []
        for _ in range(PICTURES_PER_CHILD + 1):
            pids.append(renderer.pid)
            renderer.render(picture, presets=[TINY])
    assert pids.count(pids[0]) == PICTURES_PER_CHILD
    assert is_gone(pids[0])


def test_a_closed_renderer_leaves_no_child(photo):
    with Renderer() as renderer:
        renderer.render(photo.getvalue())
        pid = renderer.pid
    assert is_gone(pid)


def test_a_forgotten_renderer_leaves_no_child(photo):
    renderer = Renderer()
    renderer.render(photo.getvalue())
    pid = renderer.pid
    del renderer
    assert is_gone(pid)


def test_a_machine_that_cannot_start_a_child_is_not_the_picture_s_fault(photo, monkeypatch):
    monkeypatch.setattr(child_process.sys, "executable", "/nowhere/python")
    with pytest.raises(ChildKilledError):
        Renderer().render(photo.getvalue())


def test_a_child_that_does_not_come_up_is_not_the_picture_s_fault(photo, monkeypatch):
    monkeypatch.setattr(child_process.sys, "executable", "/bin/false")
    with pytest.raises(ChildKilledError):
        Renderer().render(photo.getvalue())


def test_no_file_is_left(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Renderer() as renderer:
        renderer.render(photo.getvalue())
        assert not list(tmp_path.iterdir())


def test_two_encoders_at_a_time_make_the_same(renderer, photo):
    with Renderer(threads=2) as faster:
        assert faster.render(photo.getvalue()) == renderer.render(photo.getvalue())


def test_each_rendition_is_told_of_as_soon_as_it_is_made_the_largest_first(renderer, photo):
    told = {}
    rendered = renderer.render(photo.getvalue(), made=told.__setitem__)
    assert told == rendered.renditions
    widths = [rendition.width for rendition in told.values()]
    assert widths == sorted(widths, reverse=True)
