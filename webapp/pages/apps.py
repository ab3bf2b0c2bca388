"""Django application."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """The pages room."""

    name = "webapp.pages"
    label = "pages"
