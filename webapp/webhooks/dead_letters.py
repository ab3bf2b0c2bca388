"""What becomes of events on their way to webhooks that RabbitMQ put aside."""

from webapp.core.errors import MalformedRequestError
from webapp.outbox.dead_letters import DeadLetter
from webapp.outbox.message import message_parse
from webapp.outbox.retries import retries
from webapp.outbox.tasks import Event
from webapp.webhooks.services import deliveries_make


@retries(Event)
def event_try_again(letter: DeadLetter) -> str:
    """Make the event its deliveries; twice is once.

    Raises:
        MalformedRequestError: It is no event, and never will be.
    """
    try:
        message = message_parse(letter.body, message_id=letter.id)
    except ValueError as error:
        raise MalformedRequestError(f"It is no event ({error}); drop it.") from None
    return f"{deliveries_make(message=message)} deliveries"
