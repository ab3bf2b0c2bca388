"""SeaweedFS from a wheel: one S3-compatible store per process, so one shard per process."""

import contextlib
import json
import signal
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from config.local.probes import answers_ok
from config.local.processes import POLL_SECONDS
from config.local.servers.programs import wheel_program
from config.local.service import Service, StartError

PORTS = 8
REGION = "us-east-1"
CONFIGURE_SECONDS = 45.0
WRITE_SECONDS = 3.0
# In the order of the block; S3 is what clients use, the rest is between its own parts.
_S3, _S3_GRPC, _MASTER, _MASTER_GRPC, _VOLUME, _VOLUME_GRPC, _FILER, _FILER_GRPC = range(PORTS)

# A conflict: the folder is there already.
_DONE = {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT, HTTPStatus.CONFLICT}


@dataclass(frozen=True, kw_only=True)
class SeaweedFS:
    """One store with one bucket.

    Args:
        name: Name of the process and its log.
        directory: Its own folder.
        port: First of ``PORTS`` consecutive ports; S3 answers on this one.
        access_key: Key that may do everything; without it nothing is allowed.
        secret_key: Secret of that key.
        bucket: Made on the first start.
        port_variable: What moves the block of ports, named when one is taken.
    """

    name: str
    directory: Path
    port: int
    access_key: str
    secret_key: str
    bucket: str = "shoebox"
    port_variable: str = ""

    @property
    def endpoint(self) -> str:
        """Base URL for S3 clients; path style only."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Shard URL as ``shard add`` takes it."""
        return f"s3+{self.endpoint}/{self.bucket}"

    def service(self, *, log: Path | None = None) -> Service:
        """Describe the process.

        It is stopped with SIGKILL: it takes 15 s to end by any milder signal, and every write
        that it acknowledged is on disk by then.
        """
        return Service(
            name=self.name,
            command=(str(wheel_program("weed")), "-logtostderr", "server", *self._options()),
            directory=self.directory,
            log=log or self.directory / f"{self.name}.log",
            env={"GOGC": "50", "GOMEMLIMIT": "300MiB", "HOME": str(self.directory)},
            ports=dict.fromkeys(range(self.port, self.port + PORTS), self.port_variable),
            prepare=self._prepare,
            ready=self._ready,
            configure=self._configure,
            clean=self._clean,
            stop_signal=signal.SIGKILL,
        )

    def _options(self) -> tuple[str, ...]:
        # Relative: a socket has a short name only, and a comma would separate folders.
        return (
            "-dir=.",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.telemetry=false",
            "-master.peers=none",
            "-master.electionTimeout=1s",
            "-master.heartbeatInterval=300ms",
            "-master.volumeSizeLimitMB=64",
            f"-master.port={self.port + _MASTER}",
            f"-master.port.grpc={self.port + _MASTER_GRPC}",
            "-volume.max=0",
            "-volume.preStopSeconds=0",
            f"-volume.port={self.port + _VOLUME}",
            f"-volume.port.grpc={self.port + _VOLUME_GRPC}",
            "-filer",
            "-filer.localSocket=filer.sock",
            f"-filer.port={self.port + _FILER}",
            f"-filer.port.grpc={self.port + _FILER_GRPC}",
            "-s3",
            "-s3.localSocket=s3.sock",
            "-s3.config=s3.json",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.port={self.port + _S3}",
            f"-s3.port.grpc={self.port + _S3_GRPC}",
        )

    def _prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        config = self.directory / "s3.json"
        config.touch(mode=0o600)
        identity = {
            "name": "shoebox",
            "credentials": [{"accessKey": self.access_key, "secretKey": self.secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        config.write_text(json.dumps({"identities": [identity]}), encoding="utf-8")

    def _ready(self) -> bool:
        return answers_ok(self.port + _S3, "/healthz") and answers_ok(self.port + _FILER, "/")

    def _configure(self) -> None:
        """Ask for an fsync before every answer to a PUT, and make the bucket."""
        rules = {"locations": [{"locationPrefix": "/buckets/", "fsync": True}]}
        self._filer("PUT", "/etc/seaweedfs/filer.conf", json.dumps(rules).encode())
        self._filer("POST", f"/buckets/{self.bucket}/", b"")

    def _clean(self) -> None:
        """Remove the sockets it makes outside its folder and, killed, leaves there."""
        parts = {"s3": _S3, "master": _MASTER, "volume": _VOLUME, "filer": _FILER}
        for part, offset in parts.items():
            Path(f"/tmp/seaweedfs-{part}-grpc-{self.port + offset + 1}.sock").unlink(  # noqa: S108  # its fixed choice
                missing_ok=True
            )

    def _filer(self, method: str, path: str, body: bytes) -> None:
        """Write through the filer, which answers 500 or not at all until it has a volume."""
        deadline = time.monotonic() + CONFIGURE_SECONDS
        while (status := self._filer_status(method, path, body)) not in _DONE:
            if time.monotonic() > deadline:
                raise StartError(f"{self.name}: {method} {path} answered {status}")
            time.sleep(POLL_SECONDS)

    def _filer_status(self, method: str, path: str, body: bytes) -> int:
        connection = HTTPConnection("127.0.0.1", self.port + _FILER, timeout=WRITE_SECONDS)
        with contextlib.closing(connection):
            try:
                connection.request(method, path, body=body)
                return connection.getresponse().status
            except (OSError, HTTPException):
                return 0
