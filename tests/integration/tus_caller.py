"""Write services on one spool, and calling them as tus clients do."""

import base64
import contextlib
import hashlib
import io
import secrets
import socket
from pathlib import Path

import httpx
from PIL import Image as Picture

from config.local.ports import free_port_block
from tests.processes import wait_until
from tests.system import system_make

TUS = "/api/v1/tus/"
BYTES = "application/offset+octet-stream"
IDLE_SECONDS = 5
SECOND = "write-2"


@contextlib.contextmanager
def tus_services(folder):
    """Run two write services and nothing else: uploads need neither broker nor workers."""
    system = system_make("embedded", folder, SHOEBOX_UPLOAD_IDLE_SECONDS=str(IDLE_SECONDS))
    second_port = free_port_block()
    system.add(system.profile.shoebox.write_service(port=second_port, name=SECOND))
    for shard in system.profile.shard_folders:
        shard.mkdir(parents=True)
    try:
        system.start(*system.servers)
        system.manage("migrate", "--noinput")
        system.manage("bootstrap")
        system.kill(*system.servers)
        system.start("write", SECOND)
        yield Services(system, second_port)
    finally:
        system.kill("write", SECOND)
        system.end()


class Services:
    """The running services, as tests look at them."""

    def __init__(self, system, second_port):
        self.system = system
        self.token = system.profile.credentials()["token"]
        self.first = TusCaller(system.environment["SHOEBOX_WRITE_URL"], self.token)
        self.second = TusCaller(f"http://127.0.0.1:{second_port}", self.token)

    def user(self, name, *, scope="upload"):
        """Return somebody else, who calls the first service."""
        if scope == "upload":
            self.system.manage("user", "add", name, "--no-password")
        words = ("token", "add", name, "--name", secrets.token_hex(4), "--scope", scope)
        return TusCaller(self.first.base, self.system.manage(*words).split()[-1])

    def quota(self, name, limit):
        """Let a user keep so many bytes; None: as many as they like."""
        change = f"User.objects.filter(username={name!r}).update(quota_bytes={limit})"
        words = f"from webapp.accounts.models import User; {change}"
        self.system.manage("shell", "-v0", "-c", words)

    def files(self, kind):
        """Return the files of uploads, of one ``kind`` of folder, by id."""
        found = Path(self.system.spool).glob(f"tus/*/{kind}/*")
        return {path.name.partition(".")[0]: path for path in found}

    def bytes_of(self, url):
        return self.files("bytes").get(id_of(url))

    def about_of(self, url):
        return self.files("about").get(id_of(url))


class TusCaller:
    """Calls one service with a token; every call is a connection of its own."""

    def __init__(self, base, token):
        self.base = base
        self.token = token
        self._client = httpx.Client(
            base_url=base,
            headers={"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"},
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=60,
            trust_env=False,
        )

    def __call__(self, method, path=TUS, **kwargs):
        return self._client.request(method, path, **kwargs)

    def create(self, length, *, content=None, headers=None, **metadata):
        """Return the answer to a new upload, with its first bytes or without."""
        own = {"Upload-Length": str(length)}
        if metadata:
            own["Upload-Metadata"] = metadata_of(metadata)
        if content is not None:
            own["Content-Type"] = BYTES
        return self("POST", content=content, headers={**own, **(headers or {})})

    def begin(self, data, *, sent=0, **metadata):
        """Return the address of an upload of which some bytes have arrived."""
        answer = self.create(len(data), **metadata)
        assert answer.status_code == 201, answer.text
        url = answer.headers["Location"]
        if sent:
            assert self.patch(url, data[:sent], offset=0).status_code == 204
        return url

    def patch(self, url, content, *, offset, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        own = {"Content-Type": BYTES, "Upload-Offset": str(offset)}
        return self("PATCH", url, content=content, headers={**own, **named})

    def head(self, url):
        return self("HEAD", url)

    def offset(self, url):
        return int(self.head(url).headers["Upload-Offset"])

    def image(self, answer):
        """Return the image an answer tells of."""
        found = self("GET", f"/api/v1/images/{answer.headers['X-Shoebox-Image']}")
        assert found.status_code == 200, found.text
        return found.json()

    @contextlib.contextmanager
    def stalled(self, url, data, *, sent, offset=0, **headers):
        """Begin to send ``data`` and stop after ``sent`` bytes, with the connection open."""
        named = {
            "Host": self.base.removeprefix("http://"),
            "Authorization": f"Bearer {self.token}",
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
            "Content-Type": BYTES,
            "Content-Length": str(len(data)),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        host, _, port = named["Host"].partition(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(f"PATCH {url} HTTP/1.1\r\n{lines}\r\n".encode() + data[:sent])
            yield connection


def wait_for_bytes(path, size):
    """Wait until so many bytes lie in a file; a last buffer may be missing."""
    wait_until(
        lambda: path.exists() and path.stat().st_size >= size - 64 * 1024,
        seconds=30,
        what=f"{size} bytes in {path}",
    )


def id_of(url):
    return url.rpartition("/")[2]


def metadata_of(words):
    return ",".join(
        f"{name} {base64.b64encode(str(word).encode()).decode()}" for name, word in words.items()
    )


def checksum_of(data, algorithm="sha1"):
    digest = hashlib.new(algorithm, data, usedforsecurity=False).digest()
    return f"{algorithm} {base64.b64encode(digest).decode()}"


def noise_picture(*, width=640, height=400):
    """Return a PNG that does not shrink, 750 KiB unless told, as no other call made."""
    file = io.BytesIO()
    picture = Picture.frombytes("RGB", (width, height), secrets.token_bytes(width * height * 3))
    picture.save(file, "PNG", compress_level=0)
    return file.getvalue()


def digest_of(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
