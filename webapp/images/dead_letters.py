"""What becomes of messages about images that RabbitMQ put aside."""

from webapp.cluster.clock import index_now
from webapp.images.models import Image, ImageState
from webapp.images.services import image_retry
from webapp.images.services.rows import row_find
from webapp.outbox.dead_letters import DeadLetter
from webapp.outbox.retries import retries
from webapp.outbox.tasks import Task


@retries([Task.MAKE_RENDITIONS, Task.BACKFILL, Task.REPLICATE, Task.DELETE])
def image_try_again(letter: DeadLetter) -> str:
    """Make an image due at once with its attempts reset; the sweep finds out what it needs.

    Raises:
        ShardsUnavailableError: A failed image could not be revived now.
    """
    image = row_find(image_id=letter.subject)
    if image is None:
        return "gone"
    if image.state == ImageState.REJECTED:
        return "rejected: the decoder refused it"
    if image.state == ImageState.FAILED:
        image_retry(image=image)
        return "was failed, queued again"
    Image.objects.filter(id=image.id).update(attempts=0, refusals=0, due_at=index_now())
    return f"{image.state}, due now"
