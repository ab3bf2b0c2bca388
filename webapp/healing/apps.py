"""Django application."""

from django.apps import AppConfig


class HealingConfig(AppConfig):
    """The healing room."""

    name = "webapp.healing"
    label = "healing"

    def ready(self) -> None:
        """Register what this room tells Prometheus; once per process."""
        from prometheus_client import REGISTRY  # noqa: PLC0415 - models are loaded by now

        from webapp.healing.metrics import ShardCollector  # noqa: PLC0415 - the same

        REGISTRY.register(ShardCollector())
