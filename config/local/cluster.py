"""The cluster profile: what ``make cluster`` starts."""

from collections.abc import Mapping
from pathlib import Path

from config.local.profile import (
    SERVERS_PORT,
    Profile,
    log_of,
    our_processes,
    render_address,
    shared_addresses,
    shared_settings,
    shoebox_of,
)
from config.local.secrets_file import CLUSTER, SHARD_NAMES, secrets_load
from config.local.servers import Nginx, Postgres, RabbitMQ, SeaweedFS, Valkey, seaweedfs
from config.local.servers.programs import find_program
from config.local.service import Service

EDGE_INNER_OFFSET = 48
EDGE_TLS_OFFSET = 49


def cluster_profile(*, data: Path, ports: Mapping[str, int]) -> Profile:
    """Return the profile of real parts: RabbitMQ, PostgreSQL, Valkey, SeaweedFS, nginx.

    Makes the secrets in ``data``, which has to exist, when they are not there yet.

    Raises:
        MissingServerError: RabbitMQ or PostgreSQL is not installed.
    """
    secrets = secrets_load(data / "secrets.env", wanted=CLUSTER)
    rabbitmq, postgres, valkey = _queue_index_cache(data, ports, secrets)
    stores = _stores(data, ports[SERVERS_PORT] + 10, secrets)
    edge = _edge(data, ports)
    front = ("EDGE_PORT", "EDGE_READ_PORT") if edge else ("WRITE_PORT", "READ_PORT")
    environment = {
        **shared_settings("cluster", data, secrets, {store.name: store.url for store in stores}),
        **{k: v for k, v in secrets.items() if k.startswith("SHOEBOX_SHARD_")},
        **shared_addresses(ports[front[0]], ports[front[1]], ports["FLOWER_PORT"]),
        **render_address(ports),
        "SHOEBOX_DATABASE_URL": postgres.url,
        "SHOEBOX_BROKER_URL": rabbitmq.url,
        "SHOEBOX_BROKER_API": rabbitmq.management_url,
        "SHOEBOX_RATE_LIMIT_URL": valkey.url,
        "SHOEBOX_SHARED_CACHE_URL": valkey.url,
        # The edge tells whose a request is; without one nobody is believed.
        "SHOEBOX_TRUSTED_PROXIES": "127.0.0.1" if edge else "",
    }
    return Profile(
        name="cluster",
        data=data,
        secrets=secrets,
        environment=environment,
        servers=(
            rabbitmq.service(log=log_of(data, "rabbitmq")),
            postgres.service(log=log_of(data, "postgres")),
            valkey.service(log=log_of(data, "valkey")),
            *(store.service(log=log_of(data, store.name)) for store in stores),
        ),
        processes=(
            *our_processes(environment, data, ports, secrets, broker_api=rabbitmq.management_url),
            shoebox_of(environment, data).webhooks(),
        ),
        edge=edge,
    )


def _queue_index_cache(
    data: Path, ports: Mapping[str, int], secrets: Mapping[str, str]
) -> tuple[RabbitMQ, Postgres, Valkey]:
    first = ports[SERVERS_PORT]
    return (
        RabbitMQ(
            directory=data / "rabbitmq",
            port=first,
            password=secrets["RABBITMQ_PASSWORD"],
            management=True,
            port_variable=SERVERS_PORT,
        ),
        Postgres(
            directory=data / "postgres",
            port=first + 5,
            password=secrets["POSTGRES_PASSWORD"],
            port_variable=SERVERS_PORT,
        ),
        Valkey(
            directory=data / "valkey",
            port=ports["VALKEY_PORT"],
            password=secrets["VALKEY_PASSWORD"],
            durable=False,
            port_variable="VALKEY_PORT",
        ),
    )


def _stores(data: Path, first: int, secrets: Mapping[str, str]) -> list[SeaweedFS]:
    return [
        SeaweedFS(
            name=name,
            directory=data / "seaweedfs" / name,
            port=first + index * seaweedfs.PORTS,
            access_key=secrets[f"SHOEBOX_SHARD_{name.upper()}_ACCESS_KEY"],
            secret_key=secrets[f"SHOEBOX_SHARD_{name.upper()}_SECRET_KEY"],
            port_variable=SERVERS_PORT,
        )
        for index, name in enumerate(SHARD_NAMES)
    ]


def _edge(data: Path, ports: Mapping[str, int]) -> tuple[Service, ...]:
    if find_program("nginx", "/usr/sbin") is None:
        return ()
    nginx = Nginx(
        directory=data / "nginx",
        write_port=ports["EDGE_PORT"],
        read_port=ports["EDGE_READ_PORT"],
        writers=(ports["WRITE_PORT"],),
        readers=(ports["READ_PORT"],),
        inner_port=ports[SERVERS_PORT] + EDGE_INNER_OFFSET,
        tls_port=ports[SERVERS_PORT] + EDGE_TLS_OFFSET,
        port_variables=("EDGE_PORT", "EDGE_READ_PORT", SERVERS_PORT, SERVERS_PORT),
    )
    return (nginx.service(log=log_of(data, "nginx")),)
