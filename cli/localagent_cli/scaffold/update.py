"""Bringing a plugin to the template of this LocalAgent, with its author's edits kept."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import ConfigError, RefusedError, SystemProblem
from localagent_cli.scaffold import applying
from localagent_cli.scaffold.alone import alone
from localagent_cli.scaffold.merging import Change, merge
from localagent_cli.scaffold.origin import ANSWERS_FILE, check_version, read_origin
from localagent_cli.scaffold.render import renderer
from localagent_cli.scaffold.repository import committed_files
from localagent_templates.history import template_history

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import Any

    from localagent_cli.scaffold.merging import Merge
    from localagent_cli.scaffold.origin import Origin
    from localagent_templates.history import History


@dataclass(frozen=True, slots=True)
class Update:
    """What an update does or did.

    Attributes:
        folder: the plugin's, absolute.
        before: the template's version that the plugin was at.
        after: the one that this LocalAgent has.
        changes: file by file, conflicts first; the answers file is not told.
        resumed: whether an earlier update had been cut short, and this finished it.
    """

    folder: Path
    before: str
    after: str
    changes: tuple[Change, ...] = ()
    resumed: bool = False

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """What the author has to decide."""
        return tuple(change for change in self.changes if change.action == "conflict")


def update_plugin(folder: Path, *, plan: bool = False, history: History | None = None) -> Update:
    """Merge into the plugin in `folder` what changed in its template since it was made.

    All files are changed or none. Nothing else of git's is touched: no commit, no index, no configuration.

    Args:
        folder: the plugin's.
        plan: only tell what would be done.
        history: the versions of the template; by default LocalAgent's.

    Raises:
        UsageError: there is no plugin, or none that can be brought to this template.
        ConfigError: its answers cannot be read, or do not fit the template any more.
        RefusedError: git could not bring back what would be changed.
        MissingExtra: Copier is not installed.
        SystemProblem: git or the disk is in the way, or another update is running.
    """
    folder = folder.absolute()
    history = history or template_history()
    origin = read_origin(folder)
    with _disk_problems(folder), alone(folder):
        if applying.is_unfinished(folder):
            return _resume(folder, plan=plan)
        if not plan:
            applying.sweep(folder)
        released = history.released()
        check_version(origin, newest=history.newest, released=released, file=folder / ANSWERS_FILE)
        if origin.version == history.newest:
            return Update(folder, before=origin.version, after=origin.version)
        return _merge_and_apply(folder, origin, history, plan=plan)


def _resume(folder: Path, *, plan: bool) -> Update:
    if plan:
        raise RefusedError(
            "an update of the plugin was cut short", file=folder, fix=f"localagent dev update {folder}, which ends it"
        )
    said = applying.finish(folder)
    changes = tuple(Change(**change) for change in said["changes"])
    return Update(folder, before=said["before"], after=said["after"], changes=changes, resumed=True)


def _merge_and_apply(folder: Path, origin: Origin, history: History, *, plan: bool) -> Update:
    tracked = committed_files(folder)
    with tempfile.TemporaryDirectory(prefix="localagent-update-", ignore_cleanup_errors=True) as temporary:
        work = Path(temporary)
        answers_file = _render_both(origin, history, work, asked_in=folder / ANSWERS_FILE)
        _copy_tracked(folder, tracked, work / "tree")
        merged = merge(
            work / "base",
            work / "template",
            work / "tree",
            label=f"template-{history.newest}",
            repository=work / "repository",
        )
        applying.check_landing(folder, merged.written, tracked=tracked)
        update = Update(folder, before=origin.version, after=history.newest, changes=merged.changes)
        if not plan:
            answers_file.rename(merged.tree / ANSWERS_FILE)
            _apply(update, merged)
        return update


def _apply(update: Update, merged: Merge) -> None:
    note = {
        "before": update.before,
        "after": update.after,
        "changes": [asdict(change) for change in update.changes],
    }
    # The answers file comes last: until then the plugin is at the earlier version.
    applying.apply(
        update.folder, merged.tree, written=(*merged.written, ANSWERS_FILE), removed=merged.removed, note=note
    )


def _render_both(origin: Origin, history: History, work: Path, *, asked_in: Path) -> Path:
    """Render the plugin as it was made and as it would be made today; gives the answers file of today.

    Neither rendering keeps its answers file, since it is no file of the author's to merge.
    """
    history.unpack(origin.version, work / "released")
    _render(work / "released", origin.answers, work / "base", asked_in=asked_in)
    _render(history.current, origin.answers, work / "template", asked_in=asked_in)
    (work / "base" / ANSWERS_FILE).unlink()
    return (work / "template" / ANSWERS_FILE).rename(work / ANSWERS_FILE)


def _render(template: Path, answers: Any, into: Path, *, asked_in: Path) -> None:
    render = renderer(template, needed_for="dev update")
    try:
        render(answers, into)
    except ValueError as problem:  # what Copier raises where an answer is not among the choices, or not valid
        raise ConfigError(
            f"an answer does not fit the template: {problem}", file=asked_in, fix="correct it, commit, and try again"
        ) from problem


def _copy_tracked(folder: Path, tracked: Iterable[str], into: Path) -> None:
    """Copy the plugin's files; submodules, and what a sparse checkout leaves out, are none."""
    for path in tracked:
        source = folder / path
        if path != ANSWERS_FILE and (source.is_symlink() or source.is_file()):
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, into / path, follow_symlinks=False)
    into.mkdir(exist_ok=True)


@contextmanager
def _disk_problems(folder: Path) -> Generator[None]:
    """Turn what the operating system says into our words."""
    try:
        yield
    except OSError as problem:
        raise SystemProblem(
            f"the plugin cannot be updated: {problem.strerror or problem}",
            file=problem.filename or folder,
            fix="look at the disk's free space and the folder's permissions, then run the same command again",
        ) from problem
