"""What becomes of messages about repairs that RabbitMQ put aside."""

from django.db import transaction

from webapp.core.errors import MalformedRequestError
from webapp.healing.repair_scope import scope_parse
from webapp.outbox.dead_letters import DeadLetter
from webapp.outbox.retries import retries
from webapp.outbox.services import outbox_add
from webapp.outbox.tasks import Task


@retries([Task.REPAIR])
def repair_try_again(letter: DeadLetter) -> str:
    """Queue the repair again; its run goes on where it was.

    Raises:
        MalformedRequestError: It names no scope.
    """
    scope = scope_parse(letter.subject)
    if str(scope) != letter.subject:
        raise MalformedRequestError(f"{letter.subject!r} is no scope of a repair; drop it.")
    with transaction.atomic():
        outbox_add(subject=str(scope), tasks=[Task.REPAIR])
    return "queued again"
