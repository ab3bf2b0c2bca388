"""The same small picture from others, each alone on the core of servers.

Ours comes from memory with its digest compared once. Theirs is ready as well, except with sharp,
which has no store of results: it resizes at every request.
"""

import io
import random
import subprocess
import sys
from pathlib import Path

from PIL import Image

from bench.read.load import Load, Server, compared
from bench.read.worlds import folder_world
from tests.unit.webapp.reader.world import JPEG

OTHERS = Path(__file__).parent / "others"
PACKAGES = ("django==5.2.*", "wagtail", "thumbor", "granian", "setuptools<81")
WIDTH = 320
THUMBOR = """
LOADER = "thumbor.loaders.file_loader"
FILE_LOADER_ROOT_PATH = {folder!r}
RESULT_STORAGE = "thumbor.result_storages.file_storage"
RESULT_STORAGE_FILE_STORAGE_ROOT_PATH = {results!r}
RESULT_STORAGE_STORES_UNSAFE = True
"""


def peers(servers, folder, options):
    installed = Installed(options.peers or folder / "peers")
    photo, stored = folder / "photo.jpg", folder / "stored"
    photo.write_bytes(_photo())
    stored.mkdir()
    (stored / "320.webp").write_bytes(_rendition(photo))
    found = _ours(servers, folder, stored / "320.webp")
    if installed.has_python:
        found |= _python_peers(servers, folder, installed.python, photo, stored)
    if installed.has_sharp:
        found |= _node_peers(servers, installed, photo, stored)
    _compare(found, options)


def _compare(found, options):
    rows = [(Server(name, s.port, s.process), Load(path)) for name, (s, path) in found.items()]
    measured = compared(rows, rounds=options.rounds, seconds=options.seconds)
    ours = measured[rows[0][0].name][0]
    print("| what | requests/s | CPU µs | ours is times |\n|---|---|---|---|")
    for name, (rate, cpu) in measured.items():
        print(f"| {name} | {rate:.0f} | {cpu:.0f} | {ours / rate:.1f} |", flush=True)


def _ours(servers, folder, rendition):
    world = folder_world(folder / "world")
    image = world.image(JPEG)
    world.rendition(image, "w320.webp", rendition.read_bytes())
    reader = servers.reader("ours", world)
    return {"Shoebox, in memory": (reader, f"/{image}/w320.webp")}


def _python_peers(servers, folder, python, photo, stored):
    told = {"PYTHONPATH": str(OTHERS), "PEER_FILES": str(stored), "PEER_DATA": str(folder)}
    told |= {"PEER_PHOTO": str(photo)}
    wsgi = {
        "env": told,
        "interface": "wsgi",
        "python": python,
        "options": ("--blocking-threads=4",),
    }
    django = servers.granian("django", "fileresponse:application", path="/320.webp", **wsgi)
    wagtail = servers.granian("wagtail", "wagtail_serve:application", path="/", **wsgi)
    thumbor, path = _thumbor(servers, folder, python, photo)
    return {
        "Django FileResponse": (django, "/320.webp"),
        "Wagtail, serve view, rendition made": (wagtail, (folder / "path").read_text()),
        "thumbor, stored result": (thumbor, path),
    }


def _thumbor(servers, folder, python, photo):
    settings, port = folder / "thumbor.conf", servers.port()
    settings.write_text(THUMBOR.format(folder=str(photo.parent), results=str(folder / "results")))
    path = f"/unsafe/{WIDTH}x0/filters:format(webp)/{photo.name}"
    command = [Path(python).with_name("thumbor"), "--ip=127.0.0.1", f"--port={port}"]
    command += [f"--conf={settings}", "--log-level=error"]
    return servers.run("thumbor", [str(word) for word in command], port=port, path=path), path


def _node_peers(servers, installed, photo, stored):
    port = servers.port()
    script = installed.folder / "resize.mjs"  # where Node looks for its packages
    script.write_text((OTHERS / "resize.mjs").read_text())
    command = ["node", str(script), str(port), str(photo), str(stored / "320.webp")]
    node = servers.run("node", command, port=port, path="/stored")
    return {
        "sharp behind Node, resized each time": (node, "/resized"),
        "Node alone, stored result": (node, "/stored"),
    }


def _photo():
    """Return a photo of 1600 pixels; soft noise, so that it has detail and shrinks like one."""
    small = Image.frombytes("RGB", (48, 36), random.Random(1).randbytes(48 * 36 * 3))
    file = io.BytesIO()
    small.resize((1600, 1200), Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
    return file.getvalue()


def _rendition(photo):
    """Return it as the others make it: about as large as what hits are measured with."""
    file = io.BytesIO()
    Image.open(photo).resize((WIDTH, 240)).save(file, "WEBP", quality=80)
    return file.getvalue()


class Installed:
    """What could be installed in a folder; what could not is left out, and said so.

    Args:
        folder: Kept for the next run when somebody named it.
    """

    def __init__(self, folder):
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.python = self.folder / "venv" / "bin" / "python"
        if not self.python.exists():
            _tried(sys.executable, "-m", "venv", self.folder / "venv")
        self.has_python = _tried(self.python, "-m", "pip", "install", "-q", *PACKAGES)
        npm = ("npm", "install", "--no-fund", "--no-audit", "--prefix", self.folder, "sharp")
        self.has_sharp = (self.folder / "node_modules" / "sharp").exists() or _tried(*npm)


def _tried(*command):
    words = [str(word) for word in command]
    try:
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"left out: {' '.join(words)}: {error}", file=sys.stderr)
        return False
    return True
