"""The words of the `shoebox` command."""

from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from webapp.client.access import SERVER_VARIABLE, TOKEN_VARIABLE
from webapp.client.importing import Link, is_link
from webapp.client.links import FORMS

UPLOAD = """\
Upload pictures and print one link each, in the order they were named.

What goes wrong with one file does not keep the others from being sent. A server that is
busy or away is asked again, as it says itself. Files over 8 MB are sent in parts where the
server can and the token may read; run the same command again after Ctrl-C or a lost
connection, and it goes on where it was. A picture that is there already is not stored
twice: its link is printed again.

What begins with http:// or https:// is fetched by the server.
"""
UPLOAD_MORE = f"""\
where to, and as whom (the first that says so):
  --server and --token; --data; {SERVER_VARIABLE} and {TOKEN_VARIABLE} in the environment;
  what `shoebox login` kept. Other users of a machine can see the words of a command, so a
  token is better kept than written.

exit status:
  0  every picture is stored, now or before
  1  some were refused or could not be sent; the reason is on standard error
  2  nothing was sent: the command cannot be understood, or its token is not taken
  130  stopped by Ctrl-C

examples:
  shoebox upload cat.jpg
  shoebox upload --recursive --album Holidays --parallel 8 ~/Pictures/2026
  shoebox upload https://pictures.example/cat.jpg
  shoebox upload --link markdown *.png | xclip
  shoebox upload --json cat.jpg | jq -r .image.links.renditions.w800.webp
  shoebox upload --data data cat.jpg        # beside `make run`, in its tree
"""
LOGIN = """\
Keep a server and a token for later commands, in ~/.config/shoebox/client.toml, which nobody
else can read. Make the token on the server's page "Tokens"; it needs `upload`, and `read`
for files over 8 MB to be resumed. What is not given is asked for.
"""


def parser_make() -> ArgumentParser:
    """Return what understands the command line."""
    parser = ArgumentParser(
        prog="shoebox", description="A client of a Shoebox, the image host.", allow_abbrev=False
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    _upload(_verb(verbs, "upload", "upload pictures and print their links", UPLOAD, UPLOAD_MORE))
    _login(_verb(verbs, "login", "keep a server and a token for later", LOGIN))
    return parser


def _verb(verbs: Any, name: str, summary: str, text: str, more: str = "") -> ArgumentParser:
    parser: ArgumentParser = verbs.add_parser(
        name,
        help=summary,
        description=text,
        epilog=more,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    return parser


def _upload(parser: ArgumentParser) -> None:
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", type=_named, help="a file, a folder, or a link"
    )
    parser.add_argument("--recursive", "-r", action="store_true", help="upload what is in folders")
    parser.add_argument("--album", metavar="TEXT", default="", help="the album they go into")
    parser.add_argument(
        "--kind", choices=["p", "s"], help="p: whoever has the link (default); s: signed links"
    )
    parser.add_argument(
        "--parallel", metavar="N", type=_number, default=4, help="files at a time (default 4)"
    )
    parser.add_argument(
        "--tries",
        metavar="N",
        type=_number,
        default=6,
        help="attempts per step (default 6)",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--link", choices=FORMS, default="original", help="what is printed (default original)"
    )
    form.add_argument("--json", action="store_true", help="print a line of JSON per file instead")
    parser.add_argument("--quiet", "-q", action="store_true", help="say only what went wrong")
    _access(parser)
    parser.add_argument(
        "--data", metavar="FOLDER", type=Path, help="data folder of a `make run` on this machine"
    )


def _login(parser: ArgumentParser) -> None:
    _access(parser)


def _access(parser: ArgumentParser) -> None:
    parser.add_argument("--server", metavar="URL", help="such as https://pictures.example")
    parser.add_argument("--token", metavar="TOKEN", help="of the page Tokens of that server")


def _named(word: str) -> Path | Link:
    return Link(word) if is_link(word) else Path(word)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= 100):  # noqa: PLR2004 - the sentence says it
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to 100")
    return int(text)
