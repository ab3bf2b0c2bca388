"""Django application."""

from django.apps import AppConfig


class ImagesConfig(AppConfig):
    """The images room."""

    name = "webapp.images"
    label = "images"
