"""What another program finds in everything that the public links of a camera's files give."""

import io
import json
import shutil
import subprocess
from pathlib import Path

import httpx
import pillow_heif
import pytest
from PIL import ExifTags, Image

from tests.client import rendition_links

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

SECRETS = ("GPS", "Paris", "48.85", "12345", "SECRET", "XMP", "IPTC", "MakerNote", "Photoshop")
PLACES = (
    "-GPSLatitude=48.8584",
    "-GPSLatitudeRef=N",
    "-GPSLongitude=2.2945",
    "-GPSLongitudeRef=E",
    "-XMP-exif:GPSLatitude=48.8584",
    "-XMP-photoshop:City=Paris",
    "-ExifIFD:SerialNumber=12345",
)
PLACES_OF_TYPE = {"gif": PLACES[4:6], "jpg": (*PLACES, "-IPTC:City=Paris", "-Comment=Paris")}
FORMATS = {
    "jpg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
    "heic": "HEIF",
    "avif": "AVIF",
    "tiff": "TIFF",
}
CONTAINERS = {"ExifTool", "File", "Composite", "JFIF", "PNG", "RIFF"}
PRIVATE = {"heic", "avif", "tiff"}
"""Their location cannot be removed without loss: only renditions are public."""

MOTION = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x1dudta\0\0\0\x15\xa9xyz\0\x09SECRET+48.8584"
"""What phones put behind a photo that moves: a film, with its own place."""


def exiftool(*arguments):
    return subprocess.run(
        ["exiftool", *arguments], check=True, capture_output=True, timeout=60
    ).stdout


def camera_exif():
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = b"SECRET place of the maker\0"
    return exif.tobytes()


def camera_file(extension, folder):
    """A picture with a place wherever a camera, a phone or an editor writes one."""
    pillow_heif.register_heif_opener()
    path = folder / f"photo.{extension}"
    drawing = Image.linear_gradient("L").convert("RGB")
    options = {} if extension == "gif" else {"exif": camera_exif()}
    drawing.save(path, FORMATS[extension], **options)
    exiftool("-q", "-n", "-overwrite_original", *PLACES_OF_TYPE.get(extension, PLACES), str(path))
    with path.open("ab") as file:
        file.write(MOTION if extension == "jpg" else b"")
    found = str(tags_of(path))
    assert "Paris" in found
    assert "SECRET" in found or extension == "gif"
    return path.read_bytes()


def tags_of(*paths):
    """Return what exiftool tells of files, by their names."""
    options = ("-json", "-G1", "-a", "-u", "-U", "-ee", "-n")
    found = json.loads(exiftool(*options, *map(str, paths)))
    return {Path(tags.pop("SourceFile")).name: _without_names(tags) for tags in found}


def _without_names(tags):
    return {tag: value for tag, value in tags.items() if not tag.startswith("System:")}


@pytest.fixture(scope="module", params=FORMATS)
def served(request, embedded_system, tmp_path_factory):
    """Everything that whoever has the id gets, by what was asked for."""
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is missing: apt-get install libimage-exiftool-perl")
    extension = request.param
    body = camera_file(extension, tmp_path_factory.mktemp("camera"))
    image = embedded_system.client.store_ready(body)
    links = rendition_links(image)
    bare = f"{embedded_system.environment['SHOEBOX_READ_URL']}/{image['id']}"
    links |= {"bare": bare, "negotiated": f"{bare}/w320"}
    for name in ("original", "download"):
        if image["links"][name] and "private" not in image["links"][name]:
            links[name] = image["links"][name]
    assert ("original" in links) == (extension not in PRIVATE)
    folder = tmp_path_factory.mktemp("served")
    for name, link in links.items():
        (folder / name).write_bytes(httpx.get(link, trust_env=False).content)
    return {name: (folder / name).read_bytes() for name in links}, tags_of(*folder.iterdir())


def test_nothing_that_is_served_tells_a_place_or_a_camera_s_secrets(served):
    bodies, tags = served
    told = {(name, secret) for name in bodies for secret in SECRETS if secret in str(tags[name])}
    assert told | {name for name, body in bodies.items() if b"SECRET" in body} == set()


def test_renditions_carry_no_metadata_at_all(served):
    bodies, tags = served
    renditions = [name for name in bodies if "." in name]
    assert len(renditions) == 8
    for name in renditions:
        Image.open(io.BytesIO(bodies[name])).load()
        assert {tag.split(":")[0] for tag in tags[name]} <= CONTAINERS, name
