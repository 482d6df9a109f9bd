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


def reloads_of(seconds: float) -> float:
    """So many reloads may come of saves that follow one another for so long: the first, one a second, and the last."""
    return 3 if seconds < 2.5 else 2 + seconds


WAYS: tuple[Save, ...] = (in_place, by_rename)
