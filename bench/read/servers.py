"""The servers that are compared: the read service, bare applications, nginx, stores."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from bench.read.load import LOAD_CORE, SERVER_CORE, server
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

    def run(self, name, command, *, port, env=None, path="/", core=SERVER_CORE):
        log = self.folder / "servers.log"
        running = server(name, port, command, log=log, env=env, path=path, core=core)
        return self._stack.enter_context(running)

    def granian(
        self,
        name,
        application,
        *,
        workers=1,
        env=None,
        path="/healthz",
        options=(),
        core=SERVER_CORE,
        interface="asgi",
        python=None,
    ):
        """Run an application; ``python`` is the interpreter of an environment of its own."""
        port = self.port()
        command = [
            str(Path(python).with_name("granian") if python else wheel_program("granian")),
            f"--interface={interface}",
            "--host=127.0.0.1",
            f"--port={port}",
            "--no-ws",
            "--http=1",
            f"--workers={workers}",
            *options,
            application,
        ]
        env = {"PYTHONPATH": str(ROOT), **(env or {})}
        return self.run(name, command, port=port, env=env, path=path, core=core)

    def reader(self, name, world, *, workers=1, core=SERVER_CORE, **settings):
        """Run a read service with its log, metrics and journal on, as in every profile."""
        port = self.port()
        env = {
            "PYTHONPATH": str(ROOT),
            "SHOEBOX_PROFILE": "embedded",
            "SHOEBOX_DATA": str(world.folder),
            "SHOEBOX_SIGNING_KEYS": SIGNING_KEYS,
            "SHOEBOX_DRAIN_SECONDS": "0",
            **{f"SHOEBOX_{key.upper()}": str(value) for key, value in settings.items()},
        }
        command = [sys.executable, "-m", "config.serve", "read"]
        command += [f"--port={port}", f"--workers={workers}"]
        return self.run(name, command, port=port, env=env, path="/readyz", core=core)

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

    def store(self, name, root):
        """Run a store that speaks S3, beside the load: what it takes is not the reader's."""
        ill = self.folder / f"{name}.ill"
        env = {"STORE_ROOT": str(root), "STORE_ILL": str(ill)}
        app = "bench.read.store:application"
        return self.granian(name, app, env=env, path="/bench/_", core=LOAD_CORE)

    def ill(self, name, word):
        """Make a store ill, or well with an empty word."""
        (self.folder / f"{name}.ill").write_text(word)
