"""The README of each example does what it says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from walkthrough import ROOT, blocks, carry_out

READMES = sorted((ROOT / "examples").glob("*/README.md"))
NOT_RUN = {
    "folder-review": 4,
    "log-board": 3,
    "notes": 2,
    "openai-chat": 3,
    "project-analyzer": 2,
    "release-watch": 4,
    "task-desk": 2,
    "word-counter": 3,
}
"""How many of its blocks say why they are not run."""
SAMPLE = "project-analyzer"
"""The one that is carried out each time; in the same way are all others with the long forms."""
_LEFT_BY_TOOLS = shutil.ignore_patterns("build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".benchmarks")


def name_of(readme: Path) -> str:
    return readme.parent.name


@pytest.mark.parametrize("readme", READMES, ids=name_of)
def test_next_to_everything_is_run(readme: Path) -> None:
    text = readme.read_text("utf-8")
    found = list(blocks(text))
    assert text.count("```") == 2 * len(found), "a block has a form that is not understood"
    assert sum(1 for block in found if block.reason_not_run) == NOT_RUN[name_of(readme)]


@pytest.mark.parametrize(
    "readme",
    [pytest.param(each, marks=() if name_of(each) == SAMPLE else pytest.mark.soak) for each in READMES],
    ids=name_of,
)
def test_the_readme_does_what_it_says(readme: Path, tmp_path: Path) -> None:
    shutil.copytree(readme.parent, tmp_path / "tutorial", ignore=_LEFT_BY_TOOLS)
    # The tests of one of them look for it there.
    shutil.copytree(readme.parents[1] / "word-counter", tmp_path / "word-counter", ignore=_LEFT_BY_TOOLS)
    carry_out(readme, tmp_path)
