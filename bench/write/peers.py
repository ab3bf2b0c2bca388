"""The same photos to others: plain Django, Wagtail, thumbor, each alone on the same core.

They run in an environment of their own, made once, outside the tree:

    python3 -m venv PEERS && PEERS/bin/pip install 'django==5.2.*' djangorestframework wagtail \\
        thumbor granian setuptools
    python -m bench.write peers --peers PEERS/bin/python

None of them makes a second copy or waits for the disk; ours does both.
"""

import re
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from bench.write.accept import CONNECTIONS, SIZES, TWO_COPIES
from bench.write.load import Target, load
from bench.write.photos import photo
from bench.write.places import (
    Place,
    granian_started,
    on_server_core,
    shoebox_started,
    take_load_core,
)
from config.local.ports import free_port_block
from config.local.probes import listens
from config.local.profile import log_of
from config.local.runner import start
from config.local.service import Service

OTHERS = Path(__file__).resolve().parent / "others"
OURS = "Shoebox, SQLite, two copies flushed"
LOGIN = {"username": "bench", "password": "of a server that lives for minutes"}


def peers_table(folder: Path, *, python: Path, rounds: int, seconds: float) -> str:
    """Return uploads per second of each, medians of interleaved rounds, and ours by how much."""
    take_load_core()
    folder.mkdir()
    with ExitStack() as stack:
        places = {
            OURS: shoebox_started(folder / "shoebox", **TWO_COPIES),
            "Django REST framework, FileField": _django(folder / "plain", python),
            "Wagtail, images/multiple/add": _wagtail(folder / "wagtail", python),
            "thumbor, POST /image": _thumbor(folder / "thumbor", python),
        }
        running = {name: stack.enter_context(place) for name, place in places.items()}
        seen = {size: _medians(running, size, rounds, seconds) for size in SIZES}
    lines = [
        "| uploads per second | " + " | ".join(f"{size} | ours is times" for size in SIZES) + " |",
        "|---|" + "---|" * (2 * len(SIZES)),
    ]
    for name in running:
        cells = [f"{r[name]:.0f} | {r[OURS] / r[name]:.2f}" for r in seen.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _medians(places: dict[str, Place], size: str, rounds: int, seconds: float) -> dict[str, float]:
    rates: dict[str, list[float]] = {name: [] for name in places}
    for _ in range(rounds):
        for name, place in places.items():
            seen = load(place.target, photo(SIZES[size]), connections=CONNECTIONS, seconds=seconds)
            assert seen.taken == len(seen.times), f"{name}: {seen.statuses} {seen.refusal}"
            rates[name].append(seen.rate)
    return {name: statistics.median(values) for name, values in rates.items()}


@contextmanager
def _on_granian(folder: Path, python: Path, module: str) -> Iterator[Place]:
    folder.mkdir()
    told = {"PEER_DATA": str(folder), "PYTHONPATH": str(OTHERS)}
    words = ("--interface=wsgi", "--blocking-threads=32")
    with granian_started(f"{module}:application", folder, told, python=python, more=words) as place:
        yield place


@contextmanager
def _django(folder: Path, python: Path) -> Iterator[Place]:
    with _on_granian(folder, python, "plain") as place:
        yield replace(place, target=Target(place.target.port, "/uploads", form="file"))


@contextmanager
def _wagtail(folder: Path, python: Path) -> Iterator[Place]:
    with _on_granian(folder, python, "wagtail_site") as place:
        port = place.target.port
        headers = _signed_in(f"http://127.0.0.1:{port}/admin/login/")
        target = Target(port, "/admin/images/multiple/add/", headers, form="files[]")
        yield replace(place, target=target)


def _signed_in(url: str) -> dict[str, str]:
    """Sign in as a browser does; return the headers of its next requests."""
    with httpx.Client(trust_env=False, timeout=60) as client:
        page = client.get(url).text
        hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert hidden, page[:500]
        answer = client.post(url, data={**LOGIN, "csrfmiddlewaretoken": hidden[1]})
        assert answer.status_code == 302, answer.text[:500]
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        return {
            "Cookie": cookies,
            "X-CSRFToken": client.cookies["csrftoken"],
            "X-Requested-With": "XMLHttpRequest",
        }


@contextmanager
def _thumbor(folder: Path, python: Path) -> Iterator[Place]:
    folder.mkdir()
    port = free_port_block()
    settings = folder / "thumbor.conf"
    kept = f"FILE_STORAGE_ROOT_PATH = {str(folder / 'kept')!r}\n"
    settings.write_text((OTHERS / "thumbor.conf").read_text() + kept)
    described = Service(
        name="thumbor",
        command=(
            str(python.with_name("thumbor")),
            "--ip=127.0.0.1",
            f"--port={port}",
            f"--conf={settings}",
            "--log-level=error",
        ),
        directory=folder,
        log=log_of(folder, "thumbor"),
        ready=lambda: listens(port),
    )
    running = start(on_server_core(described))
    try:
        yield Place(Target(port, "/image", {"Slug": "photo.jpg"}), running.pid)
    finally:
        running.kill()
