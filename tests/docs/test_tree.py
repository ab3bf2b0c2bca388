"""The tree speaks of the project alone."""

import re

import pytest

from tests.docs.pages import ROOT, tree_files

# Brackets keep the patterns from finding themselves.
_HOME = re.compile(r"(?<![\w.})-])/(?:[r]oot|[h]ome|[U]sers|[w]ork)/\w")
_REGISTRY = re.compile(
    r"(?i)--(?:extra-)?index[-]url[ =]|--find[-]links[ =]"
    r"|\b[\w.-]*(?:p[y]pi|artifact[o]ry|pythonhost[e]d|devp[i]|nex[u]s|npmj[s])[\w-]*(?:\.[\w-]+)+[/:]"
)
_BINARY = {".png", ".jpg", ".webp", ".ico", ".woff2"}


@pytest.fixture(scope="module")
def texts():
    files = [path for path in tree_files() if path.suffix not in _BINARY]
    return {path: path.read_text(encoding="utf-8", errors="replace") for path in files}


@pytest.mark.parametrize("pattern", [_HOME, _REGISTRY], ids=["home folder", "registry"])
def test_no_file_names_a(pattern, texts):
    found = {
        str(path.relative_to(ROOT)): match[0]
        for path, text in texts.items()
        if (match := pattern.search(text))
    }

    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "/" + "home/ada/photos",
        "see /" + "root/notes",
        "--index-" + "url https://a.b/",
        "https://files.python" + "hosted.org/x",
    ],
)
def test_the_patterns_find_what_they_are_for(line):
    assert _HOME.search(line) or _REGISTRY.search(line)
