"""Ready-made texts that show an image somewhere else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from django.utils.html import escape

from webapp.core.presets import PRESETS
from webapp.pages.card import Card

ORIGINAL = "original"


@dataclass(frozen=True, slots=True)
class Text:
    """One text to copy."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Share:
    """What can be copied of an image in one size.

    Args:
        sizes: Name → what people call it, largest first.
        size: The one chosen.
        texts: In the order they are shown.
        until: When the links end; None when they do not.
    """

    sizes: Mapping[str, str]
    size: str
    texts: list[Text]
    until: datetime | None


def share_of(card: Card, *, size: str = "") -> Share:
    """Return the texts for ``size``, or for the largest when there is no such size."""
    sizes = _sizes(card)
    chosen = size if size in sizes else next(iter(sizes))
    direct = _direct(card, chosen)
    return Share(sizes, chosen, _texts(card, chosen, direct), _until(direct))


def _sizes(card: Card) -> dict[str, str]:
    width, height = card.image.width, card.image.height
    whole = f"Original, {width} \N{MULTIPLICATION SIGN} {height}"
    sizes = {ORIGINAL: whole} if card.links["original"] else {}
    fitted = [p for p in reversed(PRESETS) if not p.crop]
    sizes |= {p.name: f"{min(p.width, width)} pixels wide" for p in fitted}
    return sizes | {p.name: f"Square, {p.width} pixels" for p in PRESETS if p.crop}


def _direct(card: Card, size: str) -> str:
    if size == ORIGINAL:
        return str(card.links["original"])
    return str(list(card.links["renditions"][size].values())[-1])


def _texts(card: Card, size: str, direct: str) -> list[Text]:
    target = card.links["original"] if size != ORIGINAL else None
    return [
        Text("direct", "Direct link", direct),
        Text("page", "This page", card.links["page"]),
        Text("html", "HTML", _html(card.name, direct, target)),
        Text("markdown", "Markdown", _markdown(card.name, direct, target)),
        Text("bbcode", "BBCode", _bbcode(direct, target)),
    ]


def _html(name: str, direct: str, target: str | None) -> str:
    image = f'<img src="{escape(direct)}" alt="{escape(name)}">'
    return f'<a href="{escape(target)}">{image}</a>' if target else image


def _markdown(name: str, direct: str, target: str | None) -> str:
    alt = name.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    image = f"![{alt}]({direct})"
    return f"[{image}]({target})" if target else image


def _bbcode(direct: str, target: str | None) -> str:
    image = f"[img]{direct}[/img]"
    return f"[url={target}]{image}[/url]" if target else image


def _until(direct: str) -> datetime | None:
    exp = parse_qs(urlsplit(direct).query).get("exp")
    return datetime.fromtimestamp(int(exp[0]), UTC) if exp else None
