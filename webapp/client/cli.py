"""The `shoebox` command: understands its words, does them, and says how it went."""

import getpass
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from http import HTTPStatus

import httpx

from webapp.client.access import access_check, access_find, access_save, config_file
from webapp.client.arguments import parser_make
from webapp.client.errors import AgainError, ClientError, RefusedError, UsageError
from webapp.client.progress import Screen
from webapp.client.server import Me, Server
from webapp.client.session import upload

GOOD, BAD, USAGE, STOPPED = 0, 1, 2, 130
_NOT_TAKEN = frozenset({401, 403})


def main(
    words: Sequence[str] | None = None, *, transport: httpx.BaseTransport | None = None
) -> int:
    """Run the command and return its exit status.

    Args:
        words: None: those of the process.
        transport: None: the network. Given by tests.
    """
    options = parser_make().parse_args(words)
    screen = Screen(sys.stderr, quiet=getattr(options, "quiet", False))
    try:
        return _run(options, screen, transport)
    except UsageError as error:
        screen.say(str(error))
        return USAGE
    except (ClientError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            return _unheard()
        screen.say(str(error))
        return BAD
    except KeyboardInterrupt:
        screen.say("stopped; the same command goes on from here")
        return STOPPED


def _run(options: Namespace, screen: Screen, transport: httpx.BaseTransport | None) -> int:
    if options.verb == "login":
        return _login(options, screen, transport)
    access = access_find(options, os.environ)
    server = Server(
        url=access.server,
        token=access.token,
        connections=options.parallel,
        transport=transport,
    )
    return GOOD if upload(options, server=server, me=lambda: _me(server), screen=screen) else BAD


def _me(server: Server) -> Me:
    """Return whom the token acts for.

    Raises:
        UsageError: Nobody.
    """
    try:
        return server.me()
    except RefusedError as error:
        if error.status in _NOT_TAKEN:
            raise UsageError(f"{server.url}: {error}") from None
        if error.status == HTTPStatus.NOT_FOUND:
            raise UsageError(
                f"{server.url} has no API of a Shoebox; give the address of its pages."
            ) from None
        raise


def _login(options: Namespace, screen: Screen, transport: httpx.BaseTransport | None) -> int:
    try:
        server_url = options.server or input("Server: ").strip()
        token = options.token or getpass.getpass("Token: ").strip()
    except EOFError:
        raise UsageError("Nobody is there to ask; give --server and --token.") from None
    access = access_check(server=server_url, token=token)
    server = Server(url=access.server, token=access.token, transport=transport)
    try:
        me = _me(server)
    except AgainError as error:
        raise UsageError(f"{error} Nothing was kept.") from None
    path = config_file(os.environ)
    access_save(path, access)
    screen.say(f"{me.name} at {access.server}, kept in {path}")
    return GOOD


def _unheard() -> int:
    """Whoever read our output has gone, as ``head`` does; there is nobody to tell."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BAD
