import pytest

from webapp.core.errors import MalformedRequestError
from webapp.core.ids import Kind
from webapp.core.text import TEXT_LENGTH
from webapp.intake.details import Details, details_read


def test_nothing_said_is_a_public_image_without_words():
    assert details_read({}) == Details(filename="", title="", album="", kind=Kind.PUBLIC)


def test_everything_said_is_taken():
    said = {"filename": "a.jpg", "title": "Sea", "album": "2026", "kind": "s", "other": "x"}
    assert details_read(said) == Details("a.jpg", "Sea", "2026", Kind.SIGNED)


@pytest.mark.parametrize("filename", ["b.jpg", ""])
def test_the_name_of_the_part_goes_before_a_field(filename):
    assert details_read({"filename": "a.jpg"}, filename=filename).filename == filename


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("..", ""),
        ("photo\0.jpg", "photo.jpg"),
        ("line\r\nX-Header: y.jpg", "line X-Header: y.jpg"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("\u200f\u2067photo.jpg\u2069", "photo.jpg"),
        (
            "\U0001f3d6\ufe0f \U0001f468\u200d\U0001f469.jpg",
            "\U0001f3d6\ufe0f \U0001f468\u200d\U0001f469.jpg",
        ),
        ("half\ud83d.jpg", "half.jpg"),
    ],
)
def test_a_hostile_name_is_made_harmless(sent, kept):
    assert details_read({}, filename=sent).filename == kept


@pytest.mark.parametrize("character", ["x", "\u00e9", "\U0001f600"])
def test_a_name_of_4000_characters_is_cut_and_keeps_its_end(character):
    details = details_read({}, filename=character * 4000 + ".jpg")
    assert details.filename == character * (TEXT_LENGTH - 4) + ".jpg"


@pytest.mark.parametrize("name", ["title", "album"])
@pytest.mark.parametrize("character", ["x", "\u00e9", "\U0001f600"])
def test_words_that_are_too_long_are_refused_with_their_length(name, character):
    assert getattr(details_read({name: character * TEXT_LENGTH}), name) == character * TEXT_LENGTH
    with pytest.raises(MalformedRequestError, match=f"The {name} has 256 characters; 255 are"):
        details_read({name: character * 256})


@pytest.mark.parametrize(
    ("said", "kind"),
    [("", Kind.PUBLIC), ("p", Kind.PUBLIC), ("public", Kind.PUBLIC), ("signed", Kind.SIGNED)],
)
def test_kinds_have_long_and_short_names(said, kind):
    assert details_read({"kind": said}).kind is kind


@pytest.mark.parametrize("said", ["x", "P", " p", "secret\0", "\u202ep", "s" * 4000])
def test_a_kind_that_does_not_exist_is_refused_in_few_words(said):
    with pytest.raises(MalformedRequestError) as error:
        details_read({"kind": said})
    assert len(error.value.detail) < 200
