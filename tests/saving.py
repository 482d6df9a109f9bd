"""How editors save a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Save = Callable[[Path, str], None]


def in_place(file: Path, text: str) -> None:
    """Write over what was there."""
    file.write_text(text, encoding="utf-8")


def by_rename(file: Path, text: str) -> None:
    """Write beside it, and have that take its place."""
    beside = file.with_name(f"{file.name}.new")
    in_place(beside, text)
    beside.replace(file)


WAYS: tuple[Save, ...] = (in_place, by_rename)
