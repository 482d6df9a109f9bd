"""The page on templates shows what is printed."""

from __future__ import annotations

from pathlib import Path

from small_template import LISTED

PAGE = Path(__file__).parents[2] / "docs" / "templates.md"


def test_the_list_of_the_page_is_the_one_that_is_printed() -> None:
    assert f"```\n{LISTED}```" in PAGE.read_text("utf-8")
