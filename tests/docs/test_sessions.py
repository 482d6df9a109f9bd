"""What pages and CI ask nox for is there, and each session says in CONTRIBUTING what it is for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from walkthrough import ROOT

ASKED = re.compile(r"nox -s ((?:[a-z_]+ )*[a-z_]+)")
PLACES = [ROOT / ".ci" / "run", *sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]


def sessions() -> Iterator[str]:
    for node in ast.parse((ROOT / "noxfile.py").read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and "nox.session" in map(_name_of, node.decorator_list):
            yield node.name


def _name_of(decorator: ast.expr) -> str:
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)


def asked_in(place: Path) -> set[str]:
    return {name for words in ASKED.findall(place.read_text("utf-8")) for name in words.split()}


@pytest.mark.parametrize("place", [each for each in PLACES if asked_in(each)], ids=lambda each: each.name)
def test_each_session_that_is_asked_for_is_there(place: Path) -> None:
    assert asked_in(place) - set(sessions()) == set()


def test_contributing_names_each_session() -> None:
    assert set(sessions()) - asked_in(ROOT / "CONTRIBUTING.md") == set()
