"""Who is speaking, and in which operation: both follow the code into the tasks that it starts."""

from __future__ import annotations

import contextlib
import os
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Generator

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
"""Names the present operation; empty outside of one."""


class Speaker(NamedTuple):
    """A plugin as log lines name it."""

    plugin: str
    version: str = ""


speaker: ContextVar[Speaker | None] = ContextVar("speaker", default=None)
"""The plugin whose code runs, as far as the host handed over to it."""


@contextlib.contextmanager
def operation(identifier: str = "") -> Generator[str]:
    """Within, log lines carry one id, that of the operation around this one where there is one; gives the id.

    Args:
        identifier: the id to carry whatever is around; empty takes the present one, or a new one where there is none.
    """
    name = identifier or correlation_id.get() or os.urandom(16).hex()
    token = correlation_id.set(name)
    try:
        yield name
    finally:
        correlation_id.reset(token)


@contextlib.contextmanager
def spoken_by(who: Speaker) -> Generator[None]:
    """Within, log lines that name no plugin themselves are those of `who`."""
    token = speaker.set(who)
    try:
        yield
    finally:
        speaker.reset(token)
