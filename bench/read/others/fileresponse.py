"""Django's FileResponse: one view, no middleware."""

import os
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="bench")  # noqa: S106 - of no use
FILES = Path(os.environ["PEER_FILES"])


def read(_request, name):
    return FileResponse((FILES / name).open("rb"), content_type="image/webp")


urlpatterns = [path("<str:name>", read)]
application = get_wsgi_application()
