"""A line for who waits at a terminal while plugins are run once to learn what they offer."""

from __future__ import annotations

import contextlib
import sys
import threading

from localagent_cli import output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_PATIENCE = 1.0
"""Seconds that nobody needs an explanation for."""
_NAMED = 5


@contextlib.contextmanager
def meeting(names: Sequence[str]) -> Generator[None]:
    """Say which plugins are being met in the block, if that takes long and somebody looks."""
    if not names or not sys.stderr.isatty():
        yield
        return
    timer = threading.Timer(_PATIENCE, output.tell, [announcement(names)])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def announcement(names: Sequence[str]) -> str:
    """The line for plugins of these names."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"run once to learn what they offer: {', '.join(names[:_NAMED])}{more} ..."
