"""Django application."""

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """The imports room."""

    name = "webapp.imports"
    label = "imports"
