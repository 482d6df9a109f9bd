"""Each block of code in the documentation is run, or says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from walkthrough import ROOT, blocks, carry_out

DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "CONTRIBUTING.md"]
CODE = frozenset({"console", "ini", "json", "python", "sh", "toml", "yaml"})
"""The languages that do something; other blocks are pictures of what is printed."""
CARRIED_OUT = ("index.md", "providers.md")
"""Pages that are run as tutorials are: a block without a reason fails there."""
BY_ITS_OWN_TEST = {
    "features.md": 2,
    "logging.md": 1,
    "settings.md": 6,
    "storage.md": 1,
    "testing.md": 3,
    "ui.md": 7,
    "workflows.md": 3,
}
"""How many blocks the tests of these pages put where they belong, and run."""
NOT_RUN = {
    "CONTRIBUTING.md": 2,
    "installing.md": 3,
    "logging.md": 1,
    "providers.md": 7,
    "publishing.md": 2,
    "templates.md": 1,
    "testing.md": 4,
    "watch.md": 3,
    "workflows.md": 2,
}
"""How many blocks of a page say why they are not run; one more is a decision."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_block_is_run_or_says_why_not(page: Path) -> None:
    text = page.read_text("utf-8")
    found = [block for block in blocks(text) if block.language in CODE or block.reason_not_run]
    assert text.count("```") == 2 * len(list(blocks(text))), "a block has a form that is not understood"
    left = [block.line for block in found if not block.reason_not_run]
    assert len(found) - len(left) == NOT_RUN.get(page.name, 0)
    if page.name not in CARRIED_OUT:
        assert len(left) == BY_ITS_OWN_TEST.get(page.name, 0), f"one of the blocks in lines {left}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.name in CARRIED_OUT], ids=lambda page: page.stem)
def test_the_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    carry_out(page, tmp_path)
