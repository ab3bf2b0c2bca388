"""The main job, done once and visibly: one picture through every part and back."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

import httpx

from config.local.picture import picture_make
from config.local.service import LocalError

READY_SECONDS = 90.0
WAIT_SECONDS = 30
T = TypeVar("T")


@dataclass(kw_only=True)
class Report:
    """What was done and how long it took.

    Args:
        steps: Each step in words, its duration in seconds, and what came of it.
        image: The image as the API gave it when it was ready.
        replicas: Its positions as the API gave them, those that hold a copy.
    """

    steps: list[tuple[str, float, str]] = field(default_factory=list)
    image: Mapping[str, Any] = field(default_factory=dict)
    replicas: list[Mapping[str, Any]] = field(default_factory=list)

    def step(self, words: str, action: Callable[[], T], tell: Callable[[T], str]) -> T:
        """Do ``action``, and note its duration and what ``tell`` says of its result."""
        began = time.monotonic()
        result = action()
        self.steps.append((words, time.monotonic() - began, tell(result)))
        return result


def first_photo(*, write_url: str, token: str) -> Report:
    """Upload a picture, wait until it is ready, read everything back and compare.

    Args:
        write_url: Base of the write service; the links of the image lead to the read service.
        token: May upload and read.

    Raises:
        LocalError: A part did not do its job; says which step, and what it answered.
    """
    report = Report()
    authorization = {"Authorization": f"Bearer {token}"}
    with (
        # Proxies of the environment are for elsewhere.
        httpx.Client(base_url=write_url, headers=authorization, timeout=60, trust_env=False) as api,
        httpx.Client(timeout=30, trust_env=False) as reader,
    ):
        try:
            _walk(report, api, reader)
        except httpx.HTTPError as error:
            raise LocalError(f"first photo: {type(error).__name__}: {error}") from error
    return report


def _walk(report: Report, api: httpx.Client, reader: httpx.Client) -> None:
    body = report.step("picture made", picture_make, lambda made: f"{len(made):,} bytes")
    uploaded = report.step(
        "upload answered", lambda: _upload(api, body), lambda image: str(image["id"])
    )
    image = report.step(
        "ready",
        lambda: _wait_ready(api, uploaded["id"]),
        lambda image: f"{image['width']}x{image['height']}, {_rendition_count(image)} renditions",
    )
    report.image = image
    report.step(
        "original read back", lambda: _read_original(reader, image), lambda got: f"{got}, same"
    )
    report.step(
        "renditions read back",
        lambda: _read_renditions(reader, image),
        lambda sizes: f"{len(sizes)} files, {sum(sizes):,} bytes",
    )
    report.replicas = report.step(
        "replicas listed",
        lambda: _replicas(api, image["id"]),
        lambda present: f"{len(present)} copies",
    )


def _upload(api: httpx.Client, body: bytes) -> dict[str, Any]:
    files = {"file": ("first-photo.jpg", body, "image/jpeg")}
    return _json(
        api.post("/api/v1/images", files=files, data={"title": "First photo"}),
        HTTPStatus.CREATED,
    )


def _wait_ready(api: httpx.Client, image_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        answer = api.get(f"/api/v1/images/{image_id}", params={"wait": WAIT_SECONDS})
        image = _json(answer, HTTPStatus.OK)
        if image["state"] == "ready":
            return image
        if image["state"] != "stored" or time.monotonic() > deadline:
            raise LocalError(
                f"first photo: {image_id} is {image['state']} instead of ready,"
                f" reason {image.get('reason') or 'none given'}"
            )


def _read_original(reader: httpx.Client, image: Mapping[str, Any]) -> str:
    body = _body(reader.get(image["links"]["original"]))
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    if digest != image["digest"]:
        raise LocalError(f"first photo: stored as {image['digest']}, read back as {digest}")
    return digest[:15] + "…"


def _read_renditions(reader: httpx.Client, image: Mapping[str, Any]) -> list[int]:
    sizes = []
    for links in image["links"]["renditions"].values():
        for url in links.values():
            answer = reader.get(url)
            sizes.append(len(_body(answer)))
            if "X-Shoebox-Pending" in answer.headers:
                raise LocalError(f"first photo: {url} is still pending on a ready image")
    return sizes


def _replicas(api: httpx.Client, image_id: str) -> list[Mapping[str, Any]]:
    answer = _json(api.get(f"/api/v1/images/{image_id}/replicas"), HTTPStatus.OK)
    present = [each for each in answer["positions"] if each["state"] == "present"]
    if len(present) < answer["wanted"]:
        raise LocalError(f"first photo: ready with {len(present)} of {answer['wanted']} replicas")
    return present


def _rendition_count(image: Mapping[str, Any]) -> int:
    return sum(len(links) for links in image["links"]["renditions"].values())


def _body(answer: httpx.Response) -> bytes:
    if answer.status_code != HTTPStatus.OK:
        raise LocalError(f"first photo: {answer.url} answered {answer.status_code}")
    return answer.content


def _json(answer: httpx.Response, expected: HTTPStatus) -> dict[str, Any]:
    if answer.status_code != expected:
        request = answer.request
        raise LocalError(
            f"first photo: {request.method} {request.url} answered"
            f" {answer.status_code} instead of {expected.value}: {answer.text[:300]}"
        )
    parsed: dict[str, Any] = answer.json()
    return parsed
