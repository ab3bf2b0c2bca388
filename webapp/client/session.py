"""One run of `shoebox upload`, from the words of a command to its last line."""

import json
import secrets
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Mapping
from os import environ
from pathlib import Path
from threading import Event

from webapp.client.crowd import outcomes
from webapp.client.importing import Link
from webapp.client.links import FORMS
from webapp.client.memory import Memory, memory_folder
from webapp.client.patience import Patience
from webapp.client.pictures import pictures_find
from webapp.client.progress import Progress, Screen
from webapp.client.server import Me, Server
from webapp.client.uploading import RESUMABLE_BYTES, Outcome, Result, Uploader, Words


def upload(options: Namespace, *, server: Server, me: Callable[[], Me], screen: Screen) -> bool:
    """Upload what the options name and print a line each; return whether all is stored.

    Raises:
        UsageError: Nothing was sent.
        AgainError, RefusedError: The server said no before anything was sent.
    """
    sizes = {path: _size(path) for path in _paths(options, screen)}
    stop = Event()
    patience = Patience(tries=options.tries, stop=stop, note=screen.note)
    allowed = patience.run(me, what=server.url).scopes
    uploader = Uploader(
        server=server,
        words=Words(album=options.album, kind=options.kind or ""),
        patience=patience,
        run=secrets.token_hex(8),
        memory=_memory(sizes, server, patience, allowed, screen),
    )
    try:
        counts = _upload_all(options, sizes, uploader, screen)
    except BaseException:
        stop.set()
        raise
    screen.note(_summary(counts))
    return all(result.is_good for result in counts)


def _paths(options: Namespace, screen: Screen) -> list[Path | Link]:
    found: list[Path | Link] = []
    for named in options.paths:
        if isinstance(named, Link):
            found.append(named)
        else:
            found += pictures_find([named], recursive=options.recursive, note=screen.note)
    found = list(dict.fromkeys(found))
    if not found:
        screen.say("there is nothing to upload")
    return found


def _size(path: Path | Link) -> int:
    if isinstance(path, Link):
        return 0
    try:
        return path.stat().st_size
    except OSError:
        return 0  # told when it is its turn


def _memory(
    sizes: Mapping[Path | Link, int],
    server: Server,
    patience: Patience,
    allowed: frozenset[str],
    screen: Screen,
) -> Memory | None:
    """Return where resumable uploads are remembered; None where there will be none."""
    if max(sizes.values(), default=0) <= RESUMABLE_BYTES:
        return None
    if not allowed & {"read", "admin"}:
        screen.note("the token may not read: large files are sent whole and cannot be resumed")
        return None
    if not patience.run(server.is_resumable, what=server.url):
        return None
    try:
        memory = Memory(memory_folder(environ))
    except RuntimeError:
        screen.note("there is no home folder: large files are sent whole and cannot be resumed")
        return None
    memory.clean()
    return memory


def _upload_all(
    options: Namespace, sizes: Mapping[Path | Link, int], uploader: Uploader, screen: Screen
) -> Counter[Result]:
    progress = Progress(sizes)
    counts: Counter[Result] = Counter()

    def one(path: Path | Link) -> Outcome:
        outcome = uploader.upload(path, lambda offset: progress.move(path, offset))
        progress.end(path)
        return outcome

    told = outcomes(
        list(sizes), one, parallel=options.parallel, meanwhile=lambda: screen.draw(progress)
    )
    for outcome in told:
        counts[outcome.result] += 1
        _tell(outcome, options, screen)
    screen.clear()
    return counts


def _tell(outcome: Outcome, options: Namespace, screen: Screen) -> None:
    if outcome.result.is_good:
        screen.step(f"{outcome.result} {outcome.path}")
    else:
        screen.say(f"{outcome.result} {outcome.path}: {outcome.detail}")
    line = _json(outcome) if options.json else _link(outcome, options.link)
    if line:
        screen.clear()
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _link(outcome: Outcome, form: str) -> str:
    return FORMS[form](outcome.image) if outcome.result.is_good else ""


def _json(outcome: Outcome) -> str:
    said = {
        "path": str(outcome.path),
        "result": outcome.result,
        "code": outcome.code,
        "detail": outcome.detail,
        "image": outcome.image or None,
    }
    return json.dumps(said)


def _summary(counts: Counter[Result]) -> str:
    said = [f"{counts[result]} {result}" for result in Result if counts[result]]
    return ", ".join(said) or "nothing was sent"
