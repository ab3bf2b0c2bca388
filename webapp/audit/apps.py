"""Django application."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit room."""

    name = "webapp.audit"
    label = "audit"
