"""Pictures to measure with: somebody's photos, or something that compresses like one."""

from PIL import Image, ImageChops

WIDTH, HEIGHT = 4000, 3000
COUNT = 4
OCTAVES = (8, 32, 128, 512, 2000)
QUALITY = 90


def found(folder):
    """Return the JPEGs of a folder, none without one."""
    endings = {".jpg", ".jpeg"}
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in endings) if folder else []


def made(folder, *, count=COUNT):
    """Make photos of 12 megapixels: detail at every scale, less of it the finer it is."""
    folder.mkdir()
    return [_saved(picture(WIDTH, HEIGHT), folder / f"{number}.jpg") for number in range(count)]


def picture(width, height):
    planes = [_plane(width, height) for _ in range(3)]
    shared = _plane(width, height)
    return Image.merge("RGB", [Image.blend(shared, plane, 0.3) for plane in planes])


def _plane(width, height):
    plane = Image.new("L", (width, height), 128)
    for number, across in enumerate(OCTAVES):
        size = (across, max(1, across * height // width))
        noise = Image.effect_noise(size, 60 / 1.7**number)
        plane = ImageChops.add(
            plane, noise.resize((width, height), Image.Resampling.BICUBIC), offset=-128
        )
    return plane


def _saved(image, path):
    image.save(path, quality=QUALITY)
    return path
