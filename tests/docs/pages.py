"""The pages people read, and what they name."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", ".venv", "__pycache__", "node_modules"}
_FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")


def tree_files():
    """Return every file of the tree; what git ignores is left out by name."""
    ignored = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    return sorted(_walk(ROOT, ignored | NOT_OURS))


def _walk(folder, ignored):
    for path in folder.iterdir():
        if any(path.match(pattern) for pattern in ignored):
            continue
        if path.is_dir():
            yield from _walk(path, ignored)
        else:
            yield path


def pages():
    """Return every page by its path below the root."""
    found = [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "changelog.d").glob("*.md"),
    ]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(found)}


def without_fences(text):
    return _FENCE.sub("", text)


def code_spans(text):
    """Return what stands between backticks within lines."""
    return _CODE.findall(without_fences(text))


def code_lines(text):
    """Return the lines of all fenced blocks, and the spans within lines."""
    blocks = (block.splitlines()[1:-1] for block in _FENCE.findall(text))
    return [line.strip() for block in blocks for line in block] + code_spans(text)


def headings(text):
    """Return the anchors of a page as Git hosts make them."""
    found = re.findall(r"^#+ (.+)$", without_fences(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in found}
