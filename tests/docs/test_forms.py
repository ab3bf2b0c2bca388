"""Pages of one kind have one form."""

import re
from xml.etree import ElementTree as ET

import pytest

from tests.docs.pages import ROOT, pages

PAGES = pages()
ADRS = sorted(p for p in PAGES if p.startswith("docs/adr/") and not p.endswith("README.md"))
FRAGMENTS = sorted(p for p in PAGES if p.startswith("changelog.d/") and not p.endswith("README.md"))
GUIDES = sorted(p for p in PAGES if p.startswith("docs/how-to/") and not p.endswith("README.md"))
MADR = (
    "## Context and Problem Statement",
    "## Considered Options",
    "## Decision Outcome",
    "### Consequences",
)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("page", ADRS)
def test_decision_has_the_madr_form(page):
    assert re.fullmatch(r"docs/adr/20\d{6}-[a-z0-9-]+\.md", page)
    assert re.match(
        r"# .+\n\n\* Status: (accepted|superseded by .+)\n\* Date: 20\d\d-\d\d-\d\d\n", PAGES[page]
    )
    assert [title for title in MADR if f"\n{title}\n" not in PAGES[page]] == []


@pytest.mark.parametrize("page", ADRS)
def test_date_of_a_decision_is_that_of_its_name(page):
    written = re.search(r"^\* Date: (.+)$", PAGES[page], re.MULTILINE)[1]

    assert page.removeprefix("docs/adr/").startswith(written.replace("-", ""))


@pytest.mark.parametrize("page", FRAGMENTS)
def test_fragment_has_its_form(page):
    assert re.fullmatch(
        r"changelog\.d/[a-z0-9-]+\.(added|changed|fixed|removed|security)\.md", page
    )
    assert re.fullmatch(r"[A-Z`][^\n]+\.\n", PAGES[page]), "one line, one or more sentences"


@pytest.mark.parametrize("page", GUIDES)
def test_guide_says_which_files_and_what_proves_it(page):
    assert "\n## Files\n" in PAGES[page]
    assert "\n## Proof\n" in PAGES[page]


@pytest.mark.parametrize(
    "drawing", sorted((ROOT / "docs").glob("*.svg")), ids=lambda path: path.name
)
def test_drawing_is_told_in_words_and_has_two_lights(drawing):
    root = ET.parse(drawing).getroot()  # noqa: S314 - our own file

    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc")
    assert "prefers-color-scheme: dark" in drawing.read_text(encoding="utf-8")


def test_words_are_those_of_the_glossary():
    """A rendition is not a thumbnail and not a variant; a replica of bytes is a copy."""
    loose = re.compile(
        r"\b(thumbnail|variant|bucket shard|master copy|storage node)s?\b", re.IGNORECASE
    )

    assert {page: m[0] for page, text in PAGES.items() if (m := loose.search(text))} == {}
