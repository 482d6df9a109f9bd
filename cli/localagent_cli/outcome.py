"""The result of testing a plugin as a person reads it."""

from __future__ import annotations

from typing import Any


def show_outcome(outcome: Any) -> None:
    """Print it."""
    print(outcome)
