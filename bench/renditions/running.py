"""A whole Shoebox to measure: at the paces of its own settings, its processes counted."""

import time
from contextlib import contextmanager
from dataclasses import replace

import psycopg

from bench.fuzz.memory import process_bytes
from config.local.profile import ZONES
from config.local.secrets_file import SHARD_NAMES as SHARDS
from config.variables import Settings
from tests.processes import command_of, cpu_seconds
from tests.system import QUICK, system_make

RENDITIONS, OTHERS = "worker-renditions", "worker-replication"
CODECS, DECODER = "codecs", "workers.imaging.child"
PROCESSES = 2
SPAN = """
SELECT extract(epoch FROM max(ready_at) - min(ready_at)) / (count(ready_at) - 1) FROM images_image
"""
TO_READY = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ready_at - created_at))
FROM images_image
"""
ENDS = """
SELECT count(*), state, split_part(reason, ':', 1) FROM images_image GROUP BY 2, 3 ORDER BY 1 DESC
"""
LOOK_SECONDS = 0.1
END_SECONDS = 900


@contextmanager
def running(options, part, *, processes=PROCESSES, **settings):
    """Give a system on RabbitMQ and PostgreSQL; nothing of it runs afterwards.

    Args:
        options: Of the command line.
        part: Names its folder.
        processes: Pictures that are made at a time.
        settings: Others than the profile's.
    """
    folder = options.folder / part
    folder.mkdir()
    chosen = {"SHOEBOX_LOG_LEVEL": "error", **_paces(), **settings}
    folders = options.shards == "folders"
    system = system_make("cluster", folder, **chosen, **(_folder_shards(folder) if folders else {}))
    if folders:
        system.servers = tuple(name for name in system.servers if name not in SHARDS)
    worker = system.described(RENDITIONS)
    system.add(replace(worker, command=_at_a_time(worker.command, processes)))
    try:
        system.begin()
        yield system
    finally:
        system.end()


def _folder_shards(folder):
    """Return the settings of a cluster whose shards are folders and cost no processor."""
    urls = {name: folder / "shards" / name for name in SHARDS}
    for path in urls.values():
        path.mkdir(parents=True)
    return {
        "SHOEBOX_SEED_SHARDS": ",".join(f"{n}=file://{path}" for n, path in urls.items()),
        "SHOEBOX_BOOTSTRAP_SHARDS": ",".join(
            f"{n}=file://{path}@{ZONES[n]}" for n, path in urls.items()
        ),
    }


def _paces():
    """Return the settings that tests make quick, as they are by themselves."""
    fields = Settings.model_fields
    return {name: str(fields[name.removeprefix("SHOEBOX_").lower()].default) for name in QUICK}


def _at_a_time(command, count):
    """By itself the worker of one machine leaves a core to the services that answer people."""
    option = "--concurrency="
    return tuple(f"{option}{count}" if w.startswith(option) else w for w in command)


class Index:
    """Asks the index itself, on one connection: all else would cost what is being measured."""

    def __init__(self, system):
        self._connection = psycopg.connect(
            system.environment["SHOEBOX_DATABASE_URL"], autocommit=True
        )

    def waiting(self):
        return self._one("SELECT count(*) FROM images_image WHERE state = 'stored'")

    def unpublished(self):
        return self._one("SELECT count(*) FROM outbox_outboxmessage")

    def wait_settled(self, *, seconds=END_SECONDS):
        """Wait until no image is on its way any more."""
        end = time.monotonic() + seconds
        while count := self.waiting():
            if time.monotonic() > end:
                raise TimeoutError(f"{count} images are still stored")
            time.sleep(LOOK_SECONDS)

    def forget_images(self):
        self._connection.execute("DELETE FROM images_image")

    def make_due(self):
        self._connection.execute("UPDATE images_image SET due_at = created_at")

    def seconds_per_image(self):
        """Return how far apart images became ready, one with another."""
        return float(self._one(SPAN))

    def seconds_to_ready(self):
        """Return the median of the time from a row to its image being ready."""
        return float(self._one(TO_READY))

    def ends(self):
        """Return how many images ended how, and why, in words."""
        rows = self._connection.execute(ENDS).fetchall()
        return ", ".join(" ".join(map(str, row)).strip() for row in rows)

    def _one(self, query):
        return self._connection.execute(query).fetchone()[0]


def memory_mb(pids):
    """Return the memory that processes hold, what they share counted once for each."""
    return sum(map(process_bytes, pids)) / 1e6


class Processors:
    """What the parts of a system take of the processors, in seconds, since it was made."""

    def __init__(self, system):
        self._system = system
        self._before = self._all()

    def spent(self):
        """Return it by the name of the part; ``CODECS`` are the decoding children."""
        return {name: now - self._before[name] for name, now in self._all().items()}

    def _all(self):
        system = self._system
        names = (*system.servers, *system.processes)
        found = {name: sum(map(cpu_seconds, system.family(name))) for name in names}
        decoders = [pid for pid in system.family(RENDITIONS) if DECODER in command_of(pid)]
        found[CODECS] = sum(map(cpu_seconds, decoders))
        found[RENDITIONS] -= found[CODECS]
        return found
