"""What the write service checks before it answers anything, and what stands in front of it."""

import contextlib
import ctypes
import resource
from typing import Any

import structlog
from django.conf import settings as django_settings

from config.env import settings
from config.variables import Settings
from webapp.core.errors import ConfigurationError
from webapp.limits.address import networks_parse
from webapp.limits.counters import Counters
from webapp.limits.door import Door
from webapp.limits.rules import Rates, Rules

log = structlog.get_logger(__name__)

FILES_PER_UPLOAD = 2
FILES_BESIDE = 256
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_MAPPED_BYTES = 1024 * 1024
_KEPT_BYTES = 128 * 1024


def write_service_start() -> None:
    """Check and raise the limit of open files.

    Raises:
        ConfigurationError: The uploads that may be in flight need more open files than the
            process may have, even after raising the limit as far as it goes.
    """
    needed = open_files_needed(settings())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ConfigurationError(
            f"SHOEBOX_MAX_UPLOADS_IN_FLIGHT={settings().max_uploads_in_flight} needs {needed} "
            f"open files and the limit is {hard}; raise it with `ulimit -n {needed}`."
        )
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    _memory_give_back()
    log.info("write service starts", open_files=max(soft, needed))


def open_files_needed(limits: Settings) -> int:
    """Return how many open files a write service may need with these settings."""
    uploads = limits.max_uploads_in_flight * FILES_PER_UPLOAD
    return uploads + FILES_BESIDE + limits.max_event_listeners


def _memory_give_back() -> None:
    """Let memory of large bodies go back to the system as soon as they are written.

    glibc would keep it for itself, with holes. Not that of bodies which are kept until they are
    stored: mapping and clearing each anew would cost a quarter of an upload's time; what lies
    free after a crowd is given back by ``memory_trim``. Elsewhere there is no such call, and
    nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        set_option = ctypes.CDLL(None).mallopt
        set_option(_M_MMAP_THRESHOLD, _MAPPED_BYTES)
        set_option(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def door_make(application: Any) -> Door:
    """Return the write service with its limits in front, as the settings say."""
    shoebox = settings()
    rates = Rates(
        upload_rate_per_token=shoebox.upload_rate_per_token,
        upload_rate_per_address=shoebox.upload_rate_per_address,
        api_rate_per_token=shoebox.api_rate_per_token,
        api_rate_per_address=shoebox.api_rate_per_address,
        sign_in_rate_per_address=shoebox.sign_in_rate_per_address,
    )
    return Door(
        application,
        rules=Rules(rates),
        counters=Counters(shared_url=shoebox.rate_limit_url),
        trusted=networks_parse(shoebox.trusted_proxies),
        session_cookie=django_settings.SESSION_COOKIE_NAME,
    )
