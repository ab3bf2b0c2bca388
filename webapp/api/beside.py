"""Calls that are answered beside Django, as the OpenAPI document shows them: tus and events.

Source: tus 1.0.0 (tus.io/protocols/resumable-upload); HTML Living Standard, section 9.2
(server-sent events).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from webapp.api.refusals import ALWAYS, refusals

VERSION: Final = "1.0.0"
BYTES: Final = "application/offset+octet-stream"
_SECURITY: Final[tuple[Mapping[str, Any], ...]] = ({"TokenAuth": []}, {"SessionAuth": []})
_COUNT: Final = {"type": "integer", "minimum": 0}
_TEXT: Final = {"type": "string"}
_OF_UPLOAD: Final = (404, 410, 423)
_OF_BYTES: Final = (408, 409, 412, 413, 415, 422, 460, 507)


def _header(
    name: str, description: str, schema: Mapping[str, Any], *, required: bool = False
) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": schema,
    }


def _told(**headers: str) -> dict[str, Any]:
    """Return headers of an answer; the names with ``_`` for ``-``."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return {name: {"description": text, "schema": _TEXT} for name, text in named.items()}


_TUS: Final = _header(
    "Tus-Resumable", "Version of the protocol.", {"enum": [VERSION]}, required=True
)
_CHECKSUM: Final = _header(
    "Upload-Checksum",
    "Algorithm (`sha1`, `sha256`, `sha512`, `md5`) and base64 digest of this body.",
    {"type": "string", "pattern": r"^(sha1|sha256|sha512|md5) [A-Za-z0-9+/]+={0,2}$"},
)
_UPLOAD_ID: Final = {
    "name": "upload_id",
    "in": "path",
    "required": True,
    "description": "From `Location`.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}
_BODY: Final = {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}
_PROGRESS: Final = _told(
    Upload_Offset="Bytes that have arrived.",
    Upload_Expires="Until when it can be continued.",
    X_Shoebox_Image="Id of the image it became, once all bytes are stored.",
    X_Shoebox_Delete="A page that deletes that image, for whoever has this link, once; told to "
    "tokens alone, that brought it or may delete.",
    X_Shoebox_Duplicate="`true` when the caller had this picture already.",
)


def _call(
    operation_id: str,
    text: str,
    *,
    tag: str,
    responses: Mapping[str, Any],
    errors: Iterable[int],
    parameters: Iterable[Mapping[str, Any]] = (),
    body: Mapping[str, Any] | None = None,
    security: Iterable[Mapping[str, Any]] = _SECURITY,
) -> dict[str, Any]:
    """Return an operation; the first sentence of ``text`` is its summary."""
    return {
        "operationId": operation_id,
        "summary": text.partition("\n")[0],
        "description": text,
        "tags": [tag],
        "parameters": list(parameters),
        "security": list(security),
        "responses": {**responses, **refusals(errors)},
        **({"requestBody": dict(body)} if body else {}),
    }


_TUS_ROOT: Final = {
    "options": _call(
        "tus_abilities",
        "Tell which version and extensions of tus are spoken, and how large an upload may be.",
        tag="resumable uploads",
        security=(),
        errors=(429,),
        responses={
            "204": {
                "description": "Said in headers.",
                "headers": _told(
                    Tus_Version="Spoken versions.",
                    Tus_Extension="Spoken extensions.",
                    Tus_Max_Size="Most bytes of an upload.",
                    Tus_Checksum_Algorithm="Known algorithms.",
                ),
            }
        },
    ),
    "post": _call(
        "tus_begin",
        "Begin a resumable upload, with its first bytes or without.\n\n"
        "Bytes may come with it. When the last has arrived the picture is stored, as an upload "
        "in one piece would be.",
        tag="resumable uploads",
        parameters=[
            _TUS,
            _header(
                "Upload-Length", "Bytes of the whole.", {**_COUNT, "minimum": 1}, required=True
            ),
            _header(
                "Upload-Metadata",
                "`filename`, `title`, `album`, `kind`: each a space and its value in base64, "
                "separated by commas.",
                {"type": "string", "maxLength": 8192},
            ),
            _CHECKSUM,
        ],
        body=_BODY,
        errors=(*ALWAYS, *_OF_BYTES),
        responses={
            "201": {
                "description": "Begun, or stored when all bytes came with it.",
                "headers": {**_told(Location="Where to continue it."), **_PROGRESS},
            }
        },
    ),
}
_TUS_UPLOAD: Final = {
    "head": _call(
        "tus_tell",
        "Tell how far a resumable upload is, and which image it became.",
        tag="resumable uploads",
        parameters=[_UPLOAD_ID, _TUS],
        errors=(*ALWAYS, *_OF_UPLOAD, 412),
        responses={
            "200": {
                "description": "Said in headers.",
                "headers": {
                    **_PROGRESS,
                    **_told(
                        Upload_Length="Bytes of the whole.",
                        Upload_Metadata="As it was sent.",
                    ),
                },
            }
        },
    ),
    "patch": _call(
        "tus_continue",
        "Add bytes to a resumable upload; with the last one it becomes an image.",
        tag="resumable uploads",
        parameters=[
            _UPLOAD_ID,
            _TUS,
            _header("Upload-Offset", "Where these bytes begin.", _COUNT, required=True),
            _CHECKSUM,
        ],
        body={**_BODY, "required": True},
        errors=(*ALWAYS, *_OF_UPLOAD, *_OF_BYTES),
        responses={"204": {"description": "Added.", "headers": _PROGRESS}},
    ),
    "delete": _call(
        "tus_end",
        "End a resumable upload and free its room. An image that it became stays.",
        tag="resumable uploads",
        parameters=[_UPLOAD_ID, _TUS],
        errors=(*ALWAYS, *_OF_UPLOAD, 412),
        responses={"204": {"description": "Ended."}},
    ),
}
_EVENT: Final = {
    "type": "object",
    "description": "One event; `data` is JSON.",
    "required": ["id", "event", "data"],
    "properties": {
        "id": _TEXT,
        "event": {
            "enum": [
                "hello",
                "refresh",
                "image.stored",
                "image.ready",
                "image.rejected",
                "image.deleted",
            ]
        },
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer", "description": "Milliseconds to wait before coming back."},
    },
}
_EVENTS: Final = {
    "get": _call(
        "events_stream",
        "Tell what happens to the caller's images, while it happens.\n\n"
        "Events are `image.stored`, `image.ready`, `image.rejected` and `image.deleted`; `data` "
        "is `{id, event, at}`. A stream begins with `hello`. `refresh` says that some may have "
        "been missed: ask for the images. A comment comes when nothing happens for 15 seconds. A "
        "stream ends after some minutes and is asked for again, with the last id.",
        tag="events",
        parameters=[
            _header("Last-Event-ID", "The last event the caller knows.", _TEXT),
            {
                "name": "after",
                "in": "query",
                "required": False,
                "description": "The same, for who cannot send the header.",
                "schema": _TEXT,
            },
        ],
        errors=ALWAYS,
        responses={
            "200": {
                "description": "Without end.",
                "content": {"text/event-stream": {"schema": _EVENT}},
            }
        },
    )
}
PATHS: Final[Mapping[str, Mapping[str, Any]]] = {
    "/api/v1/tus/": _TUS_ROOT,
    "/api/v1/tus/{upload_id}": _TUS_UPLOAD,
    "/api/v1/events": _EVENTS,
}
