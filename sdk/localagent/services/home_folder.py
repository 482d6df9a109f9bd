"""Which folder is LocalAgent's home; apart from the rest of the home because a warm start needs only this."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NOWHERE = os.path.join(os.devnull, ".localagent")  # noqa: PTH118 - see the module
"""The home of a user without one: nothing is ever there and nothing can be written there."""


def home_folder(given: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> str:
    """The folder given, else ``$LOCALAGENT_HOME``, else ``~/.localagent``; always absolute.

    Without ``$HOME`` it is the home that the user database says, and `NOWHERE` where that does not know the user.
    """
    named = named_home(given, environ)
    if is_of_nobody(named):
        return NOWHERE
    folder = os.path.expanduser(named)  # noqa: PTH111 - see the module
    try:
        return os.path.abspath(folder)  # noqa: PTH100 - see the module
    except FileNotFoundError:
        # The current folder was deleted.
        return os.path.join("/", folder)  # noqa: PTH118 - see the module


def named_home(given: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> str:
    """The home as it was named, a leading ``~`` included."""
    return os.fspath(given or environ.get("LOCALAGENT_HOME") or os.path.join("~", ".localagent"))  # noqa: PTH118 - see the module


def is_of_nobody(named: str) -> bool:
    """Whether a path begins with ``~`` and the user that this means is not known."""
    return os.path.expanduser(named).startswith("~")  # noqa: PTH111 - see the module
