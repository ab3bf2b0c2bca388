"""Django application."""

from django.apps import AppConfig


class HealingConfig(AppConfig):
    """The healing room."""

    name = "webapp.healing"
    label = "healing"

    def ready(self) -> None:
        """Register what this room tells Prometheus, and how its messages are tried again."""
        from prometheus_client import REGISTRY  # noqa: PLC0415 - models are loaded by now

        from webapp.healing import dead_letters  # noqa: F401, PLC0415 - the same
        from webapp.healing.metrics import ShardCollector  # noqa: PLC0415 - the same

        REGISTRY.register(ShardCollector())
