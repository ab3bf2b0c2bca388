import pytest

from webapp.core.ids import id_parse
from webapp.core.keys import blob_key
from webapp.core.notes import Note, note_of, note_parse
from webapp.storage.blob_keys import key_valid

ID = id_parse("p007qc54zvh8p1st4qz9zkgc")
NAME = f"_shoebox/noted/{ID}_w320.webp_eu-west-1.json"


def test_the_name_of_a_note_says_whose_copy_is_bad_and_where():
    assert note_of("eu-west-1", blob_key(ID, "w320.webp")).name == NAME


@pytest.mark.parametrize("blob", ["original", "private", "w640h480crop.webp", "some_blob.jpg"])
@pytest.mark.parametrize("shard", ["s1", "a-b-c", "x" * 32])
def test_a_note_is_known_by_its_name(blob, shard):
    note = Note(ID, blob, shard)

    assert note_parse(note.name) == note
    assert note.key == blob_key(ID, blob)
    assert key_valid(note.name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "readme",
        f"{ID}.json",
        f"{ID}_original.json",
        f"{ID}_original_s1",
        f"{ID}_original_S1.json",
        f"{ID}_../../x_s1.json",
        f"{ID}_original_s1.json/x",
        f"{str(ID).upper()}_original_s1.json",
        f"{ID}0_original_s1.json",
        "p000_original_s1.json",
    ],
)
def test_other_names_say_nothing(name):
    assert note_parse(f"_shoebox/noted/{name}") is None
