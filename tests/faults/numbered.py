"""The numbered faults: the tests that prove each, read off their names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LAST = 93
"""Faults are numbered from 1 to this."""
FAMILIES = {
    "manifest": range(1, 14),
    "config": range(14, 22),
    "import": range(22, 34),
    "lifecycle": range(34, 47),
    "bus": range(47, 53),
    "persistence": range(53, 60),
    "packaging": range(60, 71),
    "scaffold": range(71, 76),
    "reload": range(76, 81),
    "environment": range(81, 88),
    "concurrency": range(88, 94),
}
"""The numbers that the tests of each file are about, by what stands in the file's name."""
_NAME = re.compile(r"test_fault_(\d\d)_(\w+)")


@dataclass(frozen=True, slots=True, order=True)
class NumberedFault:
    """A test of one fault.

    Attributes:
        number: of the fault; several tests may be about one.
        happens: what goes wrong, in words.
        file: where the test is.
        name: of its function.
        is_met: whether the host does what it promises; false for a test that is expected to fail.
    """

    number: int
    happens: str
    file: Path
    name: str
    is_met: bool


def file_of(family: str) -> Path:
    """The file with a family's tests."""
    return Path(__file__).with_name(f"test_{family}_faults.py")


def numbered_faults() -> list[NumberedFault]:
    """Every test that is named after a fault, in the order of the numbers."""
    return sorted(fault for family in FAMILIES for fault in _in_file(file_of(family)))


def _in_file(file: Path) -> Iterator[NumberedFault]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if named := _NAME.fullmatch(node.name):
            expected = any("xfail" in ast.unparse(decorator) for decorator in node.decorator_list)
            yield NumberedFault(int(named[1]), named[2].replace("_", " "), file, node.name, is_met=not expected)
