"""Our own processes: what starts them on this machine, and how to ask whether they work."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.pidbox import Mailbox

from config.local.probes import PROBE_SECONDS, answers_ok, not_ready_said
from config.local.service import Service

ROOT = Path(__file__).resolve().parents[2]
RENDITION_PROCESSES = max(1, (os.cpu_count() or 2) - 1)
REPLICATION_PROCESSES = 2

# Where Celery's workers listen to whoever asks how they are.
_MAILBOX = Mailbox("celery", type="fanout")


@dataclass(frozen=True, kw_only=True)
class Shoebox:
    """Describes our processes for one profile.

    Args:
        environment: Settings of the profile; every process gets the same.
        logs: Folder of the log files.
    """

    environment: Mapping[str, str]
    logs: Path

    def write_service(self, *, port: int, name: str = "write") -> Service:
        """Describe a write service: API, pages, admin."""
        return self._http(name, "write", port=port, variable="WRITE_PORT")

    def read_service(self, *, port: int, name: str = "read") -> Service:
        """Describe a read service."""
        return self._http(name, "read", port=port, variable="READ_PORT")

    def render_process(self, *, port: int, name: str = "render", nice: int = 10) -> Service:
        """Describe what makes sizes on demand; it steps back behind the rest."""
        described = self._http(name, "render", port=port, variable="RENDER_PORT")
        return replace(described, command=("nice", "-n", str(nice), *described.command))

    def relay(self) -> Service:
        """Describe the relay, which publishes the outbox."""
        return self._service("relay", *self.manage("relay"))

    def webhooks(self) -> Service:
        """Describe what delivers events to webhooks; needs RabbitMQ."""
        return self._service("webhooks", *self.manage("webhooks"))

    def worker(
        self, queues: str, *, processes: int, name: str, nice: int = 0, metrics_port: int = 0
    ) -> Service:
        """Describe a worker of a queue group.

        Args:
            queues: Names of its queues, separated by commas.
            processes: Tasks it does at a time.
            name: Unique among workers on the same broker.
            nice: How far it steps back behind the services that answer people.
            metrics_port: On loopback; 0 for none.
        """
        hostname = f"{name}@shoebox"
        words = (
            "worker",
            f"--queues={queues}",
            f"--hostname={hostname}",
            f"--concurrency={processes}",
            "--loglevel=INFO",
            "--task-events",
            "--without-gossip",
            "--without-mingle",
        )
        priority = ("nice", "-n", str(nice)) if nice else ()
        listen = f"127.0.0.1:{metrics_port}" if metrics_port else ""
        return replace(
            self._service(
                name,
                *priority,
                *self._celery(*words),
                env={"SHOEBOX_METRICS_LISTEN": listen},
            ),
            ports={metrics_port: "METRICS_PORT"} if metrics_port else {},
            ready=lambda: _worker_answers(self.environment["SHOEBOX_BROKER_URL"], hostname),
        )

    def workers(self, *, metrics_port: int) -> tuple[Service, Service]:
        """Describe one worker for each queue group; renditions step back behind the rest.

        Args:
            metrics_port: First of two.
        """
        return (
            self.worker(
                "renditions,backfills",
                processes=RENDITION_PROCESSES,
                name="worker-renditions",
                nice=10,
                metrics_port=metrics_port,
            ),
            self.worker(
                "replication,maintenance",
                processes=REPLICATION_PROCESSES,
                name="worker-replication",
                metrics_port=metrics_port + 1,
            ),
        )

    def beat(self) -> Service:
        """Describe the clock that queues the sweep."""
        return self._service("beat", *self._celery("beat", "--pidfile="))

    def flower(self, *, port: int, login: str, broker_api: str = "") -> Service:
        """Describe Flower.

        Args:
            port: On loopback.
            login: ``user:password`` that it asks for.
            broker_api: RabbitMQ's management API, for queue lengths.
        """
        described = self._service(
            "flower",
            *self._celery("flower", "--address=127.0.0.1", f"--port={port}"),
            # In the environment, because everybody can read command lines.
            env={"FLOWER_BASIC_AUTH": login, "FLOWER_BROKER_API": broker_api},
        )
        return replace(
            described,
            ports={port: "FLOWER_PORT"},
            ready=lambda: answers_ok(port, "/healthcheck"),
        )

    def manage(self, *words: str) -> tuple[str, ...]:
        """Return the command line of a management command."""
        return (sys.executable, str(ROOT / "manage.py"), *words)

    def environ(self) -> dict[str, str]:
        """Return what a process of ours needs in its environment."""
        return {**self.environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}

    def _celery(self, *words: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "celery", "-A", "config", *words)

    def _http(self, name: str, service: str, *, port: int, variable: str) -> Service:
        described = self._service(
            name, sys.executable, "-m", "config.serve", service, f"--port={port}"
        )
        return replace(
            described,
            ports={port: variable},
            ready=lambda: answers_ok(port, "/readyz"),
            said=lambda: not_ready_said(port),
        )

    def _service(self, name: str, *command: str, env: Mapping[str, str] | None = None) -> Service:
        return Service(
            name=name,
            command=command,
            directory=ROOT,
            log=self.logs / f"{name}.log",
            env={**self.environ(), **(env or {})},
            ready=lambda: True,
            # What a worker has not finished by then is done again: tasks are safe to repeat.
            stop_seconds=6.0,
        )


def _worker_answers(broker_url: str, hostname: str) -> bool:
    """Ask the worker through the broker, as Flower and operators do."""
    # A connection of its own: those that Celery's client pools stay open behind a broker's back.
    with Connection(broker_url) as broker:
        # What a broker that is just coming back makes its client raise differs by broker.
        away = (OSError, OperationalError, *broker.connection_errors, *broker.channel_errors)
        try:
            return bool(_MAILBOX(broker).call([hostname], "ping", timeout=PROBE_SECONDS))
        except away:
            return False
