"""The nginx edge from Debian's package, in front of writers and readers on this machine."""

import os
import string
from dataclasses import dataclass
from pathlib import Path

from config.local.probes import http_status
from config.local.servers.programs import get_program
from config.local.service import Service

TEMPLATE = Path(__file__).resolve().parents[3] / "deploy" / "nginx" / "edge.conf.template"
HEALTH_PATH = "/edge-health"

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
        port_variables: What moves ``write_port`` and ``read_port``, named when one is taken.
    """

    directory: Path
    write_port: int
    read_port: int
    writers: tuple[int, ...]
    readers: tuple[int, ...]
    port_variables: tuple[str, str] = ("", "")

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
            ports=dict(zip((self.write_port, self.read_port), self.port_variables, strict=True)),
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
            EDGE_CACHE="cache",
            EDGE_WRITERS=" ".join(f"server 127.0.0.1:{port};" for port in self.writers),
            EDGE_READERS=" ".join(f"server 127.0.0.1:{port};" for port in self.readers),
        )
        (self.directory / "edge.conf").write_text(edge, encoding="utf-8")

    def _answers(self) -> bool:
        ports = (self.write_port, self.read_port)
        return all(http_status(port, HEALTH_PATH) is not None for port in ports)
