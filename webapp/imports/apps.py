"""Django application."""

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """The imports room."""

    name = "webapp.imports"
    label = "imports"

    def ready(self) -> None:
        """Say how this room's messages are tried again."""
        from webapp.imports import dead_letters  # noqa: F401, PLC0415 - models are loaded by now
