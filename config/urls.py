"""Addresses of the write service."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("webapp.api.urls")),
    path("", include("webapp.pages.urls")),
]

handler500 = "webapp.pages.views.errors.server_error"
