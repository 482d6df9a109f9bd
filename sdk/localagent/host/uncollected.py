"""When garbage is looked for: not while a process starts, nor among what it made then."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


_MADE = 10_000
"""Objects that may be made, less those that went, before the young ones are gone through."""


@contextlib.contextmanager
def uncollected() -> Generator[None]:
    """For imports and for what is made to stay: looking for garbage there takes a tenth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def collect_from_here() -> None:
    """Look for garbage again, though seldom, and never among what there is by now, not even when the interpreter ends.

    For a process of our own that has imported what it needs: modules and classes stay until its end, and there going
    through them once more takes as long as calling a plugin. What a command imports later stays as well; looking for
    garbage as often as Python does took a twentieth of building a plugin.
    """
    gc.set_threshold(_MADE)
    gc.freeze()
    gc.enable()
