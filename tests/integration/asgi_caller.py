"""Calling the whole write service in this process: the receiver in front, Django behind."""

import asyncio

import httpx
from django.core.asgi import get_asgi_application

from webapp.accounts.services import token_make
from webapp.uploads.bounded import BoundedBody
from webapp.uploads.receiver import Receiver

BASE = "http://127.0.0.1:8000"


def bearer(user, scopes, **values):
    """The header of a new token."""
    _, secret = token_make(user=user, name="test", scopes=scopes, **values)
    return {"Authorization": f"Bearer {secret}"}


def call(method, path, **kwargs):
    """Send one request to the write service as a server would give it to it."""

    async def send():
        transport = httpx.ASGITransport(app=Receiver(BoundedBody(get_asgi_application())))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.request(method, path, **kwargs)

    return asyncio.run(send())
