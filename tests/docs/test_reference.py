"""The reference says what the code says, and the code says it in sentences."""

from functools import cache

import pytest

from config.reference import reference_pages as _reference_pages
from config.reference.settings import variable
from config.variables import Settings
from tests.docs.pages import ROOT
from webapp.healing.findings import Code

PAGES = ("settings.md", "commands.md", "errors.md", "findings.md", "metrics.md")
reference_pages = cache(_reference_pages)


def test_there_are_no_other_pages():
    found = {path.name for path in (ROOT / "docs" / "reference").iterdir()}

    assert found - {"README.md"} == set(PAGES) == set(reference_pages())


@pytest.mark.parametrize("name", PAGES)
def test_page_is_what_the_code_says(name):
    written = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")

    assert written == reference_pages()[name].text, "run `manage.py reference --write`"


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_without_a_sentence(name):
    silent = [what for what, words in reference_pages()[name].sentences.items() if not words]

    assert silent == []


@pytest.mark.parametrize("name", ["settings.md", "errors.md", "findings.md", "metrics.md"])
def test_a_sentence_ends_as_one(name):
    sentences = reference_pages()[name].sentences

    assert {what for what, words in sentences.items() if not words.endswith(".")} == set()


def test_every_setting_is_on_its_page():
    text = reference_pages()["settings.md"].text

    assert {f for f in Settings.model_fields if f"| `{variable(f)}` |" not in text} == set()


def test_every_command_of_ours_is_on_its_page():
    folders = [*ROOT.glob("config/management/commands"), *ROOT.glob("webapp/*/management/commands")]
    names = {path.stem for folder in folders for path in folder.glob("[a-z]*.py")}
    text = reference_pages()["commands.md"].text

    assert {name for name in names if f"\n## {name}\n" not in text} == set()


def test_every_code_of_a_finding_is_on_its_page():
    text = reference_pages()["findings.md"].text

    assert {code for code in Code if f"| `{code.value}` |" not in text} == set()


def test_values_of_this_process_are_not_on_the_pages(settings):
    text = "".join(page.text for page in reference_pages().values())

    assert settings.SHOEBOX.secret_key not in text
    assert str(settings.SHOEBOX.data) not in text
