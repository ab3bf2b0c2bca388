"""Django application."""

from django.apps import AppConfig


class ImagesConfig(AppConfig):
    """The images room."""

    name = "webapp.images"
    label = "images"

    def ready(self) -> None:
        """Say how this room's messages are tried again."""
        from webapp.images import dead_letters  # noqa: F401, PLC0415 - models are loaded by now
