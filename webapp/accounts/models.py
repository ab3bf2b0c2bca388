"""Users and their tokens."""

import hashlib
import secrets
import uuid
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models

from webapp.accounts.invitation import Invitation

__all__ = ["Invitation", "Scope", "Token", "User", "secret_make", "token_hash"]

TOKEN_PREFIX = "sbx_"  # noqa: S105 - a marker that secret scanners can look for
TOKEN_BYTES = 32


class Scope(StrEnum):
    """What a token allows."""

    UPLOAD = "upload"
    READ = "read"
    DELETE = "delete"
    ADMIN = "admin"


class User(AbstractUser):
    """Somebody who owns images. The id is on every shard, so it outlives the index."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pool = models.CharField(max_length=32, default="default")
    quota_bytes = models.PositiveBigIntegerField(null=True, blank=True, help_text="Empty: no limit")
    quota_images = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: no limit")
    used_bytes = models.BigIntegerField(
        default=0, editable=False, help_text="Of every image that is there or can be restored."
    )
    used_images = models.BigIntegerField(default=0, editable=False)


def token_hash(secret: str) -> str:
    """Return what is kept of a token. The secret has 256 random bits: no salt is needed."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


class Token(models.Model):
    """Lets a program act for a user. The secret is shown once and kept as a hash."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens"
    )
    name = models.CharField(max_length=100, help_text="What uses it.")
    hash = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=12, editable=False, help_text="How it begins.")
    scopes = models.JSONField(default=list)
    pool = models.CharField(
        max_length=32, blank=True, help_text="Where its uploads go; empty: the user's pool."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    def allows(self, scope: Scope) -> bool:
        """Return whether the token has ``scope``; ``admin`` has all."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


def secret_make() -> str:
    """Return a new token secret."""
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
