"""The nginx edge from Debian's package, in front of writers and readers on this machine."""

import os
import shutil
import string
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.local.probes import http_status
from config.local.servers.programs import get_program
from config.local.service import Service

TEMPLATE = Path(__file__).resolve().parents[3] / "deploy" / "nginx" / "edge.conf.template"
HEALTH_PATH = "/edge-health"
CERTIFICATE = "certificate.pem"
KEY = "certificate.key"
LIMITS: Mapping[str, str] = {
    # Together with the five seconds of the readers, at most 65 after a delete.
    "EDGE_FRESHNESS": "max-age=45, stale-while-revalidate=14, stale-if-error=14",
    "EDGE_CACHE_SIZE": "1g",
    "EDGE_BODY": "128m",
    "EDGE_CONNECTIONS": "2000",
    "EDGE_READS_PER_SECOND": "20000",
    "EDGE_CLIENT_SECONDS": "20",
    "EDGE_ACCESS_LOG": "off",
}

MAIN = string.Template("""\
daemon off;
pid nginx.pid;
error_log stderr warn;
$user
worker_processes 1;
worker_rlimit_nofile 4096;
events { worker_connections 2048; }
http {
    access_log off;
    default_type application/octet-stream;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include edge.conf;
}
""")


@dataclass(frozen=True, kw_only=True)
class Nginx:
    """The edge: one port for people and programs that write, one for readers.

    Args:
        directory: Its own folder; the cache lies in it.
        write_port: In front of ``writers``.
        read_port: In front of ``readers``.
        writers: Ports of write services.
        readers: Ports of read services.
        inner_port: Between its cache and the readers; on loopback alone.
        tls_port: In front of ``readers`` too, with a certificate of its own and HTTP/2; 0 for none.
        changed: Words of the template by name, where they differ from ``LIMITS``.
        port_variables: What moves ``write_port`` and ``read_port``, named when one is taken.
    """

    directory: Path
    write_port: int
    read_port: int
    writers: tuple[int, ...]
    readers: tuple[int, ...]
    inner_port: int
    tls_port: int = 0
    changed: Mapping[str, str] = field(default_factory=dict)
    port_variables: tuple[str, ...] = ("", "", "", "")

    def service(self, *, log: Path | None = None) -> Service:
        """Describe the process.

        Raises:
            MissingServerError: nginx is not installed.
        """
        server = get_program("nginx", "/usr/sbin", package="nginx")
        return Service(
            name="nginx",
            command=(
                str(server),
                "-e",
                "stderr",
                "-p",
                str(self.directory),
                "-c",
                "nginx.conf",
            ),
            directory=self.directory,
            log=log or self.directory / "nginx.log",
            ports={
                port: variable
                for port, variable in zip(self._ports, self.port_variables, strict=True)
                if port
            },
            prepare=self._prepare,
            ready=self._answers,
        )

    def _prepare(self) -> None:
        (self.directory / "cache").mkdir(parents=True, exist_ok=True)
        # As root its workers would change to an account that may not reach this folder.
        user = "user root;" if os.geteuid() == 0 else ""
        (self.directory / "nginx.conf").write_text(MAIN.substitute(user=user), encoding="utf-8")
        template = string.Template(TEMPLATE.read_text(encoding="utf-8"))
        # safe_: nginx has variables of its own, written the same way.
        edge = template.safe_substitute(
            EDGE_WRITE_LISTEN=f"127.0.0.1:{self.write_port}",
            EDGE_READ_LISTEN=f"127.0.0.1:{self.read_port}",
            EDGE_INNER_LISTEN=f"127.0.0.1:{self.inner_port}",
            EDGE_WRITE_TLS="",
            EDGE_READ_TLS=self._tls(),
            EDGE_CACHE="cache",
            EDGE_WRITERS=_servers(self.writers),
            EDGE_READERS=_servers(self.readers),
            **{**LIMITS, **self.changed},
        )
        (self.directory / "edge.conf").write_text(edge, encoding="utf-8")

    def _tls(self) -> str:
        """Return what has nginx speak TLS, and by it HTTP/2; nothing without openssl."""
        if not self.tls_port or not _certificate_made(self.directory):
            return ""
        return (
            f"listen 127.0.0.1:{self.tls_port} ssl http2; "
            f"ssl_certificate {CERTIFICATE}; ssl_certificate_key {KEY};"
        )

    @property
    def _ports(self) -> tuple[int, ...]:
        return (self.write_port, self.read_port, self.inner_port, self.tls_port)

    def _answers(self) -> bool:
        ports = (self.write_port, self.read_port)
        return all(http_status(port, HEALTH_PATH) is not None for port in ports)


def _servers(ports: tuple[int, ...]) -> str:
    """Return the servers of one upstream: who fails twice is left alone for a moment."""
    return " ".join(f"server 127.0.0.1:{port} max_fails=2 fail_timeout=2s;" for port in ports)


def _certificate_made(directory: Path) -> bool:
    """Make a certificate that nobody trusts, unless there is one; tell whether there is."""
    certificate = directory / CERTIFICATE
    if certificate.exists():
        return True
    if (openssl := shutil.which("openssl")) is None:
        return False
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650"
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    files = ("-keyout", str(directory / KEY), "-out", str(certificate))
    done = subprocess.run(
        [openssl, *words.split(), *names, *files], capture_output=True, check=False
    )
    return done.returncode == 0
