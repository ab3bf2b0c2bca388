"""What the write service checks before it answers anything."""

import resource

import structlog

from config.env import settings
from webapp.core.errors import ConfigurationError

log = structlog.get_logger(__name__)

FILES_PER_UPLOAD = 2
FILES_BESIDE = 256


def write_service_start() -> None:
    """Check and raise the limit of open files.

    Raises:
        ConfigurationError: The uploads that may be in flight need more open files than the
            process may have, even after raising the limit as far as it goes.
    """
    needed = settings().max_uploads_in_flight * FILES_PER_UPLOAD + FILES_BESIDE
    needed += settings().max_event_listeners
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ConfigurationError(
            f"SHOEBOX_MAX_UPLOADS_IN_FLIGHT={settings().max_uploads_in_flight} needs {needed} "
            f"open files and the limit is {hard}; raise it with `ulimit -n {needed}`."
        )
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    log.info("write service starts", open_files=max(soft, needed))
