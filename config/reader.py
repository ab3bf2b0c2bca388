"""Composition root of the read service: ``python -m config.serve read --port 8001``.

Knows the environment and the storage; nothing of Django, Celery or a database.
"""

import logging
import logging.config
import sys

from config.draining import drain_on_signal
from config.env import settings
from config.logging import LOGGING
from webapp.core.errors import ConfigurationError
from webapp.reader.access_log import AccessLog
from webapp.reader.app import ReadService
from webapp.reader.parts import Parts
from webapp.reader.settings import ReaderSettings
from webapp.storage.aio.make import ReaderMaker


def reader_settings() -> ReaderSettings:
    """Return what the environment says to a read process.

    Raises:
        ConfigurationError: A setting is missing or malformed.
    """
    env = settings()
    return ReaderSettings(
        keyring=env.keyring,
        topology_file=env.topology_file,
        journal_file=env.journal_file,
        seed_shards=dict(_seed(text) for text in env.seed_shards),
        shard_credentials=env.shard_credentials,
        zone=env.zone,
        cache_bytes=env.reader_cache_bytes,
        cache_blob_bytes=env.reader_cache_blob_bytes,
        sending_bytes=env.reader_sending_bytes,
        shared_cache_url=env.shared_cache_url,
        shared_cache_seconds=env.shared_cache_seconds,
        shared_cache_blob_bytes=env.shared_cache_blob_bytes,
        shared_cache_ttl=env.shared_cache_ttl,
        poll_seconds=env.topology_poll,
        unconfirmed_seconds=env.topology_unconfirmed,
        deadline_seconds=env.reader_deadline_seconds,
        render_url=env.render_url,
        render_wait_seconds=env.render_wait_seconds,
        connect_seconds=env.shard_connect_seconds,
        read_seconds=env.shard_read_seconds,
    )


def parts_make(told: ReaderSettings) -> Parts:
    """Return the parts of one process; called on its event loop, after any fork."""
    maker = ReaderMaker(
        credentials=told.shard_credentials,
        connect_seconds=told.connect_seconds,
        read_seconds=told.read_seconds,
    )
    quiet = not logging.getLogger("webapp.reader").isEnabledFor(logging.INFO)
    return Parts(told, maker=maker, access_log=AccessLog(_drop if quiet else _write))


def service_make() -> ReadService:
    """Return the read service of this process, which drains on SIGTERM."""
    told, seconds = reader_settings(), settings().drain_seconds
    return ReadService(
        lambda: parts_make(told),
        started=lambda service: drain_on_signal(service.drain, seconds=seconds),
    )


def _seed(text: str) -> tuple[str, str]:
    name, separator, url = text.partition("=")
    if not separator or not name or not url:
        raise ConfigurationError(f"SHOEBOX_SEED_SHARDS: {text!r} is not `name=url`.")
    return name, url


def _drop(_lines: str) -> None:
    """Log no requests: the lowest level that is logged is above theirs."""


def _write(lines: str) -> None:
    sys.stderr.write(lines)
    sys.stderr.flush()


logging.config.dictConfig(LOGGING)
application = service_make()
