"""A page of the reference, and the bits of Markdown it is made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NOTICE = "<!-- Made from the code by `manage.py reference --write`; edits are lost. -->"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the reference.

    Args:
        text: Markdown, ending in a newline.
        sentences: What is documented → its sentence; empty where the code has none, which a
            test refuses.
    """

    text: str
    sentences: dict[str, str]


def page_text(title: str, *blocks: str) -> str:
    """Return a page of ``blocks`` below its title and a word on where it comes from."""
    return "\n\n".join([NOTICE, f"# {title}", *(block.strip() for block in blocks)]) + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a bar inside a cell is escaped."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def code(text: str) -> str:
    """Return text as code; nothing for nothing."""
    return f"`{text}`" if text else ""


def sentence(docstring: str | None) -> str:
    """Return the first paragraph of a docstring on one line; empty when there is none."""
    paragraph = (docstring or "").strip().partition("\n\n")[0]
    return " ".join(paragraph.split()).replace("``", "`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
