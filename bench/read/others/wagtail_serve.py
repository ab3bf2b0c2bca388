"""Wagtail's serve view of one picture at 320 pixels, its rendition made and cached before."""

import os
from pathlib import Path
from urllib.parse import quote

import django
from django.conf import settings

_DATA = Path(os.environ["PEER_DATA"])

settings.configure(
    SECRET_KEY="bench",  # noqa: S106 - of no use
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "wagtail.images",
        "wagtail.documents",
        "wagtail.search",
        "wagtail.users",
        "wagtail.admin",
        "wagtail",
        "taggit",
        "modelcluster",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    MEDIA_ROOT=_DATA / "media",
    STATIC_URL="/static/",
    WAGTAIL_SITE_NAME="bench",
    WAGTAILADMIN_BASE_URL="http://127.0.0.1",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": _DATA / "wagtail.sqlite3",
            "CONN_MAX_AGE": None,
        }
    },
    CACHES={
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "renditions": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.core.files.images import ImageFile  # noqa: E402 - Django is set up first
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.urls import path  # noqa: E402
from wagtail.images import get_image_model  # noqa: E402
from wagtail.images.views.serve import ServeView, generate_signature  # noqa: E402

FILTER = "width-320|format-webp"
urlpatterns = [
    path("<str:signature>/<int:image_id>/<str:filter_spec>/", ServeView.as_view(), name="serve")
]
if "wagtailimages_image" not in connection.introspection.table_names():
    call_command("migrate", verbosity=0)
    with Path(os.environ["PEER_PHOTO"]).open("rb") as file:
        picture = get_image_model().objects.create(title="bench", file=ImageFile(file, "b.jpg"))
    signature = generate_signature(picture.id, FILTER, key=None)
    (_DATA / "path").write_text(quote(f"/{signature}/{picture.id}/{FILTER}/"))
connection.close()
application = get_wsgi_application()
