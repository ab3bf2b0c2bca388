"""Django application."""

from django.apps import AppConfig


class ClusterConfig(AppConfig):
    """The cluster room."""

    name = "webapp.cluster"
    label = "cluster"
