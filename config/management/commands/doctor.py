"""`manage.py doctor`: a line per part this installation needs; fails when one is not well.

Checks settings, public addresses, index, broker and queues, topology, the clock against each
store's, and writes, reads and deletes a small blob on each shard. A render process is asked how it
is where there is one.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from config.celery import app, broker_errors
from config.public import addresses_finding
from webapp.cluster.models import Shard
from webapp.cluster.report import shard_finding
from webapp.cluster.snapshot import topology_now
from webapp.core.errors import ShoeboxError
from webapp.core.topology import topology_load
from webapp.outbox.services import outbox_depth
from webapp.storage.documents import file_read
from workers.depth import queue_depths

Finding = tuple[str, bool, str]


class Command(BaseCommand):
    """Looks at every part and says how it is."""

    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print the findings; fail when one is bad."""
        bad = 0
        for name, well, detail in findings():
            bad += not well
            self.stdout.write(f"{'ok  ' if well else 'BAD '} {name:<18} {detail}")
        if bad:
            raise CommandError(f"{bad} not well")


def findings() -> Iterator[Finding]:
    """Yield part, whether it is well, and what was seen."""
    shoebox = settings.SHOEBOX
    yield "settings", True, f"profile {shoebox.profile}, keys {shoebox.keyring.current.key_id}"
    yield "addresses", *addresses_finding(shoebox)
    yield _look("index", _index)
    yield _look("outbox", lambda: f"{outbox_depth()} messages wait")
    yield _look("broker", _broker)
    yield _look("topology", _topology)
    yield from _shards()
    if shoebox.render_url:
        yield _look("render", lambda: _render(shoebox.render_url))


def _look(name: str, look: Callable[[], str]) -> Finding:
    trouble: tuple[type[Exception], ...] = (ShoeboxError, DatabaseError, *broker_errors())
    try:
        return name, True, look()
    except trouble as error:
        return name, False, str(error) or type(error).__name__


def _index() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise DatabaseError(f"{len(missing)} migrations missing: run `manage.py migrate`")
    return f"{connection.vendor}, all migrations applied"


def _broker() -> str:
    with app.connection_for_write(connect_timeout=3) as broker:
        broker.ensure_connection(max_retries=1, timeout=3)
        try:
            depths = queue_depths(broker, [queue.name for queue in app.conf.task_queues])
        except broker.channel_errors as error:
            raise OSError(f"{error}; `manage.py queues declare` makes it") from error
        counts = ", ".join(f"{name} {depth}" for name, depth in depths.items())
    return f"{broker.transport.driver_type}, waiting: {counts}"


def _topology() -> str:
    topology = topology_now()
    data = file_read(settings.SHOEBOX.topology_file)
    if data is None:
        return f"revision {topology.revision}; no local file yet"
    published = topology_load(data, keyring=settings.SHOEBOX.keyring)
    if published.revision < topology.revision:
        raise OSError(f"the file has revision {published.revision}, not {topology.revision}")
    return f"revision {topology.revision}, versions: {len(topology.versions)}"


def _render(url: str) -> str:
    try:
        answer = httpx.get(f"{url}/readyz", timeout=3, trust_env=False)
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise OSError(f"{url} does not answer: {error}") from error
    if not answer.is_success:
        raise OSError(f"{url} is {said['status']}: {', '.join(said['degraded'])}")
    return f"{url}, {said['status']}"


def _shards() -> Iterator[Finding]:
    try:
        shards = list(Shard.objects.all())
    except DatabaseError:
        return
    for shard in shards:
        if shard.entry.state.readable:
            yield f"shard {shard.name}", *shard_finding(shard)
        else:
            yield f"shard {shard.name}", True, f"{shard.state}: not looked at"
