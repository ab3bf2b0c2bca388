"""A private PostgreSQL from Debian's package: own folder, own port, password over TCP."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from config.local.servers.programs import as_user, get_program
from config.local.service import Service, StartError

USER = "shoebox"
# PostgreSQL refuses to run as root; Debian's package brings this account.
SYSTEM_ACCOUNT = "postgres"
BINARIES = "/usr/lib/postgresql/*/bin"


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """One server with one user, who owns everything in it, and one database.

    Args:
        directory: Its own folder.
        port: One port.
        password: Of the user ``shoebox``; set on the first start and kept.
        database: Made on the first start.
        port_variable: What moves the port, named when it is taken.
    """

    directory: Path
    port: int
    password: str
    database: str = "shoebox"
    port_variable: str = ""

    @property
    def url(self) -> str:
        """PostgreSQL URL of the database."""
        return self._url(self.database)

    def service(self, *, log: Path | None = None) -> Service:
        """Describe the process; SIGINT ends it without waiting for its clients.

        Raises:
            MissingServerError: PostgreSQL is not installed.
        """
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
        }
        server = self._program("postgres")
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Service(
            name="postgres",
            command=(*self._as_user(), str(server), "-D", str(self._data), *options),
            directory=self.directory,
            log=log or self.directory / "postgres.log",
            ports={self.port: self.port_variable},
            prepare=self._prepare,
            ready=self._answers,
            configure=self._make_database,
            stop_signal=signal.SIGINT,
        )

    @property
    def _data(self) -> Path:
        return self.directory / "pgdata"

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def _program(self, name: str) -> Path:
        return get_program(name, BINARIES, package="postgresql")

    def _as_user(self) -> tuple[str, ...]:
        return as_user(SYSTEM_ACCOUNT, directory=self._data)

    def _prepare(self) -> None:
        if self._data.exists():
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        # Made aside and renamed, so that a start cut short leaves nothing half-made.
        made = self.directory / "pgdata.new"
        password = self.directory / "password"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        password.touch(mode=0o600)
        password.write_text(self.password, encoding="ascii")
        if os.geteuid() == 0:
            shutil.chown(made, SYSTEM_ACCOUNT)
            shutil.chown(password, SYSTEM_ACCOUNT)
        self._initdb(made, password)
        password.unlink()
        made.rename(self._data)

    def _initdb(self, made: Path, password: Path) -> None:
        options = (
            f"--username={USER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        )
        command = (*self._as_user(), str(self._program("initdb")), "-D", str(made), *options)
        done = subprocess.run(
            command, cwd=self.directory, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise StartError(f"postgres: initdb failed: {done.stderr.strip()}")

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self._url("postgres"), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def _make_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            exists = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [self.database]
            ).fetchone()
            if not exists:
                connection.execute(
                    sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.database))
                )
