import io
import threading
import time

import pytest

from tests.processes import kill
from tests.unit.workers.imaging.pictures import encoded, noise, quadrants
from webapp.core.errors import BusyError, NotDecodableError, TooCostlyError, TruncatedError
from webapp.core.on_demand import size_parse
from workers.imaging.drawer import Drawer
from workers.imaging.errors import (
    ChildKilledError,
    CodecMissingError,
    LimitHitError,
)
from workers.imaging.errors import NotDecodableError as Refused
from workers.imaging.model import Limits

PRESET = size_parse("w30fit").preset("webp")


@pytest.fixture
def drawer():
    one = Drawer(Limits())
    yield one
    one.close()


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(encoded(quadrants(), "JPEG").read())
    return path


def test_the_one_rendition_comes_back(drawer, picture):
    rendition = drawer.draw(picture, PRESET)
    assert (rendition.content_type, rendition.width, rendition.height) == ("image/webp", 30, 20)


def test_a_child_that_was_killed_while_idle_is_replaced(drawer, picture):
    drawer.draw(picture, PRESET)
    kill(drawer._renderer.pid)
    assert drawer.draw(picture, PRESET).width == 30


@pytest.mark.parametrize(
    ("error", "said", "tries"),
    [
        (ChildKilledError("signal 9"), BusyError, 2),
        (LimitHitError("wall", "40 s"), BusyError, 1),
        (LimitHitError("cpu", "20 s"), TooCostlyError, 1),
        (LimitHitError("memory"), TooCostlyError, 1),
        (Refused("truncated"), TruncatedError, 1),
        (Refused("unsupported-type"), NotDecodableError, 1),
        (CodecMissingError("HEIF"), NotDecodableError, 1),
    ],
)
def test_a_failure_says_who_must_act(drawer, picture, monkeypatch, error, said, tries):
    asked = []

    def render(original, *, presets):
        asked.append(presets)
        raise error

    monkeypatch.setattr(drawer._renderer, "render", render)
    with pytest.raises(said, match=error.code):
        drawer.draw(picture, PRESET)
    assert len(asked) == tries


def test_closing_ends_a_decode_that_is_under_way(drawer, tmp_path):
    path = tmp_path / "large"
    buffer = io.BytesIO()
    noise(3000, 3000).save(buffer, "PNG", compress_level=1)
    path.write_bytes(buffer.getvalue())
    threading.Timer(0.2, drawer.close).start()
    began = time.monotonic()
    try:
        drawer.draw(path, PRESET)
    except BusyError:
        assert time.monotonic() - began < 20
    with pytest.raises(BusyError):
        drawer.draw(path, PRESET)
