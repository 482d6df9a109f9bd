"""Who is making a plugin."""

from __future__ import annotations

import getpass
import subprocess


def guess_author() -> str | None:
    """The name in git's configuration, else the login name, else None; changes nothing."""
    return _git_name() or _login_name()


def _git_name() -> str | None:
    try:
        done = subprocess.run(
            ["git", "config", "--get", "user.name"],  # noqa: S607 - the user's own git
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() or None


def _login_name() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry; OSError since Python 3.13
        return None
