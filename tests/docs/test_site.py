"""The documentation site: each page has its place in the navigation, and dead links are found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from handbook import links

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ON_INDEX = "rules/LA"
"""Pages of rules are reached from their index."""


def places(navigation: list[Any]) -> Iterator[str]:
    """The files that the navigation names."""
    for entry in navigation:
        for below in entry.values() if isinstance(entry, dict) else [entry]:
            if isinstance(below, str):
                yield below
            else:
                yield from places(below)


def test_each_page_has_one_place_in_the_navigation() -> None:
    # Its tags name functions of the tools that read it.
    settings = YAML(typ="rt").load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    named = list(places(settings["nav"]))
    written = {str(file.relative_to(DOCS)) for file in DOCS.rglob("*.md")}
    assert sorted(named) == sorted({page for page in written if not page.startswith(ON_INDEX)}), (
        "see 'nav' in mkdocs.yml"
    )


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<a href="gone.html">x</a>', "index.html: gone.html: there is no such page"),
        ('<a href="/other.html">x</a>', None),
        ('<a href="other.html#here">x</a>', None),
        ('<a href="other.html#there">x</a>', "index.html: other.html#there: the page has no such place"),
        ('<a href="#top">x</a>', "index.html: #top: the page has no such place"),
        ('<a href="below">x</a>', None),
        ('<a href="https://elsewhere.example">x</a>', None),
        ('<a href="mailto:a@elsewhere.example">x</a>', None),
        ('<img src="gone.svg">', "index.html: gone.svg: there is no such page"),
        ('<img src="data:image/png;base64,AA==">', None),
        ('<script src="https://cdn.example/x.js"></script>', "index.html: loads https://cdn.example/x.js"),
        ('<link rel="stylesheet" href="//cdn.example/x.css">', "index.html: loads //cdn.example/x.css"),
        ('<link rel="canonical" href="https://docs.example/">', None),
        ('<link rel="stylesheet" href="own.css">', "own.css: loads https://fonts.example/a.woff"),
    ],
)
def test_a_site_is_told_what_is_wrong_with_its_links(tmp_path: Path, body: str, problem: str | None) -> None:
    (tmp_path / "index.html").write_text(f"<html><body>{body}</body></html>", encoding="utf-8")
    (tmp_path / "other.html").write_text('<h2 id="here">Here</h2>', encoding="utf-8")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "index.html").write_text("<p>below</p>", encoding="utf-8")
    if "own.css" in body:
        (tmp_path / "own.css").write_text("@font-face {src: url(https://fonts.example/a.woff)}", encoding="utf-8")
    assert links.problems(tmp_path) == ([problem] if problem else [])
    assert links.main([str(tmp_path)]) == (1 if problem else 0)


def test_a_folder_without_pages_is_no_site(tmp_path: Path) -> None:
    assert links.main([str(tmp_path)]) == 1
