"""The process `manage.py webhooks`: consumer and deliverer beside each other."""

import asyncio
import contextlib
import signal
import threading

from webapp.webhooks.consumer import consume
from webapp.webhooks.deliverer import Deliverer


async def webhooks_run(broker_url: str) -> None:
    """Take events and deliver them until SIGTERM or SIGINT; any number may run.

    Raises:
        Exception: A defect of either half ends both: whoever started the process starts it again.
    """
    stopped, consumer_stopped = asyncio.Event(), threading.Event()

    def stop() -> None:
        stopped.set()
        consumer_stopped.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    with contextlib.ExitStack() as stack:
        stack.callback(consumer_stopped.set)  # its thread is waited for when the loop ends
        deliverer = Deliverer()

        def made() -> None:
            loop.call_soon_threadsafe(deliverer.made)

        taking = asyncio.to_thread(consume, broker_url, stopped=consumer_stopped, made=made)
        async with asyncio.TaskGroup() as halves:
            halves.create_task(taking)
            halves.create_task(deliverer.run(stopped=stopped))
