"""Plain Django with REST framework: one FileField, one row, one file. WSGI, as most run it."""

import os
from pathlib import Path

import django
from django.conf import settings

_DATA = Path(os.environ["PEER_DATA"])

settings.configure(
    SECRET_KEY=os.urandom(32).hex(),
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
    MEDIA_ROOT=_DATA / "media",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": _DATA / "plain.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL",
            },
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django is set up first
from django.db import connection, models  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import generics, serializers  # noqa: E402


class Upload(models.Model):
    file = models.FileField(upload_to="uploads")

    class Meta:
        app_label = "contenttypes"

    def __str__(self):
        return self.file.name


class UploadSerializer(serializers.ModelSerializer):
    class Meta:
        model = Upload
        fields = ("id", "file")


class Uploads(generics.CreateAPIView):
    queryset = Upload.objects.all()
    serializer_class = UploadSerializer
    authentication_classes = ()
    permission_classes = ()


urlpatterns = [path("uploads", Uploads.as_view())]
with connection.schema_editor() as editor:
    if not connection.introspection.table_names():
        editor.create_model(Upload)
connection.close()
application = get_wsgi_application()
