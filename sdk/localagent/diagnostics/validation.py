"""The static rules applied to a source tree, an archive or a manifest alone; nothing of the plugin is imported."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from localagent.diagnostics.catalogue import FAMILIES, rules
from localagent.diagnostics.choosing import EVERYONES, ignored_by
from localagent.diagnostics.diagnostic import Diagnostic, Severity
from localagent.diagnostics.project import Project, open_built, open_project
from localagent.diagnostics.rules import reading
from localagent.errors import ManifestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from localagent.diagnostics.choosing import Choice
    from localagent.diagnostics.diagnostic import Place
    from localagent.diagnostics.rule import Rule

STATIC_FAMILIES = tuple(family for family in FAMILIES if family in {"LA1", "LA2", "LA3", "LA4"})

ARCHIVES = (".whl", ".tar.gz", ".tgz", ".zip")
"""How the names of wheels and sdists end."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the rules found.

    Attributes:
        path: what was checked, as it was given.
        root: the folder of the project it belongs to.
        diagnostics: every finding: the manifest's first, then those of other files, each in the file's order.
        checked: how many rules were applied.
        strict: whether warnings fail the check unless `failed` is told otherwise.
        texts: the lines of an archive's files that have findings; they lie nowhere else.
    """

    path: Path
    root: Path
    diagnostics: tuple[Diagnostic, ...]
    checked: int
    strict: bool = False
    texts: Mapping[Path, tuple[str, ...]] = field(default_factory=dict[Path, tuple[str, ...]], repr=False)

    def failed(self, strict: bool | None = None) -> bool:  # noqa: FBT001 - report.failed(strict) is how it is read
        """Whether there is an error or, when strict, a warning."""
        severities = {diagnostic.severity for diagnostic in self.diagnostics}
        is_strict = self.strict if strict is None else strict
        return Severity.ERROR in severities or (is_strict and Severity.WARNING in severities)


def validate_path(path: Path, *, strict: bool = False, choice: Choice = EVERYONES) -> Report:
    """Check a source tree, a wheel or sdist, or what is installed, by the static rules; a manifest alone by LA1.

    A tree whose manifest is missing or unreadable has that one finding: the other rules read it. Rules that the
    project ignores for a reason are left out.

    Args:
        path: a source folder, a manifest file, an archive, or the ``.dist-info`` folder of what is installed.
        strict: whether warnings fail the check.
        choice: which rules are applied.
    """
    if path.name.endswith(ARCHIVES) and path.is_file():
        return _of_archive(path, strict, choice)
    if path.name.endswith(".dist-info") and path.is_dir():
        return _without_edits(_judged(path, open_built(path), strict, choice))
    return _judged(path, open_project(path), strict, choice, alone=not path.is_dir())


def _judged(path: Path, project: Project, strict: bool, choice: Choice, *, alone: bool = False) -> Report:  # noqa: FBT001 - passed on as it came
    applied = _rules_for(project, choice, alone=alone)
    found = (diagnostic for rule in applied for diagnostic in rule.check(project))
    return Report(path, project.root, tuple(sorted(found, key=_Order(project))), len(applied), strict)


def _of_archive(archive: Path, strict: bool, choice: Choice) -> Report:  # noqa: FBT001 - passed on as it came
    """What is found in an archive's files while they lie in a folder for a moment, told by their names in it."""
    from tempfile import TemporaryDirectory

    # Reading archives takes modules that a check of folders does without.
    from localagent.diagnostics.render import read_lines
    from localagent.diagnostics.unpacking import unpack

    with TemporaryDirectory(prefix="localagent-") as made:
        # Places are compared with what was unpacked, links of the system's own folder followed.
        folder = Path(made).resolve()
        try:
            names = unpack(archive, folder)
        except ManifestError as error:
            unreadable = Project(archive.parent, archive, unreadable=error)
            return _judged(archive, unreadable, strict, choice)
        report = _without_edits(_judged(archive, _unpacked(folder), strict, choice))
        inner = {file: archive / name for file, name in names.items()}
        texts = {archive / names[file]: tuple(read_lines(file)) for file in _files_of(report) if file in names}
    found = tuple(replace(each, where=_within(each.where, inner, folder, archive)) for each in report.diagnostics)
    return replace(report, root=archive.parent, diagnostics=found, texts=texts)


def _unpacked(folder: Path) -> Project:
    """The project in an unpacked archive: beside its metadata in a wheel, in its one folder in an sdist."""
    info = next(iter(sorted(folder.glob("*.dist-info"))), None)
    if info is not None:
        return open_built(info)
    inner = sorted(path for path in folder.iterdir() if path.is_dir())
    return open_project(inner[0] if len(inner) == 1 else folder)


def _within(where: Place, inner: Mapping[Path, Path], folder: Path, archive: Path) -> Place:
    file = inner.get(where.file)
    if file is None:
        # What is missing has no member, but a place where it would be.
        file = archive / where.file.relative_to(folder) if where.file.is_relative_to(folder) else archive
    return replace(where, file=file)


def _files_of(report: Report) -> set[Path]:
    return {diagnostic.where.file for diagnostic in report.diagnostics}


def _without_edits(report: Report) -> Report:
    """The findings with what to do, and no change that would be made to what was built."""
    return replace(report, diagnostics=tuple(replace(each, edit=None) for each in report.diagnostics))


def _rules_for(project: Project, choice: Choice, *, alone: bool) -> tuple[Rule[Any], ...]:
    if project.document is None:
        return reading.RULES
    ignored = ignored_by(project)
    families = ("LA1",) if alone else STATIC_FAMILIES
    found = (rule for family in families for rule in rules(family) if project.info is None or not rule.of_source)
    return tuple(rule for rule in found if choice.takes(rule) and rule.id not in ignored)


@dataclass(frozen=True, slots=True)
class _Order:
    """Findings as one reads: the manifest, the project's metadata, then files by name, each from its top."""

    project: Project

    def __call__(self, diagnostic: Diagnostic) -> tuple[int, str, int, int, str, str]:
        where = diagnostic.where
        metadata = self.project.pyproject.file if self.project.pyproject else None
        first = (self.project.manifest_file, metadata or self.project.root / "pyproject.toml")
        rank = first.index(where.file) if where.file in first else len(first)
        return rank, str(where.file), where.line or 0, where.column or 0, diagnostic.rule, diagnostic.message
