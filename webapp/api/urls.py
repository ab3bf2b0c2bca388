"""Addresses of the API, and of what supervisors and Prometheus ask."""

from django.urls import URLPattern, URLResolver, path

from webapp.api.api import api
from webapp.api.health import alive_read, ready_read
from webapp.api.metrics import metrics_read

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("healthz", alive_read, name="healthz"),
    path("readyz", ready_read, name="readyz"),
    path("metrics", metrics_read, name="metrics"),
]
