"""A private RabbitMQ node from Debian's package: own folder, own ports, own name server."""

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import amqp

from config.local.probes import PROBE_SECONDS, listens
from config.local.servers.programs import get_program
from config.local.service import Service

PORTS = 4
VHOST = "shoebox"
# In the order of the block; AMQP is what clients use.
_AMQP, _DISTRIBUTION, _NAMES, _MANAGEMENT = range(PORTS)


@dataclass(frozen=True, kw_only=True)
class RabbitMQ:
    """One node with one user and one virtual host.

    Args:
        directory: Its own folder.
        port: First of ``PORTS`` consecutive ports; AMQP answers on this one.
        password: Of the user ``shoebox``; set on the first start and kept.
        management: Also answer the management API, which Flower asks for queue lengths.
        port_variable: What moves the block of ports, named when one is taken.
    """

    directory: Path
    port: int
    password: str
    management: bool = False
    port_variable: str = ""

    @property
    def url(self) -> str:
        """AMQP URL with user and virtual host."""
        return f"amqp://shoebox:{self.password}@127.0.0.1:{self.port}/{VHOST}"

    @property
    def management_url(self) -> str:
        """Base of the management API, with user; answers only with ``management``."""
        return f"http://shoebox:{self.password}@127.0.0.1:{self.port + _MANAGEMENT}/api/"

    def service(self, *, log: Path | None = None) -> Service:
        """Describe the node and the Erlang name server that belongs to it.

        Raises:
            MissingServerError: RabbitMQ is not installed.
        """
        server = get_program("rabbitmq-server", "/usr/lib/rabbitmq/bin", package="rabbitmq-server")
        epmd = get_program("epmd", package="erlang-base")
        # The name server would put itself in a session of its own and outlive the node. Here it
        # is a child that the kernel ends with the node, however that ends. The script itself is
        # replaced by the Erlang machine, so a signal reaches it directly.
        start = f'setpriv --pdeathsig KILL "{epmd}" & exec "{server}"'
        return Service(
            name="rabbitmq",
            command=("sh", "-c", start),
            directory=self.directory,
            log=log or self.directory / "rabbitmq.log",
            env=self._environment(),
            ports=dict.fromkeys(range(self.port, self.port + PORTS), self.port_variable),
            prepare=self._prepare,
            ready=self._answers,
            ready_seconds=120.0,
            # The management API takes 5 s to close; AMQP answers until then.
            stop_early=self.management,
            stop_seconds=7.0,
        )

    def _environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.directory),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.port + _NAMES),
            "RABBITMQ_ALLOW_INPUT": "true",
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.directory / "no-such-file"),
            "RABBITMQ_DIST_PORT": str(self.port + _DISTRIBUTION),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "enabled_plugins"),
            "RABBITMQ_LOG_BASE": str(self.directory / "log"),
            "RABBITMQ_MNESIA_BASE": str(self.directory / "mnesia"),
            "RABBITMQ_NODENAME": "shoebox@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_PID_FILE": str(self.directory / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-noinput -start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"
            ),
        }

    def _prepare(self) -> None:
        self._drop_of_elsewhere()
        for name in ("log", "mnesia"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        cookie = self.directory / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text(secrets.token_hex(16), encoding="ascii")
            cookie.chmod(0o400)
        plugins = "[rabbitmq_management]." if self.management else "[]."
        (self.directory / "enabled_plugins").write_text(plugins + "\n", encoding="ascii")
        config = self.directory / "rabbitmq.conf"
        config.touch(mode=0o600)
        config.write_text("\n".join(self._config_lines()) + "\n", encoding="utf-8")

    def _drop_of_elsewhere(self) -> None:
        """Begin without messages in a folder that was renamed or copied.

        Quorum queues keep whole paths: they would not start, or write where the copy came from.
        What they hold is work that the index knows and that is queued again.
        """
        place, here = self.directory / "place", os.fsencode(self.directory.resolve())
        if place.exists() and place.read_bytes() != here:
            shutil.rmtree(self.directory / "mnesia", ignore_errors=True)
        self.directory.mkdir(parents=True, exist_ok=True)
        place.write_bytes(here)

    def _config_lines(self) -> list[str]:
        lines = [
            f"listeners.tcp.1 = 127.0.0.1:{self.port}",
            "default_user = shoebox",
            f"default_pass = {self.password}",
            f"default_vhost = {VHOST}",
            "default_permissions.configure = .*",
            "default_permissions.read = .*",
            "default_permissions.write = .*",
            "default_user_tags.administrator = true",
            "log.file = false",
            "log.console = true",
            "log.console.level = warning",
        ]
        if self.management:
            lines += [
                "management.tcp.ip = 127.0.0.1",
                f"management.tcp.port = {self.port + _MANAGEMENT}",
            ]
        return lines

    def _answers(self) -> bool:
        """Open a connection as a client would: the port is open before the user exists."""
        if not listens(self.port):
            return False
        connection = amqp.Connection(
            host=f"127.0.0.1:{self.port}",
            userid="shoebox",
            password=self.password,
            virtual_host=VHOST,
            connect_timeout=PROBE_SECONDS,
        )
        try:
            connection.connect()
            connection.close()
        except (OSError, amqp.AMQPError):
            return False
        return True
