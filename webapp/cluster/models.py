"""Shards, pools and topology versions as the index keeps them."""

import uuid
from typing import ClassVar

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models

from webapp.core.shards import ShardEntry, ShardSpec, ShardState
from webapp.core.topology import DEFAULT_QUORUM
from webapp.core.topology import TopologyVersion as CoreVersion

NAME = RegexValidator(r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", "Lower-case letters, digits, dashes")


class Pool(models.Model):
    """A group of shards that new images of some users go to."""

    name = models.CharField(max_length=32, primary_key=True, validators=[NAME])
    replica_count = models.PositiveSmallIntegerField(default=3, validators=[MinValueValidator(1)])
    rendition_replica_count = models.PositiveSmallIntegerField(
        default=2, validators=[MinValueValidator(1)]
    )
    quorum = models.PositiveSmallIntegerField(
        default=DEFAULT_QUORUM,
        validators=[MinValueValidator(1)],
        help_text="W of new versions: positions that must accept an upload.",
    )
    automatic_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the system itself last published a version.",
    )

    def __str__(self) -> str:
        return self.name


class Shard(models.Model):
    """One S3-compatible store or folder. Its name is never used again."""

    name = models.CharField(max_length=32, primary_key=True, validators=[NAME])
    url = models.CharField(max_length=500, unique=True)
    zone = models.CharField(max_length=32, validators=[NAME])
    weight = models.FloatField(default=1.0)
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="shards")
    state = models.CharField(
        max_length=16,
        choices=[(state.label, state.label) for state in ShardState],
        default=ShardState.JOINING.label,
    )
    identity = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    options = models.JSONField(default=dict, blank=True)
    emptied = models.BooleanField(
        default=False,
        editable=False,
        help_text="Dead, and nothing lies there alone: drained, or its share was restored.",
    )
    full_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it last answered that it is full."
    )
    full_reason = models.CharField(
        max_length=200,
        blank=True,
        editable=False,
        help_text="That it is full, and what the system did about it; empty: it is not.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def spec(self) -> ShardSpec:
        """The shard as a new version would place on it."""
        return ShardSpec(self.name, self.zone, self.weight)

    @property
    def entry(self) -> ShardEntry:
        """The shard as it is now."""
        state = ShardState.named(self.state)
        return ShardEntry(
            self.name, self.url, state, str(self.identity), self.options, self.emptied
        )


class TopologyVersion(models.Model):
    """A frozen list of shards; never edited, its number never reused."""

    number = models.PositiveSmallIntegerField(primary_key=True)
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="versions")
    replica_count = models.PositiveSmallIntegerField()
    rendition_replica_count = models.PositiveSmallIntegerField()
    quorum = models.PositiveSmallIntegerField()
    shards = models.JSONField()
    current_from = models.FloatField(help_text="Seconds since 1970.")
    moved_to = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="Version its images are placed under now; set by a rebalance, for good.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-number"]

    def __str__(self) -> str:
        return f"{self.number} ({self.pool_id})"

    @property
    def core(self) -> CoreVersion:
        """The version as placement takes it."""
        return CoreVersion(
            number=self.number,
            pool=self.pool_id,
            replica_count=self.replica_count,
            rendition_replica_count=self.rendition_replica_count,
            quorum=self.quorum,
            shards=tuple(ShardSpec(s["name"], s["zone"], s["weight"]) for s in self.shards),
            current_from=self.current_from,
        )


class ClusterState(models.Model):
    """The one row that orders publications; locked while one is made.

    ``epoch`` is the index's: a rebuilt index has a higher one, so what it writes wins.
    ``read_only`` says why nothing may be written at the moment; empty is the usual state.
    """

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    topology_revision = models.PositiveBigIntegerField(default=0)
    journal_counter = models.PositiveBigIntegerField(default=0)
    epoch = models.PositiveIntegerField(default=1)
    read_only = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"epoch {self.epoch}, topology {self.topology_revision}"
