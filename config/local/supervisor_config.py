"""Writes supervisord's configuration from descriptions of processes."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from config.local.service import Service

LOG_BYTES = 10 * 1024 * 1024
LOG_BACKUPS = 3
# A process that cannot start because another is down is tried again, a second later each time.
START_RETRIES = 1000


def write_config(path: Path, *, services: Iterable[Service], socket: str) -> None:
    """Write the configuration, readable by this user alone: it holds secrets.

    Args:
        path: File to write; supervisord's own log and process id lie beside it.
        services: Programs it may start; it starts none by itself.
        socket: Path of the socket it is asked over.
    """
    folder = path.parent
    sections = {
        "supervisord": {
            "nodaemon": "true",
            "silent": "true",
            "logfile": str(folder / "logs" / "supervisord.log"),
            "logfile_maxbytes": str(LOG_BYTES),
            "logfile_backups": str(LOG_BACKUPS),
            "pidfile": str(folder / "supervisord.pid"),
        },
        "unix_http_server": {"file": socket, "chmod": "0700"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
        # For `supervisorctl -c` of this file, by hand.
        "supervisorctl": {"serverurl": f"unix://{socket}"},
        **{f"program:{service.name}": _program(service) for service in services},
    }
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text("\n".join(_section(name, sections[name]) for name in sections), "utf-8")


def _program(service: Service) -> dict[str, str]:
    return {
        "command": shlex.join(service.command),
        "directory": str(service.directory),
        "environment": ",".join(f'{k}="{v}"' for k, v in service.env.items()),
        "autostart": "false",
        "autorestart": "true",
        "startretries": str(START_RETRIES),
        "stopsignal": service.stop_signal.name.removeprefix("SIG"),
        "stopwaitsecs": str(max(1, round(service.stop_seconds))),
        "stopasgroup": str(service.stop_group).lower(),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": str(service.log),
        "stdout_logfile_maxbytes": str(LOG_BYTES),
        "stdout_logfile_backups": str(LOG_BACKUPS),
    }


def _section(name: str, values: Mapping[str, str]) -> str:
    # A percent sign begins one of supervisord's own expressions, in every value.
    lines = (f"{key}={value.replace('%', '%%')}\n" for key, value in values.items())
    return f"[{name}]\n{''.join(lines)}"
