"""Django application."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """The outbox room."""

    name = "webapp.outbox"
    label = "outbox"
