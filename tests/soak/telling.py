"""Progress on standard error: lines that stay, and on a terminal one that passes."""

from __future__ import annotations

import sys


def tell(text: str) -> None:
    """A line that stays."""
    sys.stderr.write(f"{_erased()}{text}\n")
    sys.stderr.flush()


def tell_passing(text: str) -> None:
    """A line that the next one replaces; nothing where nobody watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{_erased()}{text}")
        sys.stderr.flush()


def _erased() -> str:
    return "\r\x1b[K" if sys.stderr.isatty() else ""
