"""Crowds of uploads to running services: quotas hold, and connections to the index are kept."""

import secrets
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from tests.factories import make_picture
from tests.processes import wait_until

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

TUS = "/api/v1/tus/"
QUOTA, CROWD = 5, 24
UPLOADS, SENDERS = 200, 32
# The pool of the write service, which grows to 24; beside it whoever counts and looks, and worker
# processes that had not asked anything before.
MOST_SESSIONS = 36


class Sender:
    """Uploads as somebody new, by the API or by tus; every upload has a connection of its own."""

    def __init__(self, system, *, quota=None):
        name = f"crowd-{secrets.token_hex(4)}"
        system.manage("user", "add", name, "--no-password")
        words = ("--name", "crowd", "--scope", "upload", "--scope", "read")
        token = system.manage("token", "add", name, *words).split()[-1]
        if quota:
            change = f"User.objects.filter(username={name!r}).update(quota_images={quota})"
            system.manage("shell", "-c", f"from webapp.accounts.models import User; {change}")
        self.base = system.environment["SHOEBOX_WRITE_URL"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def _call(self, method, path, **kwargs):
        more = kwargs.pop("headers", {})
        return httpx.request(
            method,
            self.base + path,
            headers={**self.headers, **more},
            timeout=60,
            trust_env=False,
            **kwargs,
        )

    def by_api(self):
        return self._call("POST", "/api/v1/images", content=self.picture()).status_code

    def by_tus(self):
        data = self.picture()
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(data)),
            "Content-Type": "application/offset+octet-stream",
        }
        return self._call("POST", TUS, content=data, headers=headers).status_code

    def announce(self):
        """Announce a body and send none of it; return how it is answered."""
        base = httpx.URL(self.base)
        lines = [
            "POST /api/v1/images HTTP/1.1",
            f"Host: {base.netloc.decode()}",
            f"Authorization: {self.headers['Authorization']}",
            "Content-Length: 1000",
        ]
        with socket.create_connection((base.host, base.port), timeout=60) as line:
            line.sendall("\r\n".join([*lines, "", ""]).encode())
            return int(line.recv(1000).split()[1])

    def usage(self):
        return self._call("GET", "/api/v1/me").json()["usage"]

    def unfinished(self):
        return self._call("GET", "/api/v1/images?state=stored&limit=1").json()["items"]

    @staticmethod
    def picture():
        return make_picture(width=32, height=32)


@pytest.fixture(params=["embedded_system", "cluster_system"])
def system(request):
    return request.getfixturevalue(request.param)


def at_once(acts, threads):
    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(act) for act in acts]]


def test_a_crowd_by_api_and_tus_fills_a_quota_and_does_not_exceed_it(system):
    sender = Sender(system, quota=QUOTA)
    answers = at_once([sender.by_api, sender.by_tus] * (CROWD // 2), CROWD)
    assert sorted(answers) == [201] * QUOTA + [507] * (CROWD - QUOTA)
    assert sender.usage()["images"] == QUOTA
    assert sender.announce() == 507


def sessions(system):
    """Return how many connections to the index were ever made."""
    with psycopg.connect(system.environment["SHOEBOX_DATABASE_URL"]) as index:
        asked = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"
        return index.execute(asked).fetchone()[0]


def test_services_and_workers_share_a_few_connections_to_the_index(cluster):
    sender = Sender(cluster)
    before = sessions(cluster)
    answers = at_once([sender.by_api] * UPLOADS, SENDERS)
    assert answers == [201] * UPLOADS
    wait_until(lambda: not sender.unfinished(), seconds=180, what="images ready")
    assert sessions(cluster) - before <= MOST_SESSIONS
