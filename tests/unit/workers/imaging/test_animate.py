import io

import pytest
from PIL import Image

from tests.unit.workers.imaging.pictures import BLUE, GREEN, RED, encoded, is_near, quadrants
from workers.imaging import animate, motion
from workers.imaging.render import render

COLOURS = (RED, GREEN, BLUE)
MOVING = ("GIF", "WEBP", "PNG", "AVIF")


def animation(image_format="GIF", *, size=(64, 48), colours=COLOURS, mode="RGB", **options):
    first, *later = (Image.new(mode, size, colour) for colour in colours)
    options = {"duration": 80, **options}
    return encoded(first, image_format, save_all=True, append_images=later, **options)


def moving(rendered, name="w320.webp"):
    return Image.open(io.BytesIO(rendered.renditions[name].data))


def middles(image):
    seen = []
    for number in range(image.n_frames):
        image.seek(number)
        seen.append(image.convert("RGB").getpixel((image.width // 2, image.height // 2)))
    return seen


@pytest.mark.parametrize("image_format", MOVING)
def test_an_animation_moves_as_webp(image_format):
    seen = middles(moving(render(animation(image_format))))
    assert all(is_near(a, b, 40) for a, b in zip(seen, COLOURS, strict=True))


@pytest.mark.parametrize("image_format", MOVING)
def test_its_fallback_stands_still_and_shows_the_first_frame(image_format):
    still = moving(render(animation(image_format)), "w320.jpg")
    assert getattr(still, "n_frames", 1) == 1
    assert is_near(still.getpixel((32, 24)), RED, 40)


def test_every_size_moves():
    rendered = render(animation(size=(900, 600)))
    webps = [name for name in rendered.renditions if name.endswith("webp")]
    assert [moving(rendered, name).n_frames for name in webps] == [3] * 4
    assert moving(rendered, "thumb.webp").size == (256, 256)


def test_sizes_that_come_out_the_same_are_one_rendition():
    renditions = render(animation()).renditions
    assert renditions["w320.webp"] is renditions["w1600.webp"]


def test_times_are_kept_and_hasty_ones_are_as_browsers_show_them():
    image = moving(render(animation("WEBP", duration=[70, 5, 200])))
    assert [_duration(image, number) for number in range(3)] == [70, 100, 200]


def _duration(image, number):
    image.seek(number)
    image.load()
    return image.info["duration"]


@pytest.mark.parametrize(
    ("image_format", "loop", "expected"),
    [("GIF", None, 1), ("GIF", 0, 0), ("GIF", 2, 3), ("WEBP", 2, 2), ("PNG", 2, 2), ("PNG", 0, 0)],
)
def test_it_runs_as_often_as_it_did(image_format, loop, expected):
    options = {} if loop is None else {"loop": loop}
    assert moving(render(animation(image_format, **options))).info["loop"] == expected


def test_transparency_moves_too():
    colours = [(255, 0, 0, 255), (0, 255, 0, 0), (0, 0, 255, 255)]
    image = moving(render(animation("WEBP", mode="RGBA", colours=colours, lossless=True)))
    image.seek(1)
    assert image.convert("RGBA").getpixel((32, 24))[3] == 0


def test_a_picture_before_the_animation_is_the_still_one_and_not_in_it():
    rendered = render(animation("PNG", default_image=True))
    seen = middles(moving(rendered))
    assert all(is_near(a, b, 40) for a, b in zip(seen, (GREEN, BLUE), strict=True))
    assert is_near(moving(rendered, "w320.jpg").getpixel((32, 24)), RED, 40)


def test_a_turned_animation_is_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = [quadrants(64, 48), quadrants(64, 48).rotate(180)]
    lying = [frame.transpose(Image.Transpose.ROTATE_90) for frame in frames]
    file = encoded(
        lying[0], "WEBP", save_all=True, append_images=lying[1:], exif=exif.tobytes(), quality=95
    )
    image = moving(render(file))
    assert image.size == (64, 48)
    assert is_near(image.convert("RGB").getpixel((10, 10)), RED, 40)


@pytest.mark.parametrize(
    ("budget", "value"), [("ANIMATION_FRAMES_MAX", 2), ("ANIMATION_PIXELS_MAX", 3 * 64 * 48 - 1)]
)
def test_over_the_budget_it_stands_still(budget, value, monkeypatch):
    monkeypatch.setattr(motion, budget, value)
    assert getattr(moving(render(animation())), "n_frames", 1) == 1


def test_what_takes_too_long_stands_still(monkeypatch):
    monkeypatch.setattr(animate, "ANIMATION_CPU_SECONDS_MAX", -1.0)
    assert getattr(moving(render(animation())), "n_frames", 1) == 1


@pytest.mark.parametrize("image_format", ["WEBP", "PNG"])
def test_what_is_broken_after_its_first_frame_stands_still(image_format):
    noise = [Image.effect_noise((64, 48), 90).convert("RGB") for _ in range(3)]
    file = encoded(noise[0], image_format, save_all=True, append_images=noise[1:])
    data = bytearray(file.getvalue())
    at = len(data) * 5 // 6
    data[at : at + 64] = b"\xff" * 64
    rendered = render(io.BytesIO(data))
    assert getattr(moving(rendered), "n_frames", 1) in {1, 3}
    assert rendered.picture.frames == 3


def test_it_carries_no_metadata():
    file = animation("WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0hidden", xmp=b"<x:xmpmeta hidden/>")
    rendered = render(file)
    assert all(b"hidden" not in rendition.data for rendition in rendered.renditions.values())
    assert not {"exif", "xmp", "icc_profile"} & moving(rendered).info.keys()
