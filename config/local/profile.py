"""A profile: which processes, on which ports, with which settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.env import ENV_FILE
from config.local.secrets_file import SHARD_NAMES
from config.local.service import LocalError, Service
from config.local.shoebox import Shoebox

ZONES = dict(zip(SHARD_NAMES, ("z1", "z1", "z2", "z2"), strict=True))
ADMIN = "admin"
FLOWER_USER = "flower"
HOSTS = "127.0.0.1,localhost"
DRAIN_SECONDS = "1"
SERVERS_PORT = "SERVERS_PORT"
METRICS_PORT = "METRICS_PORT"

DEFAULT_PORTS: Mapping[str, Mapping[str, int]] = {
    "embedded": {
        "WRITE_PORT": 8000,
        "READ_PORT": 8001,
        "FLOWER_PORT": 5555,
        "VALKEY_PORT": 6390,
        # First of two, one for each worker.
        METRICS_PORT: 5556,
    },
    "cluster": {
        "WRITE_PORT": 8100,
        "READ_PORT": 8101,
        "FLOWER_PORT": 5655,
        "VALKEY_PORT": 6490,
        METRICS_PORT: 5656,
        "EDGE_PORT": 8180,
        "EDGE_READ_PORT": 8181,
        # First of 50: RabbitMQ, PostgreSQL and the SeaweedFS stores.
        SERVERS_PORT: 18300,
    },
}
# Nothing listens there unless it is said.
RENDER_PORT = "RENDER_PORT"
DEFAULT_DATA = {"embedded": "data", "cluster": "data-cluster"}


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Everything that one start needs to know.

    Args:
        name: ``embedded`` or ``cluster``.
        data: Folder of everything it keeps, absolute.
        secrets: What is in ``secrets.env``.
        environment: Settings of every process of ours.
        servers: What our processes stand on; started first, side by side.
        processes: Our own, in the order of their start.
        edge: In front of them, started last; empty where nginx is not installed.
        index: File of SQLite; None where the index is a server.
        shard_folders: Made on the first start and never again: one that vanished later may be
            a disk that is not mounted.
    """

    name: str
    data: Path
    secrets: Mapping[str, str]
    environment: Mapping[str, str]
    servers: tuple[Service, ...]
    processes: tuple[Service, ...]
    edge: tuple[Service, ...] = ()
    index: Path | None = None
    shard_folders: tuple[Path, ...] = ()

    @property
    def services(self) -> tuple[Service, ...]:
        """All processes, in the order of their start."""
        return (*self.servers, *self.processes, *self.edge)

    @property
    def stop_groups(self) -> tuple[tuple[Service, ...], tuple[Service, ...]]:
        """What gets its stop signal first, and what gets it when those have ended."""
        early = tuple(server for server in self.servers if server.stop_early)
        late = tuple(server for server in self.servers if not server.stop_early)
        return (*self.edge, *self.processes, *early), late

    @property
    def shoebox(self) -> Shoebox:
        """Describes more processes of ours, with the settings of this profile."""
        return shoebox_of(self.environment, self.data)

    def credentials(self) -> dict[str, str]:
        """Return what a person needs to sign in, by the names used in the file of that name."""
        return {
            "username": ADMIN,
            "password": self.secrets["SHOEBOX_ADMIN_PASSWORD"],
            "token": self.secrets["SHOEBOX_ADMIN_TOKEN"],
            "flower_username": FLOWER_USER,
            "flower_password": self.secrets["FLOWER_PASSWORD"],
        }


def data_folder(name: str, environ: Mapping[str, str]) -> Path:
    """Return the absolute data folder of profile ``name``."""
    return Path(environ.get("SHOEBOX_DATA") or DEFAULT_DATA[name]).absolute()


def installed(data: Path) -> bool:
    """Return whether ``data`` was started on before."""
    return (data / ENV_FILE).exists()


def profile_ports(name: str, environ: Mapping[str, str]) -> dict[str, int]:
    """Return the port of each variable, from ``environ`` or the defaults of profile ``name``.

    ``RENDER_PORT`` has none: without it there is no render process.

    Raises:
        LocalError: A variable is not a port number.
    """
    ports = {
        variable: _port(variable, environ.get(variable) or str(default))
        for variable, default in DEFAULT_PORTS[name].items()
    }
    if wanted := environ.get(RENDER_PORT):
        ports[RENDER_PORT] = _port(RENDER_PORT, wanted)
    return ports


def shared_settings(
    name: str, data: Path, secrets: Mapping[str, str], shards: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings that differ between profiles in their values only.

    Args:
        name: Of the profile.
        data: Its folder.
        secrets: Its secrets.
        shards: URL of each shard, by its name.
    """
    return {
        "SHOEBOX_PROFILE": name,
        "SHOEBOX_DATA": str(data),
        "SHOEBOX_SECRET_KEY": secrets["SHOEBOX_SECRET_KEY"],
        "SHOEBOX_SIGNING_KEYS": secrets["SHOEBOX_SIGNING_KEYS"],
        "SHOEBOX_ADMIN_USERNAME": ADMIN,
        "SHOEBOX_ADMIN_PASSWORD": secrets["SHOEBOX_ADMIN_PASSWORD"],
        "SHOEBOX_ADMIN_TOKEN": secrets["SHOEBOX_ADMIN_TOKEN"],
        "SHOEBOX_BOOTSTRAP_SHARDS": ",".join(
            f"{shard}={url}@{ZONES[shard]}" for shard, url in shards.items()
        ),
        "SHOEBOX_SEED_SHARDS": ",".join(f"{shard}={url}" for shard, url in shards.items()),
        "SHOEBOX_TOPOLOGY_FILE": str(data / "topology.json"),
        "SHOEBOX_JOURNAL_FILE": str(data / "deleted.json"),
        "SHOEBOX_SPOOL": str(data / "spool"),
        "SHOEBOX_ALLOWED_HOSTS": HOSTS,
        # No load balancer has to notice, and who ends this waits for it.
        "SHOEBOX_DRAIN_SECONDS": DRAIN_SECONDS,
    }


def shared_addresses(write_port: int, read_port: int, flower_port: int) -> dict[str, str]:
    """Return the settings that hold public addresses."""
    return {
        "SHOEBOX_WRITE_URL": f"http://127.0.0.1:{write_port}",
        "SHOEBOX_READ_URL": f"http://127.0.0.1:{read_port}",
        "SHOEBOX_FLOWER_URL": f"http://127.0.0.1:{flower_port}",
    }


def render_address(ports: Mapping[str, int]) -> dict[str, str]:
    """Return the setting that names the render process, where there is one."""
    port = ports.get(RENDER_PORT)
    return {"SHOEBOX_RENDER_URL": f"http://127.0.0.1:{port}"} if port else {}


def our_processes(
    environment: Mapping[str, str],
    data: Path,
    ports: Mapping[str, int],
    secrets: Mapping[str, str],
    *,
    broker_api: str = "",
) -> tuple[Service, ...]:
    """Return our processes, in the order of their start."""
    shoebox = shoebox_of(environment, data)
    login = f"{FLOWER_USER}:{secrets['FLOWER_PASSWORD']}"
    return (
        shoebox.write_service(port=ports["WRITE_PORT"]),
        shoebox.read_service(port=ports["READ_PORT"]),
        *([shoebox.render_process(port=ports[RENDER_PORT])] if RENDER_PORT in ports else []),
        shoebox.relay(),
        *shoebox.workers(metrics_port=ports[METRICS_PORT]),
        shoebox.beat(),
        shoebox.flower(port=ports["FLOWER_PORT"], login=login, broker_api=broker_api),
    )


def shoebox_of(environment: Mapping[str, str], data: Path) -> Shoebox:
    """Return what describes our processes with these settings."""
    return Shoebox(environment=environment, logs=data / "logs")


def log_of(data: Path, name: str) -> Path:
    """Return the log file of the process ``name``."""
    return data / "logs" / f"{name}.log"


def _port(variable: str, value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) < 2**16:
        raise LocalError(f"{variable}={value} is not a port number")
    return int(value)
