"""Each real server starts, answers, keeps its data over a kill, and leaves no process."""

import os
import uuid
from dataclasses import replace
from pathlib import Path

import amqp
import boto3
import psycopg
import pytest
import redis
from botocore.config import Config
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.local.ports import free_port_block
from config.local.probes import http_status, listens
from config.local.processes import session_members
from config.local.runner import Running, start, started
from config.local.servers import Nginx, Postgres, RabbitMQ, SeaweedFS, Valkey
from config.local.servers import rabbitmq as rabbitmq_module
from config.local.servers import seaweedfs as seaweedfs_module
from config.local.service import MissingServerError, Service, StartError
from tests.processes import wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def launch():
    """Start services that are killed when the test ends, however it ends."""
    launched = []

    def launch_one(service: Service) -> Running:
        launched.append(start(service))
        return launched[-1]

    yield launch_one
    for running in launched:
        running.kill()


def describe(server) -> Service:
    try:
        return server.service()
    except MissingServerError as missing:
        pytest.skip(str(missing))


def mentions(text: str) -> list[str]:
    """Command lines of live processes that hold ``text``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if text in command and int(folder.name) != os.getpid():
            found.append(command)
    return found


def test_valkey_keeps_an_acknowledged_write_over_a_kill(tmp_path, launch):
    server = Valkey(directory=tmp_path / "valkey", port=free_port_block(), password="secret")
    running = launch(describe(server))
    with redis.Redis.from_url(server.url) as client:
        client.set("name", "value")
    running.kill()
    running = launch(running.service)
    with redis.Redis.from_url(server.url) as client:
        assert client.get("name") == b"value"
    running.stop()
    assert session_members(running.pid) == []


def test_valkey_wants_its_password(tmp_path):
    server = Valkey(directory=tmp_path / "valkey", port=free_port_block(), password="secret")
    with (
        started(describe(server)),
        redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_postgres_keeps_a_commit_over_a_kill(tmp_path, launch):
    server = Postgres(directory=tmp_path / "postgres", port=free_port_block(), password="secret")
    running = launch(describe(server))
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    running.kill()
    running = launch(running.service)
    with psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    running.stop()
    assert session_members(running.pid) == []


def test_rabbitmq_keeps_a_message_over_a_kill_and_takes_its_name_server_along(tmp_path, launch):
    port = free_port_block(rabbitmq_module.PORTS)
    server = RabbitMQ(directory=tmp_path / "rabbitmq", port=port, password="secret")
    running = launch(describe(server))
    declare_and_publish(server, b"kept")
    wait_until(lambda: is_written(server, b"kept"), seconds=60, what="the queue to be on disk")
    running.kill()
    running = launch(running.service)
    assert fetch_one(server) == b"kept"
    running.stop()
    assert session_members(running.pid) == []
    assert not any(listens(number) for number in range(port, port + rabbitmq_module.PORTS))


def test_rabbitmq_in_a_folder_that_was_renamed_has_queues_that_work(tmp_path, launch):
    port = free_port_block(rabbitmq_module.PORTS)
    server = RabbitMQ(directory=tmp_path / "rabbitmq", port=port, password="secret")
    running = launch(describe(server))
    declare_and_publish(server, b"before", kind="quorum")
    running.stop()
    moved = replace(server, directory=server.directory.rename(tmp_path / "moved"))
    launch(describe(moved))
    declare_and_publish(moved, b"after", kind="quorum")
    assert fetch_one(moved) == b"after"


def connect(server: RabbitMQ) -> amqp.Connection:
    return amqp.Connection(
        host=f"127.0.0.1:{server.port}",
        userid="shoebox",
        password=server.password,
        virtual_host=rabbitmq_module.VHOST,
        confirm_publish=True,
    )


def declare_and_publish(server: RabbitMQ, body: bytes, *, kind: str = "classic") -> None:
    arguments = {"x-queue-type": kind}
    with connect(server) as connection, connection.channel() as channel:
        channel.queue_declare("kept", durable=True, auto_delete=False, arguments=arguments)
        channel.basic_publish_confirm(amqp.Message(body, delivery_mode=2), routing_key="kept")


def is_written(server: RabbitMQ, name: bytes) -> bool:
    """Tell whether the log of declared queues holds a name: it is written a moment later."""
    logs = [*server.directory.rglob("LATEST.LOG"), *server.directory.rglob("*.DC[DL]")]
    return any(name in path.read_bytes() for path in logs)


def fetch_one(server: RabbitMQ) -> bytes:
    with connect(server) as connection, connection.channel() as channel:
        return channel.basic_get("kept", no_ack=True).body


def test_rabbitmq_answers_the_management_api_when_asked_for(tmp_path):
    port = free_port_block(rabbitmq_module.PORTS)
    server = RabbitMQ(
        directory=tmp_path / "rabbitmq", port=port, password="secret", management=True
    )
    with started(describe(server)):
        assert http_status(port + 3, "/api/overview") == 401


@pytest.fixture
def seaweedfs(tmp_path):
    return SeaweedFS(
        name="s1",
        directory=tmp_path / "s1",
        port=free_port_block(seaweedfs_module.PORTS),
        access_key=uuid.uuid4().hex,
        secret_key=uuid.uuid4().hex,
    )


def bucket(server: SeaweedFS, *, secret_key: str | None = None):
    return boto3.resource(
        "s3",
        endpoint_url=server.endpoint,
        region_name=seaweedfs_module.REGION,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=secret_key or server.secret_key,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    ).Bucket(server.bucket)


def test_seaweedfs_keeps_an_object_over_a_kill(seaweedfs, launch):
    running = launch(describe(seaweedfs))
    bucket(seaweedfs).put_object(Key="000/kept", Body=b"bytes")
    running.kill()
    running = launch(running.service)
    assert bucket(seaweedfs).Object("000/kept").get()["Body"].read() == b"bytes"
    running.stop()
    assert session_members(running.pid) == []


def test_seaweedfs_refuses_a_wrong_secret(seaweedfs):
    with started(describe(seaweedfs)), pytest.raises(Exception, match="SignatureDoesNotMatch"):
        bucket(seaweedfs, secret_key="wrong").put_object(Key="000/refused", Body=b"bytes")


def test_nginx_starts_in_front_of_nothing_and_says_so(tmp_path):
    port = free_port_block(5)
    server = Nginx(
        directory=tmp_path / "nginx",
        write_port=port,
        read_port=port + 1,
        inner_port=port + 2,
        writers=(port + 3,),
        readers=(port + 4,),
    )
    with started(describe(server)) as [running]:
        assert [http_status(number, "/") for number in (port, port + 1)] == [503, 503]
    assert session_members(running.pid) == []
    assert mentions(str(tmp_path)) == []


def test_a_server_whose_port_is_taken_is_not_started(tmp_path):
    server = Valkey(directory=tmp_path / "one", port=free_port_block(), password="secret")
    other = Valkey(directory=tmp_path / "other", port=server.port, password="other")
    with started(describe(server)), pytest.raises(StartError, match=f"port {server.port} is in"):
        start(describe(other))


def test_a_server_that_ends_while_starting_is_quoted(tmp_path):
    service = describe(
        Valkey(directory=tmp_path / "valkey", port=free_port_block(), password="x y z")
    )
    with pytest.raises(StartError, match="wrong number of arguments"):
        start(service)
