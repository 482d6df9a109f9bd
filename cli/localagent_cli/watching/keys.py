"""Keys of a terminal, as they are pressed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


@contextlib.contextmanager
def pressed(tell: Callable[[str], object]) -> Generator[None]:
    """Call `tell` with each key on the running event loop; does nothing where there is no terminal to press them on."""
    try:
        import termios
        import tty
    except ImportError:
        # Not on Windows: Ctrl-C ends it there.
        yield
        return
    if not sys.stdin.isatty():
        yield
        return
    descriptor, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(descriptor)

    def read() -> None:
        for key in os.read(descriptor, 64).decode(errors="replace"):
            tell(key.lower())

    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, read)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
