"""Many threads that do the same at the same moment, as requests would."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connections

from webapp.core.errors import ShoeboxError


def crowd(act, arguments):
    """Call ``act`` with each argument at once; return what each call gave or refused with."""
    arguments = list(arguments)
    barrier = Barrier(len(arguments))

    def one(argument):
        barrier.wait(timeout=60)
        try:
            return act(argument)
        except ShoeboxError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(arguments)) as threads:
        return list(threads.map(one, arguments))
