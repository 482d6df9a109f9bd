"""Which names a new plugin may have."""

from __future__ import annotations

import keyword
import sys

from localagent.errors import UsageError
from localagent.manifest.names import LONGEST, check_name, suggest_name
from localagent_cli.installed_beside import INSTALLED_BESIDE

PROJECT_MODULES = frozenset(
    ["build", "conftest", "dist", "docs", "examples", "noxfile", "plugin", "setup", "test", "tests"]
)


def check_new_name(name: str) -> None:
    """Refuse a name that cannot be a folder, a Python package, a distribution and a command at once.

    Raises:
        UsageError: with the rule that is broken, and a valid name as the fix.
    """
    reason = objection(name)
    if reason is not None:
        shown = name if len(name) <= LONGEST else f"{name[:LONGEST]}…"
        raise UsageError(f"the plugin's name {shown!r} {reason}", fix=f"use a name such as '{suggestion(name)}'")


def objection(name: str) -> str | None:
    """Why `name` cannot be a new plugin's name, as the end of a sentence; None if it can."""
    package = name.replace("-", "_")
    reasons = {
        "holds a character that cannot be seen": not name.isprintable(),
        "begins with a dot, which hides a folder": name.startswith("."),
        "is a path; the folder is chosen separately": "/" in name or "\\" in name,
        "is a Python keyword": keyword.iskeyword(package),
        "is a module of Python's standard library": package in sys.stdlib_module_names,
        "is a package that LocalAgent or its tools install": package in INSTALLED_BESIDE,
        "is a file or folder that every plugin has": package in PROJECT_MODULES,
        "begins with 'localagent-', which its distribution gets anyway": name.startswith("localagent-"),
        "would make the distribution 'localagent-cli', which stands for LocalAgent": name == "cli",
    }
    return next((reason for reason, applies in reasons.items() if applies), None) or check_name(name)


def module_for(name: str, *, beside: str) -> str:
    """The module of the plugin `name` in a package: its name without the package's, where that is a name of its own.

    Args:
        name: a valid plugin name.
        beside: the package's import name.
    """
    full = name.replace("-", "_")
    short = full.removeprefix(f"{beside}_")
    taken = keyword.iskeyword(short) or short in sys.stdlib_module_names | PROJECT_MODULES | INSTALLED_BESIDE
    return full if taken or not short.isidentifier() else short


def suggestion(name: str) -> str:
    """A valid name near `name`."""
    near = suggest_name(name).removeprefix("localagent-")
    candidates = (near, f"{near[: LONGEST - len('-plugin')].rstrip('-')}-plugin", "my-plugin")
    return next(candidate for candidate in candidates if objection(candidate) is None)
