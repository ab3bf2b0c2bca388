"""A whole Shoebox for tests, process by process: each can be killed, stood still, started again.

The same descriptions as ``make run`` and ``make cluster`` start, without their supervisor: what
ends here stays ended until a test starts it, and what ends by itself is a failure.
"""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from config.local.ports import free_port_block, is_free
from config.local.profiles import profile_load
from config.local.runner import log_tail, start
from config.local.service import MissingServerError
from tests.client import Client
from tests.processes import family, pause, resume, wait_until
from webapp.core.shards import ShardEntry, ShardState
from webapp.storage.fleet import store_open

OWN_PORTS = ("WRITE_PORT", "READ_PORT", "FLOWER_PORT", "VALKEY_PORT")
SERVER_PORTS = 50
WORKERS = 2
SETUP_SECONDS = 180
SETTLE_SECONDS = 180
PORT_SECONDS = 70

# Only how long things take: a sweep every second, stand-ins that go home in seconds, a decoder
# that hangs found out sooner, and ends without a drain that nobody looks at.
QUICK = MappingProxyType(
    {
        "SHOEBOX_SWEEP_SECONDS": "1",
        "SHOEBOX_WATCH_SECONDS": "2",
        "SHOEBOX_HANDOFF_GRACE_SECONDS": "5",
        "SHOEBOX_ACTIVATION_SECONDS": "5",
        "SHOEBOX_RENDER_WALL_SECONDS": "15",
        "SHOEBOX_IMPORT_SECONDS": "5",
        "SHOEBOX_DRAIN_SECONDS": "0",
    }
)
# The servers that tests import from are on this machine, on whatever port is free.
LOOPBACK = MappingProxyType(
    {"SHOEBOX_IMPORT_PRIVATE_ADDRESSES": "true", "SHOEBOX_IMPORT_PORTS": "1-65535"}
)


def system_make(name, folder, **settings):
    """Describe profile ``name`` in ``folder``, on free ports; nothing is started yet."""
    first = free_port_block(len(OWN_PORTS) + WORKERS + SERVER_PORTS)
    ports = {variable: str(first + index) for index, variable in enumerate(OWN_PORTS)}
    # The block of the servers last: it is more than one port. No edge: the links lead to ours.
    ports["SERVERS_PORT"] = str(first + len(OWN_PORTS) + WORKERS)
    ports["METRICS_PORT"] = str(first + len(OWN_PORTS))
    ports |= {"EDGE_PORT": ports["WRITE_PORT"], "EDGE_READ_PORT": ports["READ_PORT"]}
    profile = profile_load(name, {**ports, "SHOEBOX_DATA": str(folder)})
    return System(profile, {**QUICK, **LOOPBACK, **settings})


def system_run(name, folder, **settings):
    """Yield a running system; nothing of it runs afterwards. Skip where a server is missing."""
    try:
        system = system_make(name, folder, **settings)
    except MissingServerError as missing:
        pytest.skip(str(missing))
    try:
        system.begin()
        yield system
    finally:
        system.end()


class System:
    """A profile's servers and processes by name."""

    def __init__(self, profile, settings):
        self.profile = profile
        self.settings = settings
        self.environment = {**profile.environment, **settings}
        self._running = {}
        self._paused = set()
        self._ended = set()
        self._stores = {}
        ours = [self._with_settings(service) for service in profile.processes]
        self._services = {service.name: service for service in (*profile.servers, *ours)}
        self.servers = tuple(service.name for service in profile.servers)
        # Nothing depends on Flower: it is described and not started.
        self.processes = tuple(service.name for service in ours if service.name != "flower")
        self._urls = _shard_urls(profile)
        self.client = Client(self)

    def _with_settings(self, service):
        return replace(service, env={**service.env, **self.settings})

    # Beginning and end

    def begin(self):
        for folder in self.profile.shard_folders:
            folder.mkdir(parents=True, exist_ok=True)
        self.start(*self.servers)
        self.manage("migrate", "--noinput")
        self.manage("bootstrap")
        self.start(*self.processes)

    def end(self):
        """End everything the quick way; nobody needs its data any more."""
        self.client.close()
        self.resume(*self._paused)
        if "postgres" in self._running:
            self.stop("postgres")  # killed, it would leave shared memory behind
        self.kill(*self._running)

    def settle(self, *, but=()):
        """Bring back all ``but`` some and wait until it answers; tell what ended by itself."""
        crashed = [name for name in self._running if not self._is_up(name)]
        crashed = [name for name in crashed if name not in self._ended]
        self.resume(*self._paused)
        wanted = [name for name in self._running if name not in but]
        self.start(*wanted)
        for name in wanted:
            wait_until(self._services[name].ready, seconds=SETTLE_SECONDS, what=f"{name} ready")
        tails = [f"{name} ended by itself{self.log_tail(name)}" for name in crashed]
        assert not tails, "\n".join(tails)

    # One process or several

    def start(self, *names):
        """Start what does not run, side by side; return once all of it is ready."""
        missing = [name for name in names if not self._is_up(name)]
        self._ended -= {*missing}
        with ThreadPoolExecutor(len(missing) or 1) as threads:
            started = threads.map(lambda name: _start_one(self._services[name]), missing)
            for name, running in zip(missing, started, strict=True):
                self._running[name] = running

    def stop(self, *names):
        """End processes as an operator would."""
        self._ended |= {*names}
        for name in self._known(names):
            self._running[name].stop()

    def kill(self, *names):
        """End processes as a power cut would."""
        self._ended |= {*names}
        for name in self._known(names):
            self._kill(name)

    def pause(self, *names):
        """Let processes hang: they keep their connections and do not answer."""
        self._paused |= {*names}
        for name in names:
            pause(self.family(name))

    def resume(self, *names):
        for name in names:
            resume(self.family(name))
        self._paused -= {*names}

    def family(self, name):
        """Return the ids of all processes of ``name``, children in other sessions too."""
        return family(self._running[name].pid)

    def pid(self, name):
        """Return the id of the process that was started as ``name``."""
        return self._running[name].pid

    def is_up(self, name):
        return self._is_up(name)

    def change(self, **settings):
        """Give settings other values: in what is started, or run, from now on."""
        self.settings |= settings
        self.environment |= settings
        for name in self.processes:
            self._services[name] = self._with_settings(self._services[name])

    def change_one(self, name, **env):
        """Give one process other settings than all others, from its next start on."""
        service = self._services[name]
        self._services[name] = replace(service, env={**service.env, **env})

    def restart(self, *names):
        """End processes as an operator would, side by side, and start them again."""
        with ThreadPoolExecutor(len(names)) as threads:
            list(threads.map(self.stop, names))
        self.start(*names)

    def add(self, service):
        """Know one more process of ours; started like the others."""
        self._services[service.name] = self._with_settings(service)

    def forget(self, name):
        """End a process that ``add`` made known; it does not come back."""
        self.kill(name)
        self._running.pop(name, None)
        del self._services[name]

    def described(self, name):
        return self._services[name]

    def _kill(self, name):
        # Paused processes die by SIGKILL all the same.
        self._running[name].kill()
        self._paused -= {name}

    def _is_up(self, name):
        return name in self._running and self._running[name].alive

    def _known(self, names):
        return [name for name in names if name in self._running]

    # What a test looks at

    def manage(self, *words, status=0, **env):
        """Run a management command to its end and return what it printed, or said of an error.

        ``status`` None: whatever it ends with. ``env``: more of its environment.
        """
        done = subprocess.run(
            self.profile.shoebox.manage(*words),
            env={**self.manage_environ(), **env},
            capture_output=True,
            text=True,
            timeout=SETUP_SECONDS,
            check=False,
        )
        assert status in {None, done.returncode}, done.stdout + done.stderr
        return done.stdout or done.stderr

    @property
    def shard_names(self):
        """The shards of the profile, and those a test added since."""
        return tuple(self._urls)

    def know_shard(self, name, url):
        """Know a shard that a test added."""
        self._urls[name] = url

    def shard_url(self, name):
        return self._urls[name]

    @property
    def topology_file(self):
        """The local copy that all processes here share."""
        return self.profile.data / "topology.json"

    def manage_environ(self):
        """Return the environment of a management command."""
        return {**self.profile.shoebox.environ(), **self.settings, "PATH": "/usr/bin:/bin"}

    def shard(self, name):
        """Return the bare store of a shard: what lies there, whoever it says it is."""
        if name not in self._stores:
            self._stores[name] = self._store_open(name)
        return self._stores[name]

    def _store_open(self, name):
        url = self._urls[name]
        entry = ShardEntry(name, url, ShardState.ACTIVE, "")
        prefix = f"SHOEBOX_SHARD_{name.upper()}"
        pair = [self.environment.get(f"{prefix}_{part}_KEY", "") for part in ("ACCESS", "SECRET")]
        return store_open(entry, {name: tuple(pair)} if all(pair) else {})

    def log_tail(self, name):
        return log_tail(self._services[name].log)

    @property
    def spool(self):
        return Path(self.environment["SHOEBOX_SPOOL"])


def _start_one(service):
    """Start a service; connections that a kill cut off may hold its port for a moment."""
    for port in service.ports:
        wait_until(lambda port=port: is_free(port), seconds=PORT_SECONDS, what=f"port {port} free")
    return start(service)


def _shard_urls(profile):
    pairs = profile.environment["SHOEBOX_SEED_SHARDS"].split(",")
    return dict(pair.split("=", 1) for pair in pairs)
