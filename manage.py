#!/usr/bin/env python3
"""Django's command line for Shoebox: `manage.py help` lists the verbs."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line
    from django.db import Error as IndexTrouble

    from webapp.core.errors import ConfigurationError

    try:
        execute_from_command_line(sys.argv)
    except ConfigurationError as error:
        # A wrong setting is the operator's business; a traceback would bury its name.
        sys.exit(f"shoebox: {error.detail}")
    except IndexTrouble as error:
        if "--traceback" in sys.argv:
            raise
        said = " ".join(str(error).split())
        sys.exit(f"shoebox: the index fails: {said}; see manage.py doctor, or --traceback")


if __name__ == "__main__":
    main()
