"""The reap, by beat: what is past its date goes."""

from dataclasses import asdict

import structlog
from celery import shared_task

from webapp.healing.adopt_journal import journal_take_over
from webapp.healing.reap import reap as reap_now
from webapp.healing.reap_clock import ClocksDifferError

log = structlog.get_logger(__name__)


@shared_task(name="maintenance.reap")
def reap() -> dict[str, int]:
    """Erase deleted images past their date on every position. Twice is once."""
    listed = journal_take_over()
    try:
        return {**asdict(reap_now()), "listed": listed}
    except ClocksDifferError as error:
        log.error("nothing reaped", detail=error.detail)  # noqa: TRY400 - the clocks, not our stack
        return {"listed": listed}
