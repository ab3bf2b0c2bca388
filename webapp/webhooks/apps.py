"""Django application."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """The webhooks room."""

    name = "webapp.webhooks"
    label = "webhooks"

    def ready(self) -> None:
        """Say how this room's messages are tried again."""
        from webapp.webhooks import dead_letters  # noqa: F401, PLC0415 - models are loaded by now
