import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.ids import Kind, id_make
from webapp.core.presets import ORIGINAL_TYPES, PRESETS, RENDITION_TYPES
from webapp.reader.names import What, name_parse

ID = "p000rkn6gg0nb8cfaztvtnsd"
SIGNED_ID = "s" + ID[1:]

NONSENSE = [
    "",
    "/",
    "//",
    "/favicon.ico",
    "/robots.txt",
    f"/{ID}/",
    f"/{ID}.",
    f"/{ID}.exe",
    f"/{ID}.JPG",
    f"/{ID.upper()}",
    f"/{ID}/w320.gif",
    f"/{ID}/w321.webp",
    f"/{ID}/w320.webp/",
    f"/{ID}/original",
    f"/{ID}/manifest.json",
    f"/{ID}/private.heic",
    f"/{ID}/../{ID}",
    f"/x{ID[1:]}",
    "/p000iloug0nb8cfaztvtnsdx",
    f"/{ID}\n",
    f"/{ID}.jpg\x00",
    f"//{ID}",
    "/" + "a" * 10_000,
]


@pytest.mark.parametrize("path", NONSENSE)
def test_nonsense_has_no_name(path):
    assert name_parse(path) is None


@given(st.text(max_size=80))
def test_any_text_is_parsed_without_an_error(text):
    name = name_parse("/" + text)
    assert name is None or name.path == "/" + text


@pytest.mark.parametrize("extension", sorted(set(ORIGINAL_TYPES.values())))
def test_an_original_may_be_asked_for_by_every_extension(extension):
    name = name_parse(f"/{ID}.{extension}")
    assert (name.what, name.extension) == (What.ORIGINAL, extension)


def test_the_key_of_an_original_is_the_same_with_and_without_extension():
    assert name_parse(f"/{ID}").key == name_parse(f"/{ID}.png").key == f"rkn/{ID}/original"


@pytest.mark.parametrize("preset", [preset.name for preset in PRESETS])
@pytest.mark.parametrize("extension", RENDITION_TYPES)
def test_a_rendition_has_its_file_as_key(preset, extension):
    assert name_parse(f"/{ID}/{preset}.{extension}").key == f"rkn/{ID}/{preset}.{extension}"


def test_a_preset_without_extension_is_negotiated():
    assert name_parse(f"/{ID}/w320").what is What.NEGOTIATED


def test_a_private_original_needs_a_signature_also_of_a_public_image():
    assert name_parse(f"/{ID}/private").signed


@pytest.mark.parametrize("tail", ["", ".jpg", "/w320", "/w320.webp", "/private"])
def test_everything_of_kind_s_needs_a_signature(tail):
    assert name_parse(f"/{SIGNED_ID}{tail}").signed


def test_public_names_need_no_signature():
    assert not name_parse(f"/{ID}/w320.webp").signed


@pytest.mark.parametrize("image_id", [ID, SIGNED_ID])
@pytest.mark.parametrize("file", ["w640h480fit.webp", "w640h480crop.avif", "h480fit.jpg"])
def test_a_size_on_demand_always_needs_a_signature(image_id, file):
    name = name_parse(f"/{image_id}/{file}")
    assert (name.what, name.signed, name.key) == (What.ON_DEMAND, True, f"rkn/{image_id}/{file}")


@pytest.mark.parametrize(
    "part", ["w640h480fit", "w640h480fit.gif", "w640h480.webp", "w0640fit.webp"]
)
def test_a_size_on_demand_has_one_writing_and_an_extension(part):
    assert name_parse(f"/{ID}/{part}") is None


def test_the_tag_of_an_original_is_strong_and_of_a_rendition_weak():
    assert name_parse(f"/{ID}.jpg").etag == f'"{ID}.jpg"'
    assert name_parse(f"/{ID}/w320.webp").etag == f'W/"{ID}/w320.webp"'


def test_a_made_id_is_a_name():
    image_id = id_make(kind=Kind.PUBLIC, version=17)
    assert name_parse(f"/{image_id}").image_id == image_id
