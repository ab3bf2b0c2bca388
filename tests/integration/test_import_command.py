"""`manage.py import`: files, folders and archives of an operator's."""

import io
import stat
import zipfile

import pytest
from django.core.management import CommandError, call_command

from tests.factories import isolate, make_cluster, make_image, make_picture, make_user
from webapp.images.models import Image
from webapp.imports import archive, storing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quickly(settings, tmp_path):
    isolate(settings, tmp_path / "data")
    make_cluster(tmp_path / "data", count=3)


@pytest.fixture
def owner():
    return make_user()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def run(owner, tmp_path):
    """Import and return the lines of the report, paths shortened, and the exit status."""

    def run(*words, user=None):
        out, status = io.StringIO(), 0
        try:
            name = user or owner.username
            words = [str(word) for word in words]
            call_command("import", *words, "--user", name, stdout=out, stderr=io.StringIO())
        except CommandError as error:
            status = error.returncode
        assert list((tmp_path / "data" / "spool").glob("*")) == []
        return out.getvalue().replace(f"{tmp_path}/", "").splitlines(), status

    return run


def put(folder, name, data=None):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(make_picture() if data is None else data)
    return path


def zip_of(folder, files, name="photos.zip"):
    """Write an archive of names, or of ``ZipInfo``, and bytes."""
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for inner, data in files.items():
            made.writestr(inner, data)
    return path


def firsts(lines):
    """What became of each file, by its name."""
    return {line[13:].split("  ")[0].partition(": ")[0]: line[:11].strip() for line in lines}


def test_a_folder_becomes_images_of_the_user(run, folder, owner):
    put(folder, "cat.jpg")
    put(folder, "deep/dog.png", make_picture(form="PNG"))
    lines, status = run(folder, "--recursive", "--album", "Pets", "--kind", "signed")
    assert status == 0
    found = Image.objects.order_by("filename").values_list("filename", "album", "owner_id")
    assert list(found) == [("cat.jpg", "Pets", owner.pk), ("dog.png", "Pets", owner.pk)]
    assert {image.kind.value for image in Image.objects.all()} == {"s"}
    assert firsts(lines) == {"photos/cat.jpg": "new", "photos/deep/dog.png": "new"}
    assert Image.objects.get(filename="cat.jpg").id in lines[0]


def test_a_second_run_imports_only_what_is_missing(run, folder):
    put(folder, "a.jpg")
    first = run(folder)[0][0].split()[-1]
    put(folder, "b.jpg")
    lines, status = run(folder)
    assert firsts(lines) == {"photos/a.jpg": "duplicate", "photos/b.jpg": "new"}
    assert (status, Image.objects.count()) == (0, 2)
    assert first in lines[0]


def test_what_is_stepped_over_is_told_and_is_no_failure(run, folder):
    put(folder, "a.jpg")
    put(folder, ".hidden.jpg")
    put(folder, "deep/b.jpg")
    (folder / "link.jpg").symlink_to(folder / "a.jpg")
    lines, status = run(folder)
    assert status == 0
    assert lines[0] == "passed over  photos/.hidden.jpg: hidden"
    assert lines[2] == "passed over  photos/deep: a folder; --recursive takes it"
    assert lines[3] == "passed over  photos/link.jpg: a symbolic link"


def test_what_is_refused_has_its_code_and_the_others_go_on(run, folder):
    put(folder, "a.txt", b"words")
    put(folder, "b.jpg", make_picture(form="PNG")[:-100])
    put(folder, "c.jpg")
    lines, status = run(folder)
    assert status == 1
    assert lines[0].startswith("refused      photos/a.txt  unsupported-type: ")
    assert lines[1].startswith("refused      photos/b.jpg  truncated: ")
    assert Image.objects.count() == 1


def test_a_dry_run_tells_the_same_and_stores_nothing(run, folder, owner, tmp_path):
    there = put(folder, "a.jpg")
    make_image(owner, tmp_path / "data", data=there.read_bytes())
    put(folder, "b.jpg")
    put(folder, "c.txt", b"words")
    lines, status = run(folder, "--dry-run")
    results = firsts(lines)
    assert list(results.values()) == ["duplicate", "new", "refused"]
    assert (status, Image.objects.count()) == (1, 1)


@pytest.mark.parametrize("words", [["nowhere"], ["--kind", "p"]])
def test_nothing_is_tried_when_the_words_are_wrong(run, tmp_path, words):
    lines, status = run(tmp_path / words[0], user=None if words[0] == "nowhere" else "nobody")
    assert (lines, status) == ([], 2)


def test_shards_that_are_away_stop_the_run_and_it_goes_on_later(run, folder, tmp_path, monkeypatch):
    put(folder, "a.jpg")
    monkeypatch.setattr(storing, "TRIES", 1)
    shards = tmp_path / "data" / "shards"
    shards.rename(shards.with_name("away"))
    assert run(folder) == ([], 1)
    shards.with_name("away").rename(shards)
    assert firsts(run(folder)[0]) == {"photos/a.jpg": "new"}


# Archives


def test_an_archive_is_taken_whole(run, tmp_path):
    zipped = zip_of(tmp_path, {"a.jpg": make_picture(), "deep/b.jpg": make_picture()})
    lines, _ = run(zipped)
    assert firsts(lines) == {"photos.zip:a.jpg": "new", "photos.zip:deep/b.jpg": "new"}
    assert set(Image.objects.values_list("filename", flat=True)) == {"a.jpg", "b.jpg"}


@pytest.mark.parametrize(
    "name", ["../../out.jpg", "/etc/out.jpg", "..\\..\\out.jpg", "C:\\out.jpg"]
)
def test_no_name_in_an_archive_leads_anywhere(run, tmp_path, name):
    before = {path for path in tmp_path.rglob("*") if "data" not in path.parts}
    zipped = zip_of(tmp_path, {name: make_picture()})
    assert run(zipped)[1] == 0
    assert Image.objects.get().filename == "out.jpg"
    assert {path for path in tmp_path.rglob("*") if "data" not in path.parts} == before | {zipped}


def test_what_is_no_picture_in_an_archive_is_stepped_over_or_refused(run, tmp_path):
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as made:
        made.writestr("x.jpg", make_picture())
    files = {".DS_Store": b"x", "__MACOSX/._a.jpg": b"x", link: b"/etc/passwd"}
    lines, status = run(zip_of(tmp_path, {**files, "inner.zip": inner.getvalue()}))
    assert list(firsts(lines).values()) == [*["passed over"] * 3, "refused"]
    assert (status, "application/zip" in lines[3]) == (1, True)


def test_an_encrypted_entry_is_refused_with_the_way_out(run, tmp_path):
    zipped = zip_of(tmp_path, {"a.jpg": make_picture()})
    data = bytearray(zipped.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + offset] |= 1
    zipped.write_bytes(data)
    lines, status = run(zipped)
    assert (status, "without a password" in lines[0]) == (1, True)


def test_what_inflates_too_far_is_cut_off(run, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LEAST_BYTES", 1_000_000)
    zipped = zip_of(tmp_path, {"bomb.bmp": bytes(3_000_000), "a.jpg": make_picture()})
    lines, status = run(zipped)
    assert status == 1
    assert ["too-large" in line for line in lines] == [True, True]


def test_an_entry_over_the_limit_of_uploads_is_refused(run, tmp_path, settings):
    settings.SHOEBOX = settings.SHOEBOX.model_copy(update={"max_upload_bytes": 100_000})
    lines, _ = run(zip_of(tmp_path, {"big.bmp": bytes(200_000), "a.jpg": make_picture()}))
    assert [line[:7].strip() for line in lines] == ["refused", "new"]


def test_too_many_entries_are_refused_at_once(run, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_ENTRIES", 2)
    lines, status = run(zip_of(tmp_path, {f"{n}.jpg": b"x" for n in range(3)}))
    assert (len(lines), status, "3 entries" in lines[0]) == (1, 1, True)


def test_a_damaged_archive_is_refused_where_it_is_damaged(run, tmp_path):
    picture = make_picture()
    zipped = zip_of(tmp_path, {"a.jpg": picture, "b.jpg": make_picture()})
    data = bytearray(zipped.read_bytes())
    data[200:260] = bytes(60)
    zipped.write_bytes(data)
    lines, _ = run(zipped)
    assert [line[:7].strip() for line in lines] == ["refused", "new"]
    zipped.write_bytes(data[:-30])
    assert run(zipped)[1] == 1


def test_a_picture_that_ends_like_an_archive_is_a_picture(run, folder, tmp_path):
    inner = zip_of(tmp_path, {"x.jpg": make_picture()}).read_bytes()
    lines, status = run(put(folder, "both.jpg", make_picture() + inner))
    assert (firsts(lines), status) == ({"photos/both.jpg": "new"}, 0)
