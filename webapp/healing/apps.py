"""Django application."""

from django.apps import AppConfig


class HealingConfig(AppConfig):
    """The healing room."""

    name = "webapp.healing"
    label = "healing"
