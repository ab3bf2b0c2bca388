"""Generated requests to the read service, as bytes: what no client library would send goes too."""

import random
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from config.local.ports import free_port_block
from config.local.runner import started
from config.local.servers import Nginx
from tests import samples
from tests.unit.webapp.reader.test_hostile import METHODS, made

THREADS = 4
HANG_SECONDS = 20
KNOWN = {200, 206, 304, 400, 403, 404, 405, 410, 412, 414, 416, 431, 503}
EDGE_KNOWN = {408, 413, 429, 501, 505}
"""What nginx says of requests that no reader gets to see."""
NEVER = (b"Traceback", b"file://", b"site-packages", b".py")
DAMAGE_ONE_IN = 5


class Target:
    """A read service with images of each kind, and what it must never say.

    Args:
        system: Whose read service it is.
        edge: In front of it, as config/local describes it; None to ask the service itself.
    """

    def __init__(self, system, edge):
        url = urlsplit(system.environment["SHOEBOX_READ_URL"])
        self.address = (url.hostname, edge.read_port if edge else url.port)
        client = system.client
        bodies = [samples.jpeg(), samples.png_with_alpha(), samples.heic(), samples.gif()]
        images = [client.store_ready(body, kind=kind) for body in bodies for kind in ("p", "s")]
        deleted = client.store_ready(samples.jpeg())
        client.delete(deleted["id"])
        self.ids = [*(image["id"] for image in (*images, deleted)), "p" + "0" * 23, "x"]
        self.signed = [link for image in images for link in _signed(image["links"])]
        self.signatures = [parse_qs(urlsplit(link).query)["sig"][0] for link in self.signed]
        folder = system.environment["SHOEBOX_DATA"]
        keys = system.environment["SHOEBOX_SIGNING_KEYS"].partition(":")[2]
        self.secrets = [text.encode() for text in (folder, keys, *self.signatures)]
        self.logs = [system.described("read").log]
        self.logs += [edge.directory / name for name in ("access.log", "nginx.log")] if edge else []
        self.known = KNOWN | EDGE_KNOWN if edge else KNOWN


def _signed(links):
    """Return every link that carries a signature."""
    for value in links.values():
        if isinstance(value, dict):
            yield from _signed(value)
        elif isinstance(value, str) and "sig=" in value:
            yield value


def reads_fuzz(system, options):
    """Send the requests; return what may not have happened."""
    with ExitStack() as stack:
        edge = _edge(system) if options.edge else None
        if edge:
            stack.enter_context(started(edge.service()))
        found = _fuzz(Target(system, edge), options)
    system.settle()
    return found


def _edge(system):
    port = free_port_block(3)
    services = [
        urlsplit(system.environment[f"SHOEBOX_{name}_URL"]).port for name in ("WRITE", "READ")
    ]
    return Nginx(
        directory=Path(system.environment["SHOEBOX_DATA"]) / "edge",
        write_port=port,
        read_port=port + 1,
        writers=(services[0],),
        readers=(services[1],),
        inner_port=port + 2,
        changed={"EDGE_ACCESS_LOG": "access.log shoebox"},
    )


def _fuzz(target, options):
    began = time.monotonic()
    share = options.requests // THREADS
    with ThreadPoolExecutor(THREADS) as threads:
        seeds = [f"{options.seed}/{number}" for number in range(THREADS)]
        runs = list(threads.map(lambda seed: _run(target, seed, share), seeds))
    seconds = time.monotonic() - began
    answers = sum((answers for answers, _, _ in runs), Counter())
    print(
        f"{answers.total()} requests in {seconds:.0f} s, {answers.total() / seconds:.0f} a second"
    )
    for status, count in sorted(answers.items()):
        print(f"  {status} {count:8}")
    print(f"slowest answer {max(slowest for _, slowest, _ in runs):.2f} s")
    found = [problem for _, _, problems in runs for problem in problems]
    for log in target.logs:
        said = log.read_bytes()
        found += [f"{s!r} is in {log.name}" for s in target.secrets[1:] if s in said]
        found += [f"a traceback is in {log.name}"] if b"Traceback" in said else []
    return found


def _run(target, seed, count):
    choose, answers, problems, slowest = random.Random(seed), Counter(), [], 0.0
    line = Line(target.address)
    for _ in range(count):
        request, may_know = _request(target, choose)
        began = time.monotonic()
        try:
            status, whole = line.ask(request)
        except OSError as error:
            problems.append(f"{request!r}: {type(error).__name__} {error}")
            line.close()
            continue
        slowest = max(slowest, time.monotonic() - began)
        answers[status] += 1
        problems += _wrong(target, request, status, whole, may_know=may_know)
    line.close()
    return answers, slowest, problems


def _wrong(target, request, status, whole, *, may_know):
    if status not in target.known:
        yield f"{request!r}: {status}"
    head = whole if status >= 400 else whole.partition(b"\r\n\r\n")[0]
    never = (*NEVER, *target.secrets) if not may_know else NEVER
    for secret in never:
        if secret in head and secret not in request:
            yield f"{request!r}: {status} says {secret!r}"


def _request(target, choose):
    """Return the bytes of a request, and whether it came with a signature that is right."""
    if choose.random() < 0.1:
        link = urlsplit(choose.choice(target.signed))
        path, headers, signed = f"{link.path}?{link.query}", [], True
    else:
        path, headers = made(choose, target.ids)
        signed = False
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    method = choose.choice(METHODS).encode()
    line = method + b" " + path.encode("utf-8") + b" HTTP/1.1\r\nHost: reader\r\n"
    whole = line + lines + b"\r\n"
    if choose.randrange(DAMAGE_ONE_IN) == 0:
        return _damaged(whole, choose), signed
    return whole, signed


def _damaged(request, choose):
    """Change bytes of the head, but leave it its end, or no answer would come."""
    data = bytearray(request[:-4])
    for _ in range(choose.choice((1, 1, 3))):
        at = choose.randrange(len(data))
        if choose.random() < 0.5:
            data[at] = choose.randrange(256)
        else:
            data[at:at] = choose.randbytes(choose.choice((1, 8, 2000)))
    return bytes(data) + b"\r\n\r\n"


class Line:
    """A connection that is kept while the service keeps it, and made anew when it does not."""

    def __init__(self, address):
        self._address = address
        self._socket = None

    def ask(self, request):
        """Send one request; return the status and all of the answer, or 400 for a hang-up.

        A head that cannot be parsed may be answered by closing the connection.
        """
        fresh = self._socket is None
        if fresh:
            self._socket = socket.create_connection(self._address, timeout=HANG_SECONDS)
        try:
            self._socket.sendall(request)
            return self._answer(request)
        except (ConnectionError, EOFError):
            self.close()
            return (400, b"") if fresh else self.ask(request)

    def _answer(self, request):
        data = self._until_head(b"")
        head, _, body = data.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        fields = dict(
            line.lower().partition(b": ")[::2] for line in head.split(b"\r\n")[1:] if line
        )
        length = int(fields.get(b"content-length", b"0"))
        without = request.startswith(b"HEAD ") or status in {204, 304}
        while not without and len(body) < length:
            body += self._receive()
        if fields.get(b"connection") == b"close" or status == 400 or without != (length == 0):
            self.close()  # what follows may not be where we look for it
        return status, head + b"\r\n\r\n" + body

    def _until_head(self, data):
        while b"\r\n\r\n" not in data:
            data += self._receive()
        return data

    def _receive(self):
        piece = self._socket.recv(1 << 18)
        if not piece:
            raise EOFError
        return piece

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None
