"""What is wrong with a page is seen in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from handbook import seen
from handbook.browser import Page, PageFailed, chromium, opened
from handbook.served import served

PROGRAM = chromium()
HEAD = """<!doctype html>
<meta name="viewport" content="width=device-width, minimum-scale=1">
<link rel="icon" href="data:,">
"""
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    assert PROGRAM is not None
    with opened(PROGRAM) as page:
        yield page


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<p>fine</p><img src='there.svg'>", None),
        ("<img src='gone.svg'>", "page.html, narrow: the picture gone.svg is not shown"),
        ("<div style='width: 500px'>wide</div>", "page.html, narrow: it is 110 pixels wider than the screen"),
        ("<script src='http://127.0.0.1:9/x.js'></script>", "page.html, narrow: it fetches http://127.0.0.1:9/x.js"),
    ],
)
def test_a_page_is_looked_at(page: Page, tmp_path: Path, body: str, problem: str | None) -> None:
    (tmp_path / "page.html").write_text(f"{HEAD}<body style='margin: 0'>{body}</body>", encoding="utf-8")
    (tmp_path / "there.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>', encoding="utf-8"
    )
    with served(tmp_path) as address:
        found = [line for line in seen.look(page, address, ["page.html"], tmp_path) if "narrow" in line]
    assert found == ([problem] if problem else [])
    assert (tmp_path / "page-narrow.png").read_bytes().startswith(b"\x89PNG")


def test_what_a_page_raises_is_told(page: Page) -> None:
    with pytest.raises(PageFailed, match="nothing is there"):
        page.evaluate("Promise.reject(new Error('nothing is there'))")


def test_one_page_of_a_rule_stands_for_all(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    for name in ("index.html", "rules/index.html", "rules/LA101.html", "rules/LA102.html"):
        (tmp_path / name).touch()
    assert seen.pages_of(tmp_path) == ["index.html", "rules/LA101.html", "rules/index.html"]
