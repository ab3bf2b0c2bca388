"""A link leads somewhere."""

import re

import pytest

from tests.docs.pages import ROOT, headings, pages, without_fences

_LINK = re.compile(r"""\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)\"""")
PAGES = pages()


def _links():
    for page, text in PAGES.items():
        for markdown, html in _LINK.findall(without_fences(text)):
            target = markdown or html
            if not re.match(r"[a-z]+:", target):
                yield page, target


@pytest.mark.parametrize(("page", "target"), sorted(set(_links())))
def test_link_leads_to_a_file_and_a_heading(page, target):
    path, _, anchor = target.partition("#")
    file = (ROOT / page).parent / path if path else ROOT / page

    assert file.exists(), f"{page} links to {target}"
    if anchor:
        assert anchor in headings(file.read_text(encoding="utf-8"))


def test_every_page_can_be_reached_from_the_readme():
    reached, new = set(), {"README.md"}
    while new:
        page = new.pop()
        reached.add(page)
        new |= {
            str(((ROOT / page).parent / target.partition("#")[0]).resolve().relative_to(ROOT))
            for source, target in _links()
            if source == page and target.partition("#")[0].endswith(".md")
        } - reached

    fragments = {page for page in PAGES if page.startswith("changelog.d/")}
    assert set(PAGES) - reached - fragments == set()
