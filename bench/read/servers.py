"""The servers that are compared: the read service, bare applications, nginx, Django."""

import os
from contextlib import ExitStack
from pathlib import Path

from bench.read.load import server
from config.local.servers.programs import find_program, wheel_program
from config.local.shoebox import ROOT
from tests.integration.reader_server import SIGNING_KEYS

NGINX = """
daemon off; pid nginx.pid; error_log stderr warn; {user} worker_processes 1;
events {{ worker_connections 2048; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
    default_type image/jpeg;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {{ listen 127.0.0.1:{port}; root files; }}
}}
"""


class Servers:
    """Starts servers on ports of their own until the block ends."""

    def __init__(self, folder: Path, first_port: int):
        self.folder = folder
        self._port = first_port
        self._stack = ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        return self._stack.__exit__(*raised)

    def port(self):
        self._port += 1
        return self._port

    def run(self, name, command, *, port, env=None, path="/"):
        log = self.folder / "servers.log"
        return self._stack.enter_context(server(name, port, command, log=log, env=env, path=path))

    def granian(self, name, application, *, workers=1, env=None, path="/healthz", options=()):
        port = self.port()
        command = [
            str(wheel_program("granian")),
            "--interface=asgi",
            "--host=127.0.0.1",
            f"--port={port}",
            "--no-ws",
            "--http=1",
            f"--workers={workers}",
            *options,
            application,
        ]
        env = {"PYTHONPATH": str(ROOT), **(env or {})}
        return self.run(name, command, port=port, env=env, path=path)

    def reader(self, name, world, *, workers=1, options=(), **settings):
        """Run a read service with its log, metrics and journal on, as in every profile."""
        env = {
            "SHOEBOX_PROFILE": "embedded",
            "SHOEBOX_DATA": str(world.folder),
            "SHOEBOX_SIGNING_KEYS": SIGNING_KEYS,
            "SHOEBOX_DRAIN_SECONDS": "0",
            **{f"SHOEBOX_{key.upper()}": str(value) for key, value in settings.items()},
        }
        app = "config.reader:application"
        return self.granian(name, app, workers=workers, env=env, path="/readyz", options=options)

    def bare(self, name, what, **env):
        path = env.pop("BARE_TRY", "/")
        return self.granian(name, f"bench.read.bare:{what}", env=env, path=path)

    def nginx(self, name):
        """Run nginx on a folder of files."""
        folder = self.folder / "nginx"
        (folder / "files").mkdir(parents=True)
        port = self.port()
        user = "user root;" if os.geteuid() == 0 else ""
        text = NGINX.format(port=port, user=user)
        (folder / "nginx.conf").write_text(text)
        program = find_program("nginx", "/usr/sbin")
        command = [str(program), "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
        return self.run(name, command, port=port), folder / "files"

    def django(self, name, files):
        """Run Django's FileResponse under granian's WSGI."""
        port = self.port()
        command = [
            str(wheel_program("granian")),
            "--interface=wsgi",
            "--host=127.0.0.1",
            f"--port={port}",
            "--no-ws",
            "--http=1",
            "bench.read.peer_django:application",
        ]
        env = {"PYTHONPATH": str(ROOT), "PEER_FILES": str(files)}
        return self.run(name, command, port=port, env=env, path="/15")
