"""Django application."""

from django.apps import AppConfig


class UploadsConfig(AppConfig):
    """The uploads room."""

    name = "webapp.uploads"
    label = "uploads"
