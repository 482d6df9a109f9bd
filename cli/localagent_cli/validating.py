"""Check plugins by the rules that run no plugin code, put right what is certain, and show what was found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import UsageError
from localagent.manifest.wording import did_you_mean, shown
from localagent_cli import output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from localagent.diagnostics.choosing import Choice
    from localagent.diagnostics.validation import Report
    from localagent.host.survey import Survey

FORMATS = ("text", "json", "github", "sarif")
_ROUNDS = 5
"""A change can show what it hid; more rounds than this would be a circle."""


def validate_paths(paths: Sequence[Path], choice: Choice | None = None) -> list[Report]:
    """One report for each path.

    Args:
        paths: folders, or manifests.
        choice: which rules are applied; by default those for everyone.

    Raises:
        UsageError: a path does not exist.
    """
    from localagent.diagnostics.choosing import EVERYONES
    from localagent.diagnostics.validation import validate_path

    for path in paths:
        if not path.exists():
            raise UsageError("there is no such file or folder", file=path, fix="localagent dev validate PATH")
    return [validate_path(path, choice=choice or EVERYONES) for path in paths]


def place_of(path: Path, survey: Callable[[], Survey]) -> Path:
    """`path` itself where it is there; else what is checked of the installed plugin or distribution of that name.

    Raises:
        UsageError: there is neither.
    """
    if os.path.lexists(path) or path.name != str(path):
        return path
    from localagent.host.distributions import normalise
    from localagent.host.spec import SourceKind

    name, plugins = normalise(path.name), survey().plugins.values()
    for plugin in plugins:
        source = plugin.spec.source
        if name in (normalise(plugin.name), source.distribution) and source.kind is not SourceKind.BUILT_IN:
            return source.root
    names = [name for plugin in plugins for name in (plugin.name, plugin.spec.source.distribution)]
    hint = did_you_mean(path.name, names)
    raise UsageError(
        f"there is no such file or folder, and no installed plugin '{shown(path.name)}'",
        file=path,
        fix=hint or "localagent dev validate PATH, or a name that 'localagent plugins list' shows",
    )


def fix_paths(paths: Sequence[Path], choice: Choice | None = None, *, dry_run: bool) -> dict[Path, tuple[str, str]]:
    """Make the changes that findings are certain of, again and again until there are none.

    Args:
        paths: folders, or manifests.
        choice: which rules are applied.
        dry_run: whether only to say what would be changed first.

    Returns:
        The files that were, or would be, changed, each with its text before and after.

    Raises:
        UsageError: a path does not exist.
        SystemProblem: a file cannot be written; those before it are changed.
    """
    from localagent.diagnostics.edits import edited
    from localagent.services.files import write_text

    changes: dict[Path, tuple[str, str]] = {}
    for _ in range(1 if dry_run else _ROUNDS):
        findings = [finding for report in validate_paths(paths, choice) for finding in report.diagnostics]
        files = {(finding.edit.where or finding.where).file for finding in findings if finding.edit is not None}
        texts = dict(_texts(files))
        changed = edited(findings, texts)
        for file, text in changed.items():
            changes[file] = (changes[file][0] if file in changes else texts[file], text)
            if not dry_run:
                write_text(file, text)
        if not changed:
            break
    return changes


def show_changes(changes: Mapping[Path, tuple[str, str]]) -> None:
    """Print a unified diff for each file that was changed."""
    from difflib import unified_diff

    for file, (before, after) in sorted(changes.items()):
        name = os.path.relpath(file)
        lines = unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm="")
        output.show("\n".join(lines))


def show_reports(reports: Sequence[Report], *, form: str, strict: bool) -> None:
    """Print all findings in one of `FORMATS`; a line on standard error says how each path did.

    Raises:
        UsageError: there is no such format.
    """
    check_form(form)
    findings = [finding for report in reports for finding in report.diagnostics]
    if form == "json":
        output.show_json([finding.to_dict() for finding in findings])
    elif form == "sarif":
        from localagent.diagnostics.sarif import sarif_of

        output.show_json(sarif_of(findings, root=Path.cwd()))
    else:
        _draw(reports, form)
    for report in reports:
        verdict = "failed" if report.failed(strict) else "passed"
        rules = f"{report.checked} rule{'s' * (report.checked != 1)}"
        output.tell(f"{report.path}: {verdict}, {_counted(report)} by {rules}")


def check_form(form: str) -> None:
    """See that there is such a format.

    Raises:
        UsageError: there is none.
    """
    if form not in FORMATS:
        raise UsageError(f"there is no format '{form}'", fix=f"--format {'|'.join(FORMATS)}")


def _draw(reports: Sequence[Report], form: str) -> None:
    from localagent.diagnostics import render

    # Annotations are read from the top of a repository, findings from the top of their plugin, if there is but one.
    here = Path.cwd()
    for report in reports:
        if report.diagnostics and form == "text":
            root = report.root if len(reports) == 1 else here
            output.show(render.render_text(report.diagnostics, root=root, sources=_lines_for(report)).rstrip())
        elif report.diagnostics:
            output.show(render.render_github(report.diagnostics, root=here).rstrip())


def _lines_for(report: Report) -> Callable[[Path], Sequence[str]]:
    """What reads the lines of a file with findings: those of an archive are kept, others lie where they are."""
    from localagent.diagnostics.render import read_lines

    return lambda file: report.texts.get(file) or read_lines(file)


def _counted(report: Report) -> str:
    count, fixable = len(report.diagnostics), sum(finding.edit is not None for finding in report.diagnostics)
    more = f" ({fixable} can be put right by --fix)" if fixable else ""
    return f"{count} finding{'s' * (count != 1)}{more}"


def _texts(files: set[Path]) -> Iterator[tuple[Path, str]]:
    """The files that are plain text, as they are."""
    for file in sorted(files):
        try:
            yield file, file.read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            # The finding stays, and says what to do by hand.
            continue
