"""What the index costs at a million images: `python -m bench.index`, on a PostgreSQL of its own.

Two indexes on one server, of a thousand and of a million rows; uploads into both in turn, and
pages of the large one at several depths. Prints Markdown for docs/benchmarks.md.
"""

import argparse
import os
import tempfile
from pathlib import Path

import django

LARGE = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=LARGE, help="of the large index")
    parser.add_argument("--pages", action="store_true", help="measure pages only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-index-") as name:
        folder = Path(name)
        os.environ |= {
            "SHOEBOX_PROFILE": "embedded",
            "SHOEBOX_DATA": name,
            "SHOEBOX_LOG_LEVEL": "error",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        django.setup()
        from bench.index.measure import measure  # noqa: PLC0415 - needs Django set up

        measure(folder, options.rows, uploads=not options.pages)


if __name__ == "__main__":
    main()
