"""The names that may be published: tasks and the queue of each, and events.

Queues are by cost: `renditions` costs processor, `replication` input and output,
`maintenance` is slow and can wait. `backfills` costs processor too, and steps back behind
`renditions`.
"""

from enum import StrEnum


class Queue(StrEnum):
    """Where a task waits."""

    RENDITIONS = "renditions"
    REPLICATION = "replication"
    MAINTENANCE = "maintenance"
    BACKFILLS = "backfills"


class Task(StrEnum):
    """A promise about one image, import or scope of a repair that a worker makes true.

    The value is its name.
    """

    MAKE_RENDITIONS = "renditions.make"
    BACKFILL = "backfills.make"
    REPLICATE = "replication.replicate"
    DELETE = "replication.delete"
    IMPORT = "maintenance.import"
    REPAIR = "maintenance.repair"

    @property
    def queue(self) -> Queue:
        """The queue the task belongs on, which its name begins with."""
        return Queue(self.value.partition(".")[0])


EVENTS_EXCHANGE = "shoebox.events"
"""Durable topic exchange; the routing key is the event's name."""


class Event(StrEnum):
    """Something that happened to an image, told to whoever listens; nobody has to."""

    STORED = "image.stored"
    READY = "image.ready"
    REJECTED = "image.rejected"
    DELETED = "image.deleted"
