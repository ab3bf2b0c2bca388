"""What another program, with another reader, still finds in a cleaned picture."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from webapp.intake.metadata import MetadataPolicy, strip

pytestmark = pytest.mark.real

TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}
WITH_EXIF = ["jpg", "png", "webp"]
XMP_PLACES = (
    "-XMP-exif:GPSLatitude=48.8584",
    "-XMP-photoshop:City=Paris",
    "-XMP-dc:Description=Paris",
)
PLACES = (
    "-GPSLatitude=48.8584",
    "-GPSLatitudeRef=N",
    "-GPSLongitude=2.2945",
    "-GPSLongitudeRef=E",
    "-GPSAltitude=35",
    *XMP_PLACES,
    "-IFD0:ImageDescription=Paris",
    "-ExifIFD:UserComment=Paris",
    "-ExifIFD:SerialNumber=12345",
)
PLACES_OF_TYPE = {
    "jpg": (
        *PLACES,
        "-IPTC:City=Paris",
        "-Comment=Paris",
        "-Photoshop:URL=https://paris.example",
    ),
    "png": (*PLACES, "-PNG:Comment=Paris", "-PNG:Title=Paris"),
    "webp": PLACES,
    "gif": (*XMP_PLACES, "-Comment=Paris"),
}
CAMERA = {
    "IFD0:Make": "Maker",
    "IFD0:Model": "Model 7",
    "IFD0:Orientation": 6,
    "IFD0:ModifyDate": "2024:05:06 07:08:09",
    "IFD0:Copyright": "Somebody",
    "ExifIFD:DateTimeOriginal": "2024:05:06 07:08:09",
    "ExifIFD:OffsetTimeOriginal": "+02:00",
    "ExifIFD:ExposureTime": 0.004,
    "ExifIFD:FNumber": 1.8,
    "ExifIFD:ISO": 200,
    "ExifIFD:FocalLength": 4.2,
    "ExifIFD:LensModel": "Lens 7",
}
CONTAINERS = {"JFIF", "PNG", "RIFF", "GIF"}
HARMLESS = {"IFD0", "ExifIFD", "File", "System", "ExifTool", "Composite", *CONTAINERS}


def exiftool(*arguments):
    return subprocess.run(
        ["exiftool", *arguments], check=True, capture_output=True, text=True, timeout=60
    ).stdout


def tags_of(path: Path):
    return json.loads(exiftool("-json", "-G1", "-a", "-u", "-n", "-s", str(path)))[0]


@pytest.fixture(params=TYPES)
def photo(request, tmp_path):
    """A picture with places wherever exiftool can write one."""
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is missing: apt-get install libimage-exiftool-perl")
    extension = request.param
    path = tmp_path / f"photo.{extension}"
    drawing = Image.linear_gradient("L").convert("RGB")
    turned = [drawing.rotate(90)] if extension == "gif" else []
    drawing.save(path, save_all=bool(turned), append_images=turned)
    camera = [f"-{tag}={value}" for tag, value in CAMERA.items() if extension in WITH_EXIF]
    places = PLACES_OF_TYPE[extension]
    exiftool("-q", "-n", "-overwrite_original", *camera, *places, str(path))
    assert "Paris" in str(tags_of(path))
    assert "GPSLatitude" in str(tags_of(path))
    return path


def cleaned(photo, policy):
    target = photo.with_name(f"cleaned{photo.suffix}")
    assert strip(photo, target, content_type=TYPES[photo.suffix[1:]], policy=policy)
    return target


def groups(path):
    return {tag.split(":")[0] for tag in tags_of(path) if tag != "SourceFile"}


def test_no_place_is_found(photo):
    found = str(tags_of(cleaned(photo, MetadataPolicy.STRIP_LOCATION)))
    assert [
        word for word in ("GPS", "Paris", "paris", "12345", "XMP", "IPTC") if word in found
    ] == []


@pytest.mark.parametrize("photo", WITH_EXIF, indirect=True)
def test_camera_exposure_and_dates_are_found(photo):
    found = tags_of(cleaned(photo, MetadataPolicy.STRIP_LOCATION))
    assert {tag: found.get(tag) for tag in CAMERA} == CAMERA


def test_nothing_else_is_found(photo):
    assert groups(cleaned(photo, MetadataPolicy.STRIP_LOCATION)) <= HARMLESS


@pytest.mark.parametrize("photo", WITH_EXIF, indirect=True)
def test_strip_all_leaves_the_orientation_alone(photo):
    found = tags_of(cleaned(photo, MetadataPolicy.STRIP_ALL))
    exif = {tag: value for tag, value in found.items() if tag.startswith(("IFD0", "ExifIFD"))}
    assert exif == {"IFD0:Orientation": 6}


@pytest.mark.parametrize("policy", [MetadataPolicy.STRIP_LOCATION, MetadataPolicy.STRIP_ALL])
def test_the_cleaned_file_is_sound(photo, policy):
    path = cleaned(photo, policy)
    said = exiftool("-validate", "-warning", "-error", "-a", "-s3", str(path)).splitlines()
    # Exif asks for tags that a cleaned, or a drawn, picture has no reason to carry.
    assert [line for line in said[1:] if "Missing required" not in line] == []


def test_the_pixels_of_every_frame_are_the_same(photo):
    path = cleaned(photo, MetadataPolicy.STRIP_LOCATION)
    with Image.open(photo) as before, Image.open(path) as after:
        pairs = zip(ImageSequence.Iterator(before), ImageSequence.Iterator(after), strict=True)
        assert [one.tobytes() == other.tobytes() for one, other in pairs] == [True] * (
            2 if photo.suffix == ".gif" else 1
        )


@pytest.mark.parametrize("photo", ["gif"], indirect=True)
def test_a_gif_is_cleaned_as_exiftool_cleans_it(photo, tmp_path):
    drawn = tmp_path / "drawn.gif"
    exiftool("-q", "-all=", "-o", str(drawn), str(photo))
    assert cleaned(photo, MetadataPolicy.STRIP_LOCATION).read_bytes() == drawn.read_bytes()
