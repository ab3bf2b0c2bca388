"""Logging: one JSON line per event on standard error, from every process alike.

Where that is a terminal somebody reads it, and the lines are written for people.
"""

import sys
from typing import Any

import structlog

from config.env import settings

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(),
]


def rendering(*, terminal: bool) -> list[Any]:
    """Return the processors that turn an event into a line."""
    if terminal:
        # Plain tracebacks: the others show the values of variables, and some are secret.
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _SHARED,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *rendering(terminal=sys.stderr is not None and sys.stderr.isatty()),
            ],
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["stderr"], "level": settings().log_level.upper()},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # It would log the paths of forms, and those of delete links and invitations are secrets.
        "django.security.csrf": {"level": "ERROR"},
        "botocore": {"level": "WARNING"},
        "boto3": {"level": "WARNING"},
        "pika": {"level": "WARNING"},
        # It would log whole URLs, and those of webhooks may hold secrets.
        "httpx": {"level": "WARNING"},
    },
}


def configure() -> None:
    """Send structlog's events through the standard library's handlers."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


configure()
