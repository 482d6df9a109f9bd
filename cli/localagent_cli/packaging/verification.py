"""The rules LA5 applied to an sdist or a wheel: before it is handed out, and before it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from localagent.diagnostics.catalogue import rules
from localagent.diagnostics.choosing import ignored_by
from localagent.diagnostics.project import open_project
from localagent_cli.packaging.archive_reading import read_archive

if TYPE_CHECKING:
    from pathlib import Path

    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent.diagnostics.rule import Rule

Purpose = Literal["unpack", "install", "publish"]
"""What the archive is for: any distribution to be unpacked, a plugin to be installed, a plugin to be handed out."""

WHOLE: Final = ("LA500", "LA506")
"""Rules without which no other one can look."""

SAFETY: Final = frozenset({*WHOLE, "LA501", "LA502", "LA507"})
"""Rules that every archive must keep before it is unpacked, a dependency's too."""

DANGERS: Final = SAFETY | {"LA508", "LA509", "LA510"}
"""Rules whose breach would harm others than the plugin; a command that finds one refuses (exit code 4)."""

_PUBLISHING: Final = frozenset({"LA515", "LA516", "LA517", "LA518", "LA522", "LA524"})
"""Rules that matter to those who hand an archive out, and to nobody who installs it."""


def verify_archive(path: Path, *, purpose: Purpose = "install", project: Path | None = None) -> list[Diagnostic]:
    """Every finding in an sdist or a wheel, by rule; nothing is unpacked, and no code of it runs.

    Args:
        path: the archive, named ``….whl`` or ``….tar.gz``.
        purpose: ``unpack`` applies the rules of `SAFETY`, ``install`` all that concerns who installs the
            plugin, ``publish`` all.
        project: the source folder it was built from: findings then name the line there, and rules that the project
            ignores for a reason are left out, those of `DANGERS` excepted.

    Raises:
        MissingExtra: a readme in reStructuredText is to be published, and what renders it is not installed.
    """
    archive = read_archive(path, project=project)
    whole, others = _applied(purpose, project)
    found = [finding for rule in whole for finding in rule.check(archive)]
    return found or [finding for rule in others for finding in rule.check(archive)]


def _applied(purpose: Purpose, project: Path | None) -> tuple[list[Rule[Any]], list[Rule[Any]]]:
    """The rules to apply: those that must hold first, then the others."""
    ignored = ignored_by(open_project(project)) - DANGERS if project else frozenset[str]()
    taken = [rule for rule in rules("LA5") if _is_for(rule.id, purpose) and rule.id not in ignored]
    return [rule for rule in taken if rule.id in WHOLE], [rule for rule in taken if rule.id not in WHOLE]


def _is_for(rule: str, purpose: Purpose) -> bool:
    if purpose == "unpack":
        return rule in SAFETY
    return purpose == "publish" or rule not in _PUBLISHING
