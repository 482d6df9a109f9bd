"""The door through which an editor's debugger comes into this process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from localagent.errors import MissingExtra, SystemProblem, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

HOST = "127.0.0.1"
"""Who gets in can run any code here, so nobody may come from elsewhere."""
_PORT = 5678
_OPTION = "--debugpy"
_HIGHEST = 65_535


def split_port(words: Sequence[str]) -> tuple[int | None, list[str]]:
    """Take ``--debugpy``, ``--debugpy PORT`` or ``--debugpy=PORT`` out of words; the port is None without it.

    Raises:
        UsageError: the port is no number from 0 to 65535.
    """
    rest = list(words)
    for place, word in enumerate(rest):
        option, equals, text = word.partition("=")
        if option != _OPTION:
            continue
        del rest[place]
        if not equals and place < len(rest) and rest[place].isdecimal():
            text = rest.pop(place)
        if (equals or text) and not (text.isdecimal() and int(text) <= _HIGHEST):
            raise UsageError(f"'{text}' is no port", fix=f"write it as {_OPTION} {_PORT}; 0 takes any free one")
        return int(text or _PORT), rest
    return None, rest


def let_in(port: int) -> int:
    """Let a debugger attach to this process; gives the port it may come to, which `port` 0 leaves open.

    Processes that are started from here are not debugged: they would wait for a debugger of their own.

    Raises:
        MissingExtra: debugpy is not installed.
        SystemProblem: somebody has the port.
    """
    # It warns that it cannot stop in frozen modules of Python, which would be written over the live view.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    try:
        import debugpy  # noqa: T100 - what is asked for
    except ImportError as error:
        raise MissingExtra("dev", needed_for="a debugger") from error
    debugpy.configure(subProcess=False)  # pyright: ignore[reportUnknownMemberType]  # its options have no types
    try:
        _, opened = debugpy.listen((HOST, port))  # noqa: T100 - as above
    except (OSError, RuntimeError) as error:
        message = f"a debugger cannot be let in at {HOST}:{port}: {error}"
        raise SystemProblem(message, fix=f"choose another port: {_OPTION} 0 takes any free one") from error
    return int(opened)
