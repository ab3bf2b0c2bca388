from urllib.parse import parse_qs, urlsplit

from webapp.core.links import LinkMaker
from webapp.core.presets import Preset, larger_presets, rendition_names
from webapp.core.signing import Keyring, link_verify

KEYS = Keyring.parse("k1:" + "ab" * 32)
MAKER = LinkMaker("https://read.example", KEYS, exp=1000)
PUBLIC, SIGNED = "p000abcdefghjkmnpqrstvwx", "s000abcdefghjkmnpqrstvwx"


def test_every_preset_has_webp_and_a_fallback():
    assert rendition_names(transparent=False)[:2] == ("thumb.webp", "thumb.jpg")
    assert "w1600.png" in rendition_names(transparent=True)
    assert len(rendition_names(transparent=True)) == 8


def test_a_preset_has_its_formats_in_their_order_and_the_fallback_last():
    preset = Preset("w9", 9, formats=("avif", "webp"))
    assert preset.extensions(transparent=False) == ("avif", "webp", "jpg")
    assert preset.extensions(transparent=True) == ("avif", "webp", "png")


def test_a_crop_never_stands_in_for_the_whole():
    assert larger_presets("w320") == ("w800", "w1600")
    assert larger_presets("thumb") == ("w320", "w800", "w1600")
    assert larger_presets("w1600") == ()


def test_public_links_carry_nothing_but_the_name():
    assert MAKER.original(PUBLIC, "image/jpeg") == f"https://read.example/{PUBLIC}.jpg"
    links = MAKER.renditions(PUBLIC, transparent=False)
    assert links["w320"]["webp"] == f"https://read.example/{PUBLIC}/w320.webp"


def test_links_of_a_signed_image_can_be_verified():
    url = urlsplit(MAKER.original(SIGNED, "image/png", download="my cat.png"))
    query = parse_qs(url.query)
    assert link_verify(
        url.path,
        exp=int(query["exp"][0]),
        sig=query["sig"][0],
        now=0,
        keyring=KEYS,
        download=query["download"][0],
    )


def test_a_private_original_is_always_signed():
    assert "sig=" in MAKER.private(PUBLIC)
