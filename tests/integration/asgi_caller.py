"""Calling the whole write service in this process: everything that stands before Django, too."""

import asyncio
import functools

import httpx
from django.core.asgi import get_asgi_application

from webapp.accounts.services import token_make
from webapp.events.endpoint import EventStreams
from webapp.uploads.bounded import BoundedBody
from webapp.uploads.receiver import Receiver

BASE = "http://127.0.0.1:8000"
django = functools.cache(get_asgi_application)


def bearer(user, scopes, **values):
    """The header of a new token."""
    _, secret = token_make(user=user, name="test", scopes=scopes, **values)
    return {"Authorization": f"Bearer {secret}"}


def call(method, path, *, cookies=None, **kwargs):
    """Send one request to the write service as a server would give it to it."""

    async def send():
        streams = EventStreams(Receiver(BoundedBody(django())))
        transport = httpx.ASGITransport(app=_left_at_once(streams))
        async with httpx.AsyncClient(transport=transport, base_url=BASE, cookies=cookies) as client:
            try:
                return await client.request(method, path, **kwargs)
            finally:
                streams.close()

    return asyncio.run(send())


def _left_at_once(streams):
    """Let who listens to events leave once they are answered: a stream has no end."""

    async def application(scope, receive, send):
        async def send_and_end(message):
            await send(message)
            if b"text/event-stream" in dict(message.get("headers", ())).values():
                streams.close()

        await streams(scope, receive, send_and_end)

    return application
