"""What goes in and out, as the OpenAPI document shows it: section 8 of the design."""

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

from webapp.core.ids import ID_LENGTH
from webapp.core.on_demand import MOST_LINK_SECONDS, SIDE_MAX
from webapp.core.text import TEXT_LENGTH
from webapp.images.models import ImageState
from webapp.imports.models import URL_LENGTH, ImportState

KindWord = Literal["p", "s", "public", "signed"]
Text = Annotated[str, StringConstraints(max_length=TEXT_LENGTH, pattern=r"^[^\x00]*$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
ImageIdText = Annotated[
    str,
    StringConstraints(
        min_length=ID_LENGTH, max_length=ID_LENGTH, pattern=r"^[ps][0-9a-hjkmnp-tv-z]{23}$"
    ),
]
MOST_IMAGES = 200
MOST_WAIT_SECONDS = 30.0


class Answer(Schema):
    """Answers have exactly these members; the tests compare."""

    model_config = ConfigDict(extra="forbid")


class Links(Answer):
    """Absolute links, always with an extension; those of kind `s` are signed and end."""

    self: str = Field(description="This document.")
    page: str = Field(description="For people.")
    original: str | None = Field(description="The bytes as accepted; null where they are private.")
    download: str | None = Field(description="The original under its file name.")
    private: str | None = Field(
        None, description="Only for the owner, and only of originals that may hold location."
    )
    delete: str | None = Field(
        None,
        description="Only in the answer to an upload or import with a token: a page that deletes "
        "the image for whoever has this link, once. Its last part is the `secret` of a `DELETE`.",
    )
    renditions: dict[str, dict[str, str]] = Field(
        description="Preset, then extension: `thumb`, `w320`, `w800`, `w1600`; `webp` and a "
        "fallback, `jpg` or `png`."
    )


class Replicas(Answer):
    """Copies of the original that the index knows of."""

    wanted: int
    stored: list[str] = Field(description="Names of shards.")
    zones: int = Field(description="How many zones these shards are in.")


class Image(Answer):
    """What a user owns."""

    id: ImageIdText
    kind: Literal["p", "s"] = Field(description="`p`: whoever has the link; `s`: signed links.")
    state: ImageState
    reason: str = Field(description="Why it is in this state; often empty.")
    duplicate: bool = Field(description="In the answer to an upload: it was there before.")
    filename: str
    title: str
    album: str
    bytes: int
    digest: Digest = Field(description="Of the bytes that are kept.")
    source_digest: Digest = Field(description="Of the bytes as they were sent.")
    content_type: str
    width: int
    height: int
    frames: int
    placeholder: str | None = Field(
        description="Its ThumbHash in base64, to show while it loads; null until it was decoded."
    )
    colour: str | None = Field(
        description="The colour most of it has, `#rrggbb`; null until it was decoded."
    )
    created_at: datetime
    ready_at: datetime | None
    revision: int
    links: Links
    replicas: Replicas


class ImageList(Answer):
    """Images, newest first."""

    items: list[Image]
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


class ImagePatch(Schema):
    """What may change. What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    title: Text | None = None
    album: Text | None = None
    filename: Text | None = None
    kind: KindWord | None = Field(
        None, description="Another kind is another id: see `Location`; the old one is erased."
    )


class ImportAsk(Schema):
    """What is to be imported."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(max_length=URL_LENGTH, pattern=r"^[^\x00]*$")] = Field(
        description="http or https, on a port that is allowed, at a public address."
    )
    title: Text = ""
    album: Text = ""
    kind: KindWord = "p"


class Import(Answer):
    """A picture that is fetched from a link."""

    id: str
    state: ImportState = Field(description="`waiting`, `running`, and then `done` or `failed`.")
    url: str
    title: str
    album: str
    kind: Literal["p", "s"]
    code: str = Field(description="Of the problem it failed with, or has met so far; or empty.")
    reason: str = Field(description="The problem in a sentence; or empty.")
    duplicate: bool = Field(description="The caller had this picture before.")
    image: Image | None = Field(description="Once it is done; null when it has been erased since.")
    attempts: int
    created_at: datetime
    ended_at: datetime | None


class ListQuery(Schema):
    """Which images are listed."""

    limit: int = Field(50, ge=1, le=MOST_IMAGES)
    cursor: Text | None = Field(None, description="`next` of the page before.")
    state: ImageState | None = Field(
        None, description="Deleted images are listed only when asked for, while restorable."
    )
    album: Text | None = None
    q: Text | None = Field(None, description="Part of a title or file name.")
    owner: Text | None = Field(
        None, description="For staff: images of this user only; `me` for their own."
    )


class LinkQuery(Schema):
    """A size on demand: at least one side, for a crop both."""

    width: int | None = Field(None, ge=1, le=SIDE_MAX, description="Pixels, never enlarged.")
    height: int | None = Field(None, ge=1, le=SIDE_MAX, description="Pixels, never enlarged.")
    mode: Literal["fit", "crop"] = Field(
        "fit", description="`fit`: the whole within both sides; `crop`: cut from the middle."
    )
    format: Literal["webp", "jpg", "png", "avif"] = "webp"
    seconds: int | None = Field(
        None, ge=1, le=MOST_LINK_SECONDS, description="How long the link is good."
    )


class Link(Answer):
    """A signed link."""

    url: str
    expires_at: datetime


class ReplicaPosition(Answer):
    """One position of an image's placement."""

    position: int = Field(ge=1, description="1 is the best.")
    shard: str
    zone: str
    role: Literal["home", "hand-off"]
    state: Literal["present", "absent", "unreachable"]
    check: Literal["verified", "sized"] | None = Field(
        description="How the copy was checked when it was last looked at."
    )
    verified_at: datetime | None = Field(description="When its bytes were last compared.")


class ReplicaList(Answer):
    """Where the copies of an original are at this moment."""

    wanted: int
    positions: list[ReplicaPosition]


class MeUser(Answer):
    """Who is asking."""

    id: str
    name: str
    staff: bool


class Amounts(Answer):
    """Bytes and images."""

    bytes: int
    images: int


class Limits(Answer):
    """Bytes and images, null where there is no limit."""

    bytes: int | None
    images: int | None


class Me(Answer):
    """Who is asking, what they keep, and what they may keep."""

    user: MeUser
    scopes: list[str]
    usage: Amounts
    quota: Limits


class Problem(Schema):
    """An error, as RFC 9457 has it. Some have more members, the values that caused it."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable; one per failure.")
    instance: str | None = None
