"""``python -m config.local embedded|cluster``: start a profile, show that it works, keep it up."""

import argparse
import os
import sys
from contextlib import ExitStack

from config.local.launch import Launch, StopRequestedError, stop_on_signals
from config.local.preflight import preflight
from config.local.service import LocalError

REFUSED = 2
FAILED = 1


def main() -> int:
    """Return 0 after a stop that was asked for, 1 when a part failed, 2 before any start."""
    parser = argparse.ArgumentParser(prog="python -m config.local", description=__doc__)
    parser.add_argument("profile", choices=("embedded", "cluster"))
    name = parser.parse_args().profile
    stop_on_signals()
    with ExitStack() as held:
        try:
            launch = Launch(profile=preflight(name, os.environ, held=held))
        except LocalError as error:
            return _tell(error, REFUSED)
        except StopRequestedError:
            return 0
        return _run(launch)


def _run(launch: Launch) -> int:
    try:
        launch.run()
    except StopRequestedError:
        return 0
    except LocalError as error:
        return _tell(error, FAILED)
    finally:
        launch.stop()


def _tell(error: LocalError, status: int) -> int:
    print(f"shoebox: {error}", file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
