"""What becomes of messages about imports that RabbitMQ put aside."""

from django.utils import timezone

from webapp.core.errors import NotFoundError
from webapp.imports.models import Import
from webapp.imports.services import import_get
from webapp.outbox.dead_letters import DeadLetter
from webapp.outbox.retries import retries
from webapp.outbox.tasks import Task


@retries([Task.IMPORT])
def import_try_again(letter: DeadLetter) -> str:
    """Make an unfinished import due at once with its attempts reset; one that ended stays so."""
    try:
        found = import_get(import_id=letter.subject, owner=None)
    except NotFoundError:
        return "gone"
    now = timezone.now()
    rows = Import.objects.unfinished().filter(pk=found.pk)
    again = rows.update(attempts=0, due_at=now, not_before=now)
    return f"{found.state}, due now" if again else f"{found.state} already"
