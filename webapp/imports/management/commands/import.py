"""`manage.py import PATH… --user NAME`: store the pictures of files, folders and zip archives.

A line per file goes to standard output, progress to standard error. Run again, it imports what
is missing. Exit status: 0 all is stored, 1 some is not, 2 nothing was tried.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from webapp.accounts.services import user_get
from webapp.core.errors import RetryError, ShoeboxError
from webapp.core.ids import KIND_WORDS, kind_parse
from webapp.core.text import clean_text
from webapp.imports.archive import entries_of, is_archive
from webapp.imports.progress import Bar
from webapp.imports.sources import Item, Passed, Refused, Source, items_in
from webapp.imports.storing import Result, Stored, Storing
from webapp.intake.details import Details

SOME_MISSING = 1
NOT_TRIED = 2
STOPPED = 130


class Command(BaseCommand):
    """Imports files in this process, with the same acceptance as uploads."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what is imported, for whom."""
        parser.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="a picture, a folder or a zip"
        )
        parser.add_argument("--user", required=True, help="whose images they become")
        parser.add_argument("--album", default="", help="the album they go to")
        parser.add_argument(
            "--kind", default="p", choices=list(KIND_WORDS), help="who may see them; default: p"
        )
        parser.add_argument(
            "--recursive", action="store_true", help="go through folders in folders, too"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="look at every file, store nothing"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Import everything, or say what would be."""
        try:
            storing = _storing(options)
            items = _Items(options["paths"], recursive=options["recursive"])
            files = sum(isinstance(item, Source) for item in items)
        except ShoeboxError as error:
            raise CommandError(error.detail, returncode=NOT_TRIED) from None
        counts: Counter[Result] = Counter()
        try:
            self._import(items, storing, Bar("Files", total=files), counts)
        except KeyboardInterrupt:
            raise CommandError(_again("Stopped", counts), returncode=STOPPED) from None
        except RetryError as error:
            raise CommandError(_again(error.detail, counts), returncode=SOME_MISSING) from None
        self.stderr.write(_summary(counts, dry_run=storing.dry_run))
        if counts[Result.REFUSED]:
            raise CommandError(
                f"{counts[Result.REFUSED]} refused; see above.", returncode=SOME_MISSING
            )

    def _import(self, items: "_Items", storing: Storing, bar: Bar, counts: Counter[Result]) -> None:
        for item in items:
            line, result = _done(item, storing)
            counts[result] += 1
            bar.clear()
            self.stdout.write(line)
            if isinstance(item, Source):
                bar.advance(bytes_moved=item.size)
        bar.close()


class _Items:
    """Everything the paths hold; gone through twice, to count and to import."""

    def __init__(self, paths: list[Path], *, recursive: bool) -> None:
        self._paths = paths
        self._recursive = recursive

    def __iter__(self) -> Iterator[Item]:
        for path in self._paths:
            if is_archive(path):
                yield from entries_of(path)
            else:
                yield from items_in(path, recursive=self._recursive)


def _storing(options: dict[str, Any]) -> Storing:
    return Storing(
        owner=user_get(name=options["user"]),
        details=Details(album=clean_text(options["album"]), kind=kind_parse(options["kind"])),
        dry_run=options["dry_run"],
    )


def _done(item: Item, storing: Storing) -> tuple[str, Result]:
    name = item.name if item.name.isprintable() else ascii(item.name)
    match item:
        case Passed(why=why):
            return f"{Result.PASSED:<11}  {name}: {why}", Result.PASSED
        case Refused(error=error):
            stored = Stored(result=Result.REFUSED, error=error)
        case Source():
            stored = storing.store(item)
    said = f"{stored.error.code}: {stored.error.detail}" if stored.error else stored.image_id
    return f"{stored.result:<11}  {name}  {said}".rstrip(), stored.result


def _summary(counts: Counter[Result], *, dry_run: bool) -> str:
    words = ", ".join(f"{counts[result]} {result}" for result in Result)
    return f"{words}. Nothing was stored." if dry_run else f"{words}."


def _again(why: str, counts: Counter[Result]) -> str:
    return (
        f"{why.rstrip('.')}. So far: {_summary(counts, dry_run=False)} "
        "The same command again goes on with what is missing."
    )
