import io
import re

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from tests.unit.workers.imaging.pictures import encoded, is_upright, noise, png, quadrants, shown
from webapp.core.on_demand import size_parse
from webapp.core.presets import PRESETS, RENDITION_TYPES, Preset, rendition_names
from workers.imaging.render import render

METADATA = re.compile(rb"Exif|EXIF|ICC|xmp|XMP|hidden|Maker|GPS|tEXt|iTXt")


def sizes(rendered, extension):
    return {
        name.partition(".")[0]: (rendition.width, rendition.height)
        for name, rendition in rendered.renditions.items()
        if name.endswith(extension)
    }


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_sizes_of_a_photo(image_format):
    rendered = render(encoded(quadrants(2400, 1800), image_format))
    assert sizes(rendered, "webp") == {
        "thumb": (256, 256),
        "w320": (320, 240),
        "w800": (800, 600),
        "w1600": (1600, 1200),
    }


def test_sizes_told_are_those_of_the_bytes():
    rendered = render(encoded(quadrants(1000, 700), "JPEG"))
    for rendition in rendered.renditions.values():
        assert shown(rendition).size == (rendition.width, rendition.height)


def test_a_small_picture_is_not_enlarged():
    rendered = render(encoded(quadrants(100, 60), "PNG"))
    assert sizes(rendered, "jpg") == {
        "thumb": (60, 60),
        "w320": (100, 60),
        "w800": (100, 60),
        "w1600": (100, 60),
    }


@pytest.mark.parametrize("size", [(1, 1), (1, 30_000), (30_000, 1), (3, 20_000)])
def test_odd_shapes_have_all_their_renditions(size):
    rendered = render(encoded(Image.new("RGB", size), "PNG"))
    assert set(rendered.renditions) == set(rendition_names(transparent=False))


def test_names_of_an_opaque_picture():
    rendered = render(encoded(quadrants(), "PNG"))
    assert set(rendered.renditions) == set(rendition_names(transparent=False))


def test_names_of_a_transparent_picture():
    image = quadrants(mode="RGBA")
    image.putpixel((0, 0), (0, 0, 0, 254))
    rendered = render(encoded(image, "PNG"))
    assert set(rendered.renditions) == set(rendition_names(transparent=True))


def test_an_alpha_channel_that_hides_nothing_is_not_transparency():
    rendered = render(encoded(quadrants(mode="RGBA"), "WEBP", lossless=True))
    assert not rendered.picture.transparent


@pytest.mark.parametrize("extension", ["webp", "png"])
def test_transparency_is_kept(extension):
    image = Image.new("RGBA", (64, 64), (200, 0, 0, 128))
    rendered = render(encoded(image, "PNG"))
    assert shown(rendered.renditions[f"w320.{extension}"]).getpixel((32, 32))[3] == 128


def test_content_types_are_those_of_the_bytes():
    rendered = render(encoded(quadrants(), "JPEG"))
    for name, rendition in rendered.renditions.items():
        image = Image.open(io.BytesIO(rendition.data))
        expected = RENDITION_TYPES[name.partition(".")[2]]
        assert rendition.content_type == image.get_format_mimetype() == expected


def test_only_the_presets_asked_for_are_made():
    rendered = render(encoded(quadrants(), "JPEG"), presets=[Preset("w320", 320)])
    assert set(rendered.renditions) == {"w320.webp", "w320.jpg"}


def test_avif_is_made_where_a_preset_asks_for_it():
    presets = [Preset("small", 32, formats=("avif", "webp")), Preset("w320", 320)]
    rendered = render(encoded(quadrants(mode="RGBA"), "PNG"), presets=presets)
    assert list(rendered.renditions) == [
        "small.avif",
        "small.webp",
        "small.jpg",
        "w320.webp",
        "w320.jpg",
    ]
    assert is_upright(shown(rendered.renditions["small.avif"]).convert("RGB"))


def test_avif_carries_no_metadata():
    presets = [Preset("small", 32, formats=("avif",))]
    avif = render(full_of_metadata("JPEG"), presets=presets).renditions["small.avif"]
    assert not re.search(rb"Exif|xmp|hidden|Maker", avif.data)
    assert "icc_profile" not in Image.open(io.BytesIO(avif.data)).info


@pytest.mark.parametrize("extension", RENDITION_TYPES)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_a_size_on_demand_is_made_in_the_one_format_asked_for(extension, mode):
    preset = size_parse("w30h20crop").preset(extension)
    rendered = render(encoded(quadrants(mode=mode), "PNG"), presets=[preset])
    assert [*rendered.renditions] == [f"w30h20crop.{extension}"]
    image = Image.open(io.BytesIO(rendered.renditions[f"w30h20crop.{extension}"].data))
    assert (image.get_format_mimetype(), image.size) == (RENDITION_TYPES[extension], (30, 20))


def test_what_is_transparent_is_white_in_a_jpeg():
    image = Image.new("RGBA", (64, 64), (200, 0, 0, 0))
    preset = size_parse("w32fit").preset("jpg")
    rendered = render(encoded(image, "PNG"), presets=[preset])
    assert min(shown(rendered.renditions["w32fit.jpg"]).getpixel((16, 16))) > 250


def test_no_presets_are_a_mistake():
    with pytest.raises(ValueError, match="presets"):
        render(encoded(quadrants(), "JPEG"), presets=[])


def test_the_same_bytes_give_the_same_renditions():
    file = encoded(noise(500, 300), "JPEG")
    assert render(file) == render(file)


def test_two_threads_give_what_one_gives():
    file = encoded(noise(500, 300), "JPEG")
    assert render(file, threads=2) == render(file)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_the_cascade_cannot_be_told_from_shrinking_the_original(image_format):
    original = noise(850, 650).resize((1700, 1300), Image.Resampling.BICUBIC)
    file = encoded(original, image_format)
    directly = Image.open(file).convert("RGB").resize((320, 245), Image.Resampling.LANCZOS)
    cascaded = shown(render(file).renditions["w320.jpg"]).convert("RGB")
    again = shown_after_encoding(directly)
    assert error(cascaded, directly) <= error(again, directly) * 1.25


def shown_after_encoding(image):
    return Image.open(encoded(image, "JPEG", quality=82))


def error(image, other):
    return ImageStat.Stat(ImageChops.difference(image, other)).rms[0]


def full_of_metadata(image_format):
    exif = Image.Exif()
    exif[0x010F] = "Maker of cameras"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"exif": exif.tobytes(), "icc_profile": profile, "xmp": b"<x:xmpmeta hidden/>"}
    if image_format == "JPEG":
        options |= {"comment": b"a hidden comment", "dpi": (300, 300)}
    image = quadrants(mode="RGB" if image_format == "JPEG" else "RGBA")
    if image_format != "JPEG":
        image.putpixel((0, 0), (0, 0, 0, 0))
    return encoded(image, image_format, **options)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_renditions_carry_no_metadata(image_format):
    for rendition in render(full_of_metadata(image_format)).renditions.values():
        assert not re.search(rb"Exif|EXIF|ICC|xmp|XMP|hidden|Maker|GPS|tEXt|iTXt", rendition.data)
        assert not set(Image.open(io.BytesIO(rendition.data)).info) & {
            "exif",
            "icc_profile",
            "xmp",
            "comment",
            "dpi",
            "Software",
        }


def test_text_in_a_png_goes_no_further():
    rows = (b"\0" + b"\x80" * 16) * 16
    text = (b"tEXt", b"Comment\0a hidden place")
    file = png(16, 16, depth=8, colour_type=0, rows=rows, chunks=[text])
    for rendition in render(file).renditions.values():
        assert b"hidden" not in rendition.data


def test_the_position_of_the_file_does_not_matter():
    file = encoded(quadrants(), "JPEG")
    file.seek(0, io.SEEK_END)
    assert len(render(file).renditions) == 2 * len(PRESETS)
