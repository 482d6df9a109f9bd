"""The long forms as pieces: one for each test function, with all of its cases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

OWN_SESSION = "tests/templates/test_matrix.py"
"""Has a session of its own, which brings the tools along that it needs."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One long form.

    Attributes:
        function: of the tests, as pytest takes it.
        tests: the ids of its cases.
    """

    function: str
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        """Where it is and what it says, in words."""
        file, _, function = self.function.partition("::")
        folder, _, module = file.removeprefix("tests/").removesuffix(".py").rpartition("/")
        room = "/".join(filter(None, (folder, module.removeprefix("test_"))))
        return f"{room}: {function.rpartition('::')[2].removeprefix('test_').replace('_', ' ')}"


def pieces_of(tests: Iterable[str]) -> list[Piece]:
    """The pieces that these tests belong to, in the order of their first ones."""
    cases: dict[str, list[str]] = {}
    for test in tests:
        if not test.startswith(f"{OWN_SESSION}::"):
            cases.setdefault(test.partition("[")[0], []).append(test)
    return [Piece(function, tuple(ids)) for function, ids in cases.items()]


def chosen(pieces: Iterable[Piece], only: str) -> list[Piece]:
    """Those whose name, function or a case's id contains `only`."""
    return [piece for piece in pieces if any(only in text for text in (piece.name, *piece.tests))]
