"""The write service: the receiver in front, Django behind, in one process."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

_django = get_asgi_application()

from config.draining import Draining  # noqa: E402 - rooms need Django set up
from config.env import settings  # noqa: E402 - the same
from config.queue_metrics import queue_metrics_register  # noqa: E402 - the same
from config.start import door_make, write_service_start  # noqa: E402
from webapp.events.endpoint import EventStreams  # noqa: E402
from webapp.uploads.bounded import BoundedBody  # noqa: E402
from webapp.uploads.lingering import Lingering  # noqa: E402
from webapp.uploads.receiver import Receiver  # noqa: E402

write_service_start()
queue_metrics_register()
application = Draining(
    Lingering(door_make(EventStreams(Receiver(BoundedBody(_django))))),
    seconds=settings().drain_seconds,
)
