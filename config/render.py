"""Composition root of the render process: ``python -m config.serve render --port 8003``.

Knows the environment, the storage and the decoder; nothing of Django, Celery or a database.
"""

import logging.config

from config.draining import Draining
from config.env import settings
from config.logging import LOGGING
from config.reader import reader_settings
from webapp.render.app import RenderService
from webapp.render.parts import RenderParts
from webapp.render.settings import RenderSettings
from webapp.storage.aio.make import ReaderMaker
from workers.imaging.drawer import Drawer
from workers.imaging.model import Limits


def render_settings() -> RenderSettings:
    """Return what the environment says to a render process.

    Raises:
        ConfigurationError: A setting is missing or malformed.
    """
    env = settings()
    return RenderSettings(
        reader=reader_settings(),
        spool=env.spool,
        at_a_time=env.render_at_a_time,
        queue=env.render_queue,
    )


def parts_make(told: RenderSettings) -> RenderParts:
    """Return the parts of one process; called on its event loop, after any fork."""
    env = settings()
    limits = Limits(
        memory_bytes=env.render_memory_bytes,
        cpu_seconds=env.render_cpu_seconds,
        wall_seconds=env.render_wall_seconds,
    )
    maker = ReaderMaker(
        credentials=told.reader.shard_credentials,
        connect_seconds=told.reader.connect_seconds,
        read_seconds=told.reader.read_seconds,
    )
    drawers = [Drawer(limits) for _ in range(told.at_a_time)]
    return RenderParts(told, maker=maker, drawers=drawers)


logging.config.dictConfig(LOGGING)
_told = render_settings()
application = Draining(RenderService(lambda: parts_make(_told)), seconds=settings().drain_seconds)
