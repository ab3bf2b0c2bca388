"""Several files at a time, told in the order they were named."""

import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from threading import Thread

from webapp.client.importing import Link
from webapp.client.uploading import Outcome

LOOK_SECONDS = 0.1
Named = Path | Link
"""What is to be uploaded."""
Work = queue.SimpleQueue[tuple[Named, Future[Outcome]]]


def outcomes(
    paths: Sequence[Named],
    upload: Callable[[Named], Outcome],
    *,
    parallel: int,
    meanwhile: Callable[[], None],
) -> Iterator[Outcome]:
    """Yield what became of each file, in the order given, as soon as that is known.

    The threads end with the process: Ctrl-C need not wait for a server that is silent.

    Args:
        paths: The files and links.
        upload: Uploads one; called on threads.
        parallel: How many at a time.
        meanwhile: Called now and then while there is nothing to tell.
    """
    work: Work = queue.SimpleQueue()
    told: list[Future[Outcome]] = []
    for path in paths:
        told.append(Future())
        work.put((path, told[-1]))
    for _ in range(min(parallel, len(paths))):
        Thread(target=_run, args=(work, upload), daemon=True).start()
    for future in told:
        while not wait([future], timeout=LOOK_SECONDS).done:
            meanwhile()
        yield future.result()


def _run(work: Work, upload: Callable[[Named], Outcome]) -> None:
    while True:
        try:
            path, future = work.get_nowait()
        except queue.Empty:
            return
        try:
            future.set_result(upload(path))
        except BaseException as error:  # noqa: BLE001 - raised again where the result is read
            future.set_exception(error)
