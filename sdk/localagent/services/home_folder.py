"""Which folder is LocalAgent's home; apart from the rest of the home because a warm start needs only this."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def home_folder(given: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> str:
    """The folder given, else ``$LOCALAGENT_HOME``, else ``~/.localagent``; always absolute.

    A user that does not exist is no error here; `Home.find` tells it.
    """
    return os.path.abspath(os.path.expanduser(named_home(given, environ)))  # noqa: PTH100, PTH111 - see the module


def named_home(given: str | os.PathLike[str] | None, environ: Mapping[str, str]) -> str:
    """The home as it was named, a leading ``~`` included."""
    return os.fspath(given or environ.get("LOCALAGENT_HOME") or os.path.join("~", ".localagent"))  # noqa: PTH118 - see the module
