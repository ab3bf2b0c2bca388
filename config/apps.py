"""Django application: the commands that need every room."""

from django.apps import AppConfig


class ShoeboxConfig(AppConfig):
    """The composition root."""

    name = "config"
    label = "shoebox"
