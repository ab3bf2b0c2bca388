"""One start of a profile, from the checks before it to the last process gone."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from config.env import ENV_FILE
from config.local.first_photo import Report, first_photo
from config.local.processes import session_kill
from config.local.profile import Profile, installed
from config.local.runner import log_tail
from config.local.secrets_file import index_private, write_private
from config.local.service import LocalError, Service, StartError
from config.local.supervisor import Supervisor
from config.local.table import address_lines, report_lines

WATCH_SECONDS = 1.0
SETUP_WORDS_SECONDS = 30.0
# What bootstrap says that concerns who starts an installation again.
READ_ONLY = "read-only: "
TOLD = (READ_ONLY, "shard ")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequestedError(BaseException):
    """Somebody asked for the end: Ctrl-C, a signal, or the terminal went away.

    A BaseException, so that no handler of errors on the way takes it for one.
    """


def stop_on_signals() -> None:
    """Raise ``StopRequestedError`` in the main thread on each signal that asks for the end."""

    def request_stop(_number: int, _frame: object) -> NoReturn:
        raise StopRequestedError

    for number in SIGNALS:
        signal.signal(number, request_stop)


class Launch:
    """One start of a profile that passed its preflight.

    Args:
        profile: What to start. Where it was started before, what does not do its job is told and
            does not end the rest: half of it may be down or busy, and the other half is wanted.
    """

    def __init__(self, *, profile: Profile) -> None:
        self._profile = profile
        self._again = installed(profile.data)
        self._supervisor = Supervisor(folder=profile.data, services=profile.services)
        self._began = time.monotonic()

    def run(self) -> NoReturn:
        """Start everything, do the main job, then watch until asked to stop.

        Raises:
            LocalError: A part failed to start; at a first start, or did not do its job.
            StopRequestedError: The end was asked for.
        """
        profile = self._profile
        self._say(f"starting the {profile.name} profile in {profile.data}")
        self._write_files(profile)
        self._supervisor.start()
        self._supervisor.launch(profile.servers, on_ready=self._tell_ready)
        self._setup(profile, "migrate", "--noinput")
        self._setup(profile, "bootstrap")
        self._tell_bootstrap(profile.data / "logs" / "bootstrap.log")
        self._supervisor.launch(
            profile.processes,
            on_ready=self._tell_ready,
            on_unwell=self._tell_unwell if self._again else None,
        )
        self._supervisor.launch(profile.edge, on_ready=self._tell_ready)
        self._show(profile, self._first_photo(profile))
        self._watch()

    def stop(self) -> None:
        """End everything that was started; nothing of it runs afterwards."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if not self._supervisor.started:
            return
        # Nobody may be there to hear it: the terminal is gone, or a pipe's reader.
        with suppress(OSError):
            self._say("stopping")
        self._supervisor.stop(*self._profile.stop_groups)
        with suppress(OSError):
            self._say("stopped")

    def _write_files(self, profile: Profile) -> None:
        write_private(profile.data / "credentials", profile.credentials())
        if profile.index:
            index_private(profile.index)
        if not self._again:
            for folder in profile.shard_folders:
                folder.mkdir(parents=True, exist_ok=True)
        # What manage.py reads when somebody runs it by hand beside this.
        write_private(profile.data / ENV_FILE, profile.environment)

    def _setup(self, profile: Profile, *words: str) -> None:
        """Run a management command to its end, in a session that ends with us.

        However long it takes: a migration of a large index that is killed starts over.
        """
        began = time.monotonic()
        log = profile.data / "logs" / f"{words[0]}.log"
        environ = {**os.environ, **profile.shoebox.environ()}
        with log.open("wb") as output:
            process = subprocess.Popen(
                profile.shoebox.manage(*words),
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            status = self._wait(process, words[0], log)
        finally:
            session_kill(process.pid)
            process.wait()
        if status != 0:
            raise StartError(f"manage.py {words[0]} failed{log_tail(log)}")
        self._say(f"{words[0]} done in {time.monotonic() - began:.1f} s")

    def _wait(self, process: subprocess.Popen[bytes], name: str, log: Path) -> int:
        while True:
            try:
                return process.wait(SETUP_WORDS_SECONDS)
            except subprocess.TimeoutExpired:
                self._say(f"{name} still runs; see {_short(log)}")

    def _first_photo(self, profile: Profile) -> Report | None:
        """Return what became of the photo; None when it did not come through."""
        self._say("everything was started; now one photo all the way through")
        try:
            return first_photo(
                write_url=profile.environment["SHOEBOX_WRITE_URL"],
                token=profile.credentials()["token"],
            )
        except LocalError as error:
            if not self._again:
                raise
            self._say(f"WARNING: {error}")
            return None

    def _tell_bootstrap(self, log: Path) -> None:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            # An index that was lost has to be made anew while all this runs.
            self._again |= line.startswith(READ_ONLY)
            if line.startswith(TOLD) and self._again:
                self._say(line)

    def _tell_unwell(self, service: Service, said: str) -> None:
        self._say(f"WARNING: {service.name} runs and is not ready: {said}")

    def _tell_ready(self, service: Service) -> None:
        ports = f" on port {next(iter(service.ports))}" if service.ports else ""
        self._say(f"{service.name} is ready{ports}")

    def _show(self, profile: Profile, report: Report | None) -> None:
        lines = [
            "",
            *([*report_lines(report), ""] if report else []),
            *address_lines(
                profile.environment,
                page=report.image["links"]["page"] if report else None,
                data=_short(profile.data),
                credentials=_short(profile.data / "credentials"),
            ),
            "",
        ]
        print("\n".join(lines), flush=True)
        self._say("up and running; Ctrl-C ends it")

    def _watch(self) -> NoReturn:
        known = self._supervisor.pids()
        while True:
            time.sleep(WATCH_SECONDS)
            now = self._supervisor.pids()
            for name, pid in now.items():
                if known.get(name, pid) != pid:
                    self._say(f"{name} had ended and was started again")
            known |= now

    def _say(self, words: str) -> None:
        print(f"[{time.monotonic() - self._began:5.1f} s] {words}", flush=True)


def _short(path: Path) -> str:
    """Return ``path`` relative to the working folder where that is shorter to read."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
