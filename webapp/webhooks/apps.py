"""Django application."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """The webhooks room."""

    name = "webapp.webhooks"
    label = "webhooks"
