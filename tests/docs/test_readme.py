"""The README does what it says, and what it leads to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from walkthrough import BLOCK, ROOT, blocks, carry_out

README = ROOT / "README.md"
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def test_the_readme_does_what_it_says(tmp_path: Path) -> None:
    carry_out(README, tmp_path)


def test_its_blocks_are_run_but_for_four() -> None:
    text = README.read_text("utf-8")
    found = list(blocks(text))
    assert text.count("```") == 2 * len(found), "a block has a form that is not understood"
    assert sum(1 for block in found if block.reason_not_run) == 4


@pytest.mark.parametrize("page", [README, *(ROOT / "docs" / "tutorials").glob("*.md")], ids=lambda page: page.stem)
def test_what_it_leads_to_is_there(page: Path) -> None:
    words = BLOCK.sub("", page.read_text("utf-8"))
    targets = [target for target in LINK.findall(words) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []
