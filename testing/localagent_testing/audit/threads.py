"""Seeing who starts threads, of which Python before 3.12 has no audit event."""

from __future__ import annotations

import inspect
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    See = Callable[[threading.Thread, FrameType | None], None]


def watch(see: See) -> Callable[[], None]:
    """Call `see` with each thread and the frame that starts it, before it runs; gives what ends that."""
    kept = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        here = inspect.currentframe()
        see(thread, here and here.f_back)
        kept(thread)

    threading.Thread.start = start  # type: ignore[assignment,method-assign] # there is no other place that all threads pass

    def end() -> None:
        threading.Thread.start = kept  # type: ignore[method-assign] # as above

    return end
