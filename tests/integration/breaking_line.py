"""A line to a server that can break, or stand still, after so many bytes."""

import contextlib
import socket
import threading

PIECE = 64 * 1024


class Line:
    """Carries connections on a loopback port of its own to another one.

    ``room`` is how many bytes go to the server until every connection is cut, or held when
    ``holds``; None for as many as come.
    """

    def __init__(self, port):
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.carried = 0
        self.room = None
        self.holds = False
        self.away = False
        self.full = threading.Event()
        self._sockets = [self._listener]
        self._threads = []
        self._start(self._listen)

    def cut(self):
        """Cut every connection there is, and let none through until ``away`` is taken back."""
        self.away = True
        for end in self._sockets[1:]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        for end in self._sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits there
        for thread in self._threads:
            thread.join()
        for end in self._sockets:
            end.close()

    def _start(self, target, *args):
        self._threads.append(threading.Thread(target=target, args=args, daemon=True))
        self._threads[-1].start()

    def _listen(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                if self.away:
                    client.close()
                    continue
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                self._start(self._carry, client, server, True)
                self._start(self._carry, server, client, False)

    def _carry(self, source, target, counts):
        with contextlib.suppress(OSError):
            for piece in self._pieces(source, target, counts):
                target.sendall(piece)
                if counts and not self._goes_on(len(piece)):
                    self._let_go(source)
                    break
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _pieces(self, source, _target, _counts):
        """Give what comes from ``source``; a line of another kind looks where it goes, too."""
        while piece := source.recv(PIECE):
            yield piece

    def _goes_on(self, count):
        self.carried += count
        if self.room is None or self.carried < self.room:
            return True
        self.room = None
        self.full.set()
        return False

    def _let_go(self, client):
        """Deliver nothing more; while it holds, wait until the client gives up."""
        while self.holds and client.recv(PIECE):
            pass
