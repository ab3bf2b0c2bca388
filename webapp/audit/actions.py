"""What is written down; the value is what people filter by."""

from enum import StrEnum


class Action(StrEnum):
    """Something somebody did that others may ask about later."""

    IMAGE_DELETE = "image.delete"
    IMAGE_ERASE = "image.erase"
    IMAGE_REKEY = "image.rekey"
    IMAGE_RESTORE = "image.restore"
    IMAGE_RETRY = "image.retry"
    IMAGE_UPDATE = "image.update"
    INVITATION_ACCEPT = "invitation.accept"
    INVITATION_ADD = "invitation.add"
    INVITATION_REVOKE = "invitation.revoke"
    POOL_CHANGE = "pool.change"
    SHARD_ACTIVATE = "shard.activate"
    SHARD_ADD = "shard.add"
    SHARD_STATE = "shard.state"
    SHARD_URL = "shard.url"
    TOKEN_ADD = "token.add"  # noqa: S105 - a name
    TOKEN_REVOKE = "token.revoke"  # noqa: S105 - a name
    USER_ADD = "user.add"
    USER_CHANGE = "user.change"
    USER_PASSWORD = "user.password"  # noqa: S105 - a name
