"""What a page names in code exists: files, functions, verbs, commands, settings."""

import ast
import importlib
import re
from functools import cache

import pytest
from django.core.management import get_commands

from config.local.profile import DEFAULT_PORTS
from config.variables import Settings
from tests.docs.pages import ROOT, code_lines, code_spans, pages

PAGES = pages()
ROOMS = ("config", "webapp", "workers", "tests", "docs", "bench", "deploy", "changelog.d", ".ci")
SOURCES = (".py", ".toml", ".yml", ".md", ".svg", ".png", ".lock", ".template")
PLACEHOLDER = re.compile(r"[*<{…]|YYYY|NAME")
VARIABLE = re.compile(r"\bSHOEBOX_[A-Z0-9_]*[A-Z0-9]\b")


def _found(named):
    return sorted({(page, name) for page, text in PAGES.items() for name in named(text)})


def _paths(text):
    for span in code_spans(text):
        path = span.partition(":")[0]
        looks = path.split("/")[0] in ROOMS if "/" in path else path.endswith(SOURCES)
        if looks and " " not in span and not PLACEHOLDER.search(span):
            yield span


def _words_after(program):
    pattern = re.compile(rf"(?:^|[ /=]){re.escape(program)} ([a-z_-]+)")
    return lambda text: [word for line in code_lines(text) for word in pattern.findall(line)]


@cache
def _defined(path):
    """Return the names a module defines: `name`, and `Class.name` for members."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        found |= _names(node)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for member in node.body for name in _names(member)}
    return found


def _names(node):
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    return set()


@pytest.mark.parametrize(("page", "name"), _found(_paths))
def test_file_that_is_named_exists(page, name):
    path, _, inside = name.partition(":")

    assert (ROOT / path).exists(), f"{page} names {name}"
    if inside:
        assert inside in _defined(ROOT / path), f"{page} names {name}"


@pytest.mark.parametrize(("page", "verb"), _found(_words_after("make")))
def test_verb_that_is_named_is_in_the_makefile(page, verb):
    verbs = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert verb in verbs, f"{page} names `make {verb}`"


@pytest.mark.parametrize(("page", "command"), _found(_words_after("manage.py")))
def test_command_that_is_named_exists(page, command):
    assert command in get_commands(), f"{page} names `manage.py {command}`"


@pytest.mark.parametrize(("page", "name"), _found(VARIABLE.findall))
def test_setting_that_is_named_exists(page, name):
    known = {f"SHOEBOX_{field.upper()}" for field in Settings.model_fields}
    is_form = re.fullmatch(r"SHOEBOX_(ADMIN|SHARD(_\w+)?)", name)

    assert name in known or is_form, f"{page} names {name}"


def _imports(text):
    pattern = re.compile(r"^from ((?:config|webapp|workers)[\w.]*) import (\w+)$")
    return [match.groups() for line in code_lines(text) if (match := pattern.match(line))]


def test_what_pages_import_is_there():
    found = [(page, *source) for page, source in _found(_imports)]

    assert [f for f in found if not hasattr(importlib.import_module(f[1]), f[2])] == []


@pytest.mark.parametrize("port", sorted({p for ports in DEFAULT_PORTS.values() for p in ports}))
def test_port_that_moves_a_start_is_in_the_reference(port):
    assert f"`{port}`" in PAGES["docs/reference/settings.md"]


def test_map_of_the_readme_names_every_room():
    rooms = [path.parent for path in ROOT.glob("webapp/*/__init__.py")]
    rooms += [ROOT / name for name in ("config", "workers", "tests", "docs", "deploy", "bench")]
    named = {span.rstrip("/") for span in code_spans(PAGES["README.md"])}

    assert {str(room.relative_to(ROOT)) for room in rooms if any(room.glob("*"))} - named == set()
