"""`python -m webapp.client`: the `shoebox` command from the tree."""

import sys

from webapp.client.cli import main

if __name__ == "__main__":
    sys.exit(main())
