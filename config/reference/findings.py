"""The page of findings, from the codes of the scrub."""

from config.reference.values import Page, code, page_text, table
from webapp.healing.findings import MEANINGS

_INTRODUCTION = """
What `manage.py scrub` finds, with codes that stay. Admin shows them per shard; `--json` gives them
to programs. A finding was seen twice, so that work under way is none. Only `--apply`, and the
scrub that beat sends, change anything.
"""


def findings_page() -> Page:
    """Return the page of findings."""
    rows = [(code(item.value), means, heals) for item, (means, heals) in MEANINGS.items()]
    sentences = {item.value: means for item, (means, _) in MEANINGS.items()}
    text = page_text("Findings", _INTRODUCTION, table(("Code", "What it means", "Healed by"), rows))
    return Page(text, sentences)
