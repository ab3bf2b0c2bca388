"""A worker's `/metrics`: what all processes of its pool count, added up.

Each process writes its numbers to a file of its place in the pool, not of its process id: one
that is recycled goes on in the file of the one before, so their number stays what it is.
"""

import os
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIServer

import structlog
from billiard.process import current_process
from celery.signals import worker_process_init, worker_ready

from webapp.core.errors import ConfigurationError

log = structlog.get_logger(__name__)

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_servers: list[WSGIServer] = []


def listen_parse(text: str) -> tuple[str, int]:
    """Return host and port of ``host:port``.

    Raises:
        ConfigurationError: It is neither empty nor that.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise ConfigurationError(f"SHOEBOX_METRICS_LISTEN: {text!r} is not `host:port`.")
    return host, int(port)


def metrics_prepare(*, listen: str, data: Path, arguments: Sequence[str]) -> None:
    """Let what this worker counts be shown; before anything that counts is imported.

    Nothing happens where nothing is to be shown, nor in commands beside the worker that share
    its settings.

    Raises:
        ConfigurationError: ``listen`` is malformed.
    """
    if not listen or "worker" not in arguments:
        return
    address = listen_parse(listen)
    folder = data / "metrics" / f"{socket.gethostname()}-{address[1]}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[VARIABLE] = str(folder)  # the client library is told in no other way

    from prometheus_client import values  # noqa: PLC0415 - looks at the variable when imported

    values.ValueClass = values.MultiProcessValue(process_identifier=_place)  # type: ignore[no-untyped-call]  # has no types
    worker_ready.connect(lambda **_: _serve(address, folder), weak=False)
    worker_process_init.connect(_leave, weak=False)


def _place() -> str:
    """Return the place of this process in the pool; none has it at the same time."""
    return str(getattr(current_process(), "index", "main"))


def _serve(address: tuple[str, int], folder: Path) -> None:
    from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415 - see above
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 - see above

    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]  # has no types
    host, port = address
    try:
        server, _ = start_http_server(port, addr=host, registry=registry)
    except OSError as error:  # images are made without anybody looking
        log.warning("metrics not served", address=f"{host}:{port}", error=str(error))
        return
    _servers.append(server)
    log.info("metrics served", address=f"{host}:{port}")


def _leave(**_kwargs: Any) -> None:
    """Leave the port to the worker: a child that outlives it would keep it from the next."""
    for server in _servers:
        server.socket.close()
    _servers.clear()
