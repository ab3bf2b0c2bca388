"""thumbor: a server of its own, asked for each size; what its process spent is counted."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

SIZES = {"1600": "1600x0", "800": "800x0", "320": "320x0", "256": "256x256"}
FILTERS = "filters:quality(80):format(webp)"
CONFIG = """
ALLOW_UNSAFE_URL = True
LOADER = "thumbor.loaders.file_loader"
FILE_LOADER_ROOT_PATH = "/"
STORAGE = "thumbor.storages.no_storage"
"""


def main(folder):
    config, port = Path(folder) / "thumbor.conf", _free_port()
    config.write_text(CONFIG)
    program = Path(sys.executable).with_name("thumbor")
    command = [program, "-i", "127.0.0.1", "-p", str(port), "-c", config, "-l", "error"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(port)
        for line in sys.stdin:
            job = json.loads(line)
            before = _cpu_ms(server.pid)
            _run(port, job["source"], Path(job["target"]))
            spent = _cpu_ms(server.pid) - before
            print(json.dumps({"cpu_ms": spent, "rss_mb": _peak_mb(server.pid)}), flush=True)
    finally:
        server.kill()
        server.wait()


def _run(port, source, target):
    for name, size in SIZES.items():
        url = f"http://127.0.0.1:{port}/unsafe/{size}/{FILTERS}/{source.lstrip('/')}"
        with urllib.request.urlopen(url) as answer:
            (target / name).write_bytes(answer.read())


def _cpu_ms(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM:"))


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await(port):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(port)


main(*sys.argv[1:])
