"""The embedded profile: what ``make run`` starts."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from config.local.profile import (
    Profile,
    log_of,
    our_processes,
    render_address,
    shared_addresses,
    shared_settings,
)
from config.local.secrets_file import EMBEDDED, SHARD_NAMES, secrets_load
from config.local.servers import Valkey

INDEX_FILE = "index.sqlite3"


def embedded_profile(*, data: Path, ports: Mapping[str, int]) -> Profile:
    """Return the profile that needs nothing but this environment: SQLite, Valkey, folders.

    Makes the secrets in ``data``, which has to exist, when they are not there yet.
    """
    secrets = secrets_load(data / "secrets.env", wanted=EMBEDDED)
    valkey = Valkey(
        directory=data / "valkey",
        port=ports["VALKEY_PORT"],
        password=secrets["VALKEY_PASSWORD"],
        port_variable="VALKEY_PORT",
    )
    # Quoted: settings separate shards, and the parts of a URL, by characters a path may hold.
    path = quote(str(data))
    shards = {name: f"file://{path}/shards/{name}" for name in SHARD_NAMES}
    environment = {
        **shared_settings("embedded", data, secrets, shards),
        **shared_addresses(ports["WRITE_PORT"], ports["READ_PORT"], ports["FLOWER_PORT"]),
        **render_address(ports),
        "SHOEBOX_DATABASE_URL": f"sqlite:///{path}/{INDEX_FILE}",
        "SHOEBOX_BROKER_URL": valkey.url,
    }
    return Profile(
        name="embedded",
        data=data,
        secrets=secrets,
        environment=environment,
        servers=(valkey.service(log=log_of(data, "valkey")),),
        processes=our_processes(environment, data, ports, secrets),
        index=data / INDEX_FILE,
        shard_folders=tuple(data / "shards" / name for name in SHARD_NAMES),
    )
