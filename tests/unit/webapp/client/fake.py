"""A server at the edge of HTTP: answers what a test says, and keeps what it was asked."""

# ruff: noqa: ARG002 - every call of the server is told the request and its body

import hashlib
import json

import httpx

from tests.samples import jpeg
from webapp.client.cli import main

SERVER = "http://pictures.test"
TOKEN = "sbx_secret"
TUS = "/api/v1/tus/"
ME = {"user": {"id": "1", "name": "ada", "staff": False}, "scopes": ["upload", "read"]}


class Fake:
    """Stores every picture at once; ``before`` holds answers that are given first, in order."""

    def __init__(self):
        self.before = []
        self.requests = []
        self.bodies = {}
        self.scopes = ["upload", "read"]

    def __call__(self, request):
        body = request.read()
        if request.url.path == "/api/v1/me":
            return httpx.Response(200, json={**ME, "scopes": self.scopes})
        self.requests.append(request)
        if request.url.path.startswith(TUS):
            return self.tus(request, body)
        if self.before:
            return self.answer(self.before.pop(0))
        return self.otherwise(request, body)

    def tus(self, request, body):
        return httpx.Response(404)

    def answer(self, answer):
        if isinstance(answer, Exception):
            raise answer
        return answer

    def otherwise(self, request, body):
        known = body in self.bodies.values()
        self.bodies[request.url.params["filename"]] = body
        return httpx.Response(200 if known else 201, json=image_of(body, known, request))

    def sent(self, method):
        return [request for request in self.requests if request.method == method]


def image_of(body, known, request):
    name = request.url.params.get("filename", "x.jpg")
    base = f"http://images.test/{name.partition('.')[0]}"
    return {
        "id": "p000" + "0" * 20,
        "filename": name,
        "title": "",
        "duplicate": known,
        "source_digest": f"sha256:{hashlib.sha256(body).hexdigest()}",
        "links": {
            "page": f"{SERVER}/i/{name}",
            "original": f"{base}.jpg",
            "renditions": {"w1600": {"webp": f"{base}/w1600.webp", "jpg": f"{base}/w1600.jpg"}},
        },
    }


def problem(status, code, detail, **headers):
    return httpx.Response(status, json={"code": code, "detail": detail}, headers=headers)


def shoebox(fake, *words):
    """Run the command against a fake and return its exit status."""
    return main(
        ["upload", "--server", SERVER, "--token", TOKEN, *map(str, words)],
        transport=httpx.MockTransport(fake),
    )


def homeless():
    """Stand in for ``Path.home`` of a user without HOME and without an entry in passwd."""
    raise RuntimeError("Could not determine home directory.")


def write_pictures(folder, *names):
    """Write a picture each, all different."""
    paths = [folder / name for name in names]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(width=64 + number))
    return paths


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]
