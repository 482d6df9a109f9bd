"""Plugin code is called in one place, and there alone everything is caught."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import localagent
import localagent_cli

GUARD = "host/guard.py"
ROOTS = [Path(str(package.__file__)).parent for package in (localagent, localagent_cli)]
FILES = [(root, file) for root in ROOTS for file in sorted(root.rglob("*.py"))]


def broad_handlers(tree: ast.AST) -> Iterator[int]:
    """Lines of handlers that catch everything and may keep it."""
    for node in ast.walk(tree):
        keeps = isinstance(node, ast.ExceptHandler) and _is_broad(node.type) and not _always_raises(node.body)
        suppresses = isinstance(node, ast.Call) and _called(node) == "suppress" and any(map(_is_broad, node.args))
        if isinstance(node, ast.ExceptHandler | ast.Call) and (keeps or suppresses):
            yield node.lineno


def _is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(map(_is_broad, caught.elts))
    return caught is None or (isinstance(caught, ast.Name) and caught.id in ("Exception", "BaseException"))


def _always_raises(body: list[ast.stmt]) -> bool:
    """Whether a handler ends in a bare ``raise`` and has no way round it."""
    ways_out = (ast.Return, ast.Break, ast.Continue)
    last = body[-1]
    ends_so = isinstance(last, ast.Raise) and last.exc is None
    return ends_so and not any(isinstance(node, ways_out) for statement in body for node in ast.walk(statement))


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@pytest.mark.parametrize(("root", "file"), FILES, ids=lambda path: path.name)
def test_everything_is_caught_in_the_guard_alone(root: Path, file: Path) -> None:
    lines = list(broad_handlers(ast.parse(file.read_text(encoding="utf-8"))))
    if file.relative_to(root).as_posix() == GUARD and root == ROOTS[0]:
        assert lines
    else:
        assert lines == [], f"{file} catches everything in lines {lines}"


@pytest.mark.parametrize(
    ("handler", "is_found"),
    [
        ("except Exception: pass", True),
        ("except BaseException as error: print(error)", True),
        ("except (ValueError, Exception): pass", True),
        ("except: pass", True),
        ("except BaseException:\n  if x: raise", True),
        ("except BaseException:\n  clean()\n  raise", False),
        ("except ValueError: pass", False),
    ],
)
def test_the_search_finds_what_it_looks_for(handler: str, *, is_found: bool) -> None:
    assert bool(list(broad_handlers(ast.parse(f"try: f()\n{handler}\n")))) is is_found
