"""Images: one row each. Where the copies lie is computed; what was verified is a column."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper, F, Q

from webapp.core.ids import ID_LENGTH, ImageId, Kind, id_parse
from webapp.core.manifest import Manifest, RenditionRecord, Revision
from webapp.images.search import SearchField, search_words

if TYPE_CHECKING:
    from webapp.accounts.models import User

TOMBSTONE_GRACE = timedelta(days=30)
DIGEST_LENGTH = 71
PLACEHOLDER_LENGTH = 48


class ImageState(models.TextChoices):
    """Where an image is on its way; see the design, section 4."""

    STORED = "stored"
    READY = "ready"
    FAILED = "failed"
    REJECTED = "rejected"
    DELETED = "deleted"


class ImageQuerySet(models.QuerySet["Image"]):
    """Questions about images."""

    def visible_to(self, user: "User") -> "ImageQuerySet":
        """Return what ``user`` may see: their own."""
        return self.filter(owner=user)

    def not_deleted(self) -> "ImageQuerySet":
        """Return images that were not deleted."""
        return self.exclude(state="deleted")

    def matching(self, text: str) -> "ImageQuerySet":
        """Return images whose title or file name holds each word of ``text``, in any case."""
        rows = self
        for word in search_words(text):
            rows = rows.filter(search__contains=word)
        return rows

    def by_match(self) -> "ImageQuerySet":
        """Return the same list, found by what it matches and sorted then.

        The order is the same; written so that no index gives it, or the list would be walked.
        """
        moment = ExpressionWrapper(F("created_at") + timedelta(0), models.DateTimeField())
        return self.order_by(moment.desc(), "-id")

    def older_than(self, created_at: datetime, image_id: str) -> "ImageQuerySet":
        """Return what comes after one image in a list, newest first (keyset paging).

        The first condition says nothing new; by it an index is entered where the page begins.
        """
        earlier = Q(created_at__lt=created_at) | Q(id__lt=image_id)
        return self.filter(earlier, created_at__lte=created_at)

    def newer_than(self, created_at: datetime, image_id: str) -> "ImageQuerySet":
        """Return what comes before one image in a list, newest first; see ``older_than``."""
        later = Q(created_at__gt=created_at) | Q(id__gt=image_id)
        return self.filter(later, created_at__gte=created_at)

    def due(self, now: datetime) -> "ImageQuerySet":
        """Return images the sweep should queue again."""
        return self.filter(due_at__lte=now)


class Image(models.Model):
    """What a user owns."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    owner: "models.ForeignKey[User, User]" = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="images",
        db_index=False,  # the indexes of the lists begin with it
    )
    pool = models.CharField(max_length=32)
    state = models.CharField(max_length=10, choices=ImageState.choices, default=ImageState.STORED)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it is in this state.")

    filename = models.CharField(max_length=255, blank=True)
    title = models.CharField(max_length=255, blank=True)
    album = models.CharField(max_length=255, blank=True)
    search = SearchField(default="", blank=True, editable=False)

    bytes = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=DIGEST_LENGTH)
    source_digest = models.CharField(max_length=DIGEST_LENGTH)
    content_type = models.CharField(max_length=32)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    frames = models.PositiveIntegerField(default=1)
    placeholder = models.CharField(
        max_length=PLACEHOLDER_LENGTH,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="What to show while it loads, as ThumbHash; empty until it was decoded.",
    )
    colour = models.CharField(
        max_length=7,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="The colour most of it has; empty until it was decoded.",
    )
    private = models.BooleanField(
        default=False, help_text="The original may hold location; only its owner gets it."
    )

    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    restorable_until = models.DateTimeField(null=True, blank=True)
    moved_to = models.PositiveSmallIntegerField(null=True, blank=True)
    recovered_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the index got it back from the original's label, without a manifest: "
        "long texts may be cut, later changes are lost.",
    )

    dedupe_key = models.CharField(
        max_length=64,
        null=True,
        editable=False,
        help_text="What duplicates share: hash of owner, pool, kind, source digest.",
    )
    delete_hash = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Of the secret in its delete link; empty once it was deleted.",
    )
    epoch = models.PositiveIntegerField(default=1)
    revision = models.PositiveIntegerField(default=1)
    manifest_revision = models.PositiveIntegerField(
        default=0, help_text="Revision of the manifest or tombstone that lies on the shards."
    )
    renditions = models.JSONField(default=dict, blank=True)
    replicas = models.JSONField(
        default=list, blank=True, help_text="Copies of the original: shard, check, when."
    )

    attempts = models.PositiveSmallIntegerField(default=0)
    refusals = models.PositiveSmallIntegerField(
        default=0, help_text="Attempts in which the decoder refused the bytes."
    )
    due_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the sweep queues it again; empty: all is well.",
    )
    copied_at = models.DateTimeField(
        null=True, blank=True, help_text="When a copy of one of its blobs was last begun."
    )
    lease = models.CharField(
        max_length=32, blank=True, help_text="Who alone may remove copies; see lease_until."
    )
    lease_until = models.DateTimeField(null=True, blank=True)

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["owner", "-created_at", "-id"],
                name="image_list",
                condition=~Q(state="deleted"),
            ),
            models.Index(fields=["-created_at", "-id"], name="image_newest"),
            models.Index(
                fields=["owner", "album", "-created_at", "-id"],
                name="image_album_list",
                condition=~Q(album=""),
            ),
            models.Index(
                fields=["album", "-created_at", "-id"],
                name="image_album_newest",
                condition=~Q(album=""),
            ),
            # Of ready images the lists above are full; those in other states are rare.
            models.Index(
                fields=["owner", "state", "-created_at", "-id"],
                name="image_state_list",
                condition=~Q(state="ready"),
            ),
            models.Index(
                fields=["state", "-created_at", "-id"],
                name="image_state_newest",
                condition=~Q(state="ready"),
            ),
            models.Index(fields=["due_at"], name="image_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["deleted_at"],
                name="image_deleted",
                condition=Q(deleted_at__isnull=False),
            ),
        ]
        # A constraint, as a unique column would bring a second index for patterns.
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dedupe_key"], name="image_dedupe_key")
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def image_id(self) -> ImageId:
        """The parsed id."""
        return id_parse(self.id)

    @property
    def kind(self) -> Kind:
        """Who may read it."""
        return self.image_id.kind

    @property
    def transparent(self) -> bool:
        """Whether the fallback renditions are PNG; False until renditions were made."""
        return any(name.endswith(".png") for name in self.renditions)

    @property
    def manifest(self) -> Manifest:
        """Everything this row knows, as it lies on the shards."""
        return Manifest(
            id=self.id,
            revision=Revision(self.epoch, self.revision),
            owner_id=str(self.owner_id),
            owner_name=self.owner.username,
            pool=self.pool,
            kind=self.kind.value,
            state=self.state,
            reason=self.reason,
            filename=self.filename,
            title=self.title,
            album=self.album,
            bytes=self.bytes,
            digest=self.digest,
            source_digest=self.source_digest,
            content_type=self.content_type,
            width=self.width,
            height=self.height,
            frames=self.frames,
            placeholder=self.placeholder,
            colour=self.colour,
            private=self.private,
            created_at=self.created_at.isoformat(),
            ready_at=self.ready_at.isoformat() if self.ready_at else None,
            moved_to=self.moved_to,
            renditions={name: RenditionRecord(**r) for name, r in self.renditions.items()},
        )


class JournalEntry(models.Model):
    """An image that readers must not serve, until every position has confirmed its erasure."""

    image_id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    epoch = models.PositiveIntegerField()
    revision = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "journal entries"

    def __str__(self) -> str:
        return self.image_id


class IdempotencyKey(models.Model):
    """An answer already given to a client's ``Idempotency-Key``."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    source_digest = models.CharField(max_length=DIGEST_LENGTH)
    image_id = models.CharField(max_length=ID_LENGTH)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "key"], name="idempotency_owner_key")
        ]

    def __str__(self) -> str:
        return self.key
