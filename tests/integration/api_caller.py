"""Calling the API in a test the way programs and browsers do."""

import json

from django.test import Client

from webapp.accounts.models import Scope
from webapp.accounts.services import token_make

IMAGES = "/api/v1/images"
EVERYTHING = (Scope.UPLOAD, Scope.READ, Scope.DELETE)


class Caller:
    """Calls with a bearer token; ``user`` None calls as nobody."""

    def __init__(self, user=None, scopes=EVERYTHING):
        self.client = Client(raise_request_exception=False)
        self.user = user
        self.headers = {}
        if user is not None:
            _, secret = token_make(user=user, name="test", scopes=scopes)
            self.headers = {"Authorization": f"Bearer {secret}"}

    def __call__(self, method, path, *, body=None, headers=None):
        """Call with ``body`` as JSON, or as it is when it is bytes."""
        data = b"" if body is None else body
        return self.client.generic(
            method,
            path,
            data if isinstance(data, bytes) else json.dumps(data),
            content_type="application/json",
            headers={**self.headers, **(headers or {})},
        )

    def get(self, path, **headers):
        return self("GET", path, headers=headers)

    def image(self, method, image, rest="", **kwargs):
        return self(method, f"{IMAGES}/{image.id}{rest}", **kwargs)


def code_of(response):
    """The code of a problem document, after checking that it is one."""
    document = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert document["status"] == response.status_code
    return document["code"]
