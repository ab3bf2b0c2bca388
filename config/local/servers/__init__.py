"""The real servers, one module each: RabbitMQ, PostgreSQL, Valkey, SeaweedFS, nginx.

Each module has one frozen dataclass that knows its folder, ports and secrets, gives the URL
that clients use, and describes the process as a ``Service``.
"""

from config.local.servers.nginx import Nginx
from config.local.servers.postgres import Postgres
from config.local.servers.rabbitmq import RabbitMQ
from config.local.servers.seaweedfs import SeaweedFS
from config.local.servers.valkey import Valkey

__all__ = ["Nginx", "Postgres", "RabbitMQ", "SeaweedFS", "Valkey"]
