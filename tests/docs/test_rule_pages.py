"""The pages in docs/rules are what the rules say."""

from __future__ import annotations

from pathlib import Path

from localagent.diagnostics.catalogue import FAMILIES, TITLES
from localagent.diagnostics.pages import pages

FOLDER = Path(__file__).parents[2] / "docs" / "rules"


def test_every_page_is_up_to_date() -> None:
    written = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.iterdir()}
    wanted = dict(pages())
    differing = [name for name in written.keys() | wanted.keys() if written.get(name) != wanted.get(name)]
    assert differing == [], "run scripts/rule_pages"


def test_every_family_has_a_title() -> None:
    assert FAMILIES.keys() <= TITLES.keys()
