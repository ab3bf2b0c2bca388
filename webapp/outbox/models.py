"""Messages that still have to be published."""

from typing import ClassVar

from django.db import models


class OutboxMessage(models.Model):
    """A message written in the transaction of the change that caused it.

    The row goes when the broker has confirmed the message; until then it is published again.
    """

    task = models.CharField(max_length=100)
    queue = models.CharField(max_length=50)
    subject = models.CharField(max_length=64, help_text="The id the task is about.")
    created_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["id"]
        # The relay asks for each queue: without it an empty one costs a walk over all the others.
        indexes: ClassVar = [models.Index(fields=["queue", "id"], name="outbox_queue")]

    def __str__(self) -> str:
        return f"{self.task}({self.subject})"
