"""Changing what is installed: the next generation of the plugin environment and the lock file, as one transaction.

The host's own environment is never written.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from localagent.errors import PluginNotAvailable, RefusedError, SystemProblem
from localagent.host import changes, environments, lock
from localagent.host.changes import Change
from localagent.host.distributions import scan
from localagent.services.home import Home
from localagent_cli.packaging import generation
from localagent_cli.packaging.installed import installed_in, needed_names, only_needed_by, requested_in
from localagent_cli.packaging.plan import Choices, Wanted, plan_install, still_needed, surroundings
from localagent_cli.packaging.sources import parse_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from localagent.host.distributions import PluginDistribution
    from localagent_cli.packaging.installed import Surroundings
    from localagent_cli.packaging.plan import Addition, InstallPlan

    Consents = Mapping[str, Mapping[str, Any]]
    TryOut = Callable[[Path, InstallPlan], Consents]


@dataclass(frozen=True, slots=True)
class InstalledSet:
    """The plugin environment after a change.

    Attributes:
        environment: the folder of the generation now in use.
        plugins: the distributions in it that offer plugins.
    """

    environment: Path
    plugins: tuple[PluginDistribution, ...]

    @property
    def generation(self) -> int:
        """The number of the generation now in use."""
        return int(self.environment.name)


def install(
    sources: Sequence[Path | str | Wanted],
    *,
    home: Path,
    choices: Choices | None = None,
    agree: Callable[[InstallPlan], None] | None = None,
    try_out: TryOut | None = None,
) -> InstalledSet:
    """Install plugins.

    Args:
        sources: as `parse_source` takes them.
        home: LocalAgent's home.
        choices: how to go about it.
        agree: sees the plan before anything is changed, and raises where it should not be done.
        try_out: see `apply_plan`.

    For the errors see `plan_install` and `apply_plan`.
    """
    index = choices.index if choices else ""
    wanted = [each if isinstance(each, Wanted) else Wanted(parse_source(each, index=index)) for each in sources]
    with environments.workspace(home) as work:
        plan = plan_install(wanted, home=home, work=work, choices=choices)
        if agree:
            agree(plan)
        return apply_plan(plan, try_out=try_out)


def apply_plan(plan: InstallPlan, *, try_out: TryOut | None = None) -> InstalledSet:
    """Make the next generation of the plugin environment as planned, and switch to it.

    The generation in use stays as it is; where anything fails it stays in use.

    Args:
        plan: what to do; where it adds nothing, nothing is done.
        try_out: looks at the new generation before it is used, raises where it must not be, and gives the lines of the
            lock file for plugins that may run from now on.

    Raises:
        PluginNotAvailable: there is nothing to do, and no plugin was ever installed.
        RefusedError: two distributions have a file of the same name, or the whole would not fit together.
        SystemProblem: the disk is in the way, or another process changed the environment so that the plan is void.
    """
    if not plan.additions:
        return installed_set(plan.home)
    with changes.exclusively(Home(plan.home)):
        around = surroundings(plan.home)
        additions = still_needed(plan, around)
        gone = _outdated(additions, around, plan.home)

        def fill(folder: Path) -> Change:
            for name in {addition.distribution.name for addition in additions} & around.environment.keys() | gone:
                generation.remove_files(folder, name)
            for addition in additions:
                generation.unpack(addition.wheel, folder, addition.metadata())
            _refuse_broken(folder, around)
            put = {addition.distribution.name: addition.locked()._asdict() for addition in additions}
            consents: Consents = try_out(folder, plan) if try_out else {}
            return Change(folder, put, tuple(gone), consents, previous=environments.current_environment(plan.home))

        _turn(plan.home, fill)
    return installed_set(plan.home)


def remove_distribution(name: str, *, home: Path, forget: Iterable[str] = ()) -> InstalledSet | None:
    """Make the next generation without a distribution and without what only it needed, and switch to it.

    Earlier generations, which hold it still, go as soon as no process imports from them. Where nothing is left, the
    environment goes, too.

    Args:
        name: of the distribution.
        home: LocalAgent's home.
        forget: plugins whose consent goes with it.

    Returns:
        what is left; None for nothing.

    Raises:
        PluginNotAvailable: it is not installed.
        RefusedError: another plugin needs it, or it lies in the host's own environment.
        SystemProblem: the disk or another process is in the way.
    """
    wanted = canonicalize_name(name)
    with changes.exclusively(Home(home)):
        around = surroundings(home)
        _refuse_removal(wanted, around)
        requested = requested_in(environments.current_environment(home))
        gone: set[str] = {wanted, *only_needed_by({wanted}, around.environment, requested)}
        is_last = gone == set(around.environment)

        def fill(folder: Path) -> Change:
            for each in gone:
                generation.remove_files(folder, each)
            return Change(folder, drop=tuple(gone), forget=tuple(forget), last=is_last)

        _turn(home, fill)
    return None if is_last else installed_set(home)


def roll_back(home: Path) -> InstalledSet:
    """Use the generation again from which the present one was made.

    Raises:
        PluginNotAvailable: there is none any more.
        SystemProblem: the disk or another process is in the way.
    """
    with changes.exclusively(Home(home)):
        lock.read_lock(Home(home))
        current = environments.current_environment(home)
        previous = environments.host_folder(home) / str(_record(current).get("previous", "")) if current else None
        if (
            current is None
            or previous is None
            or not (previous.name.isdecimal() and environments.is_complete(previous))
        ):
            raise PluginNotAvailable(
                "there is no earlier state of the installed plugins",
                fix="localagent plugins list shows the present one",
            )
        before, after = _record(current).get("installed", {}), _record(previous).get("installed", {})
        put = {name: line for name, line in after.items() if before.get(name) != line}
        gone = tuple(before.keys() - after.keys())
        changes.begin(Home(home), Change(previous, put, gone, previous=current))
        environments.switch(home, previous)
        changes.finish(Home(home))
    return installed_set(home)


def installed_set(home: Path) -> InstalledSet:
    """The plugin environment as it is.

    Raises:
        PluginNotAvailable: no plugin was ever installed.
    """
    environment, problem = environments.read_pointer(home)
    if environment is None:
        raise PluginNotAvailable(problem or "no plugin is installed", fix="localagent plugins install PATH")
    return InstalledSet(environment, scan([str(environment)]).distributions)


def _turn(home: Path, fill: Callable[[Path], Change]) -> None:
    """Make the next generation of the present one's files and `fill`, and use it; gone where anything fails."""
    owner = Home(home)
    lock.read_lock(owner)  # where it is damaged, nothing has begun yet
    folder = environments.next_generation(home)
    current = environments.current_environment(home)
    try:
        if current:
            generation.link_files(current, folder)
        change = fill(folder)
        changes.begin(owner, change)
        environments.complete(folder, _new_record(current, change))
        environments.switch(home, folder)
        changes.finish(owner)
    except OSError as error:
        raise SystemProblem(
            f"cannot write the plugin environment: {error.strerror or error}", file=error.filename or folder
        ) from error
    finally:
        # Ctrl-C may come when the switch is done: what is in use stays, whatever happened.
        if environments.current_environment(home) != folder:
            shutil.rmtree(folder, ignore_errors=True)
            changes.finish(owner)


def _record(generation_folder: Path) -> dict[str, Any]:
    """What a generation tells of itself: ``installed``, the lines of the lock file, and ``previous``."""
    try:
        return dict(json.loads((generation_folder / environments.COMPLETE).read_text(encoding="utf-8") or "{}"))
    except (OSError, ValueError):
        return {}


def _new_record(current: Path | None, change: Change) -> str:
    before: dict[str, Any] = _record(current).get("installed", {}) if current else {}
    lines = {**before, **change.put}
    installed = {name: line for name, line in lines.items() if name not in change.drop}
    return json.dumps({"installed": installed, "previous": current.name if current else ""})


def _outdated(additions: Sequence[Addition], around: Surroundings, home: Path) -> set[str]:
    """What only the replaced distributions needed, and their successors do not."""
    environment = environments.current_environment(home)
    coming = {addition.distribution.name: addition.distribution for addition in additions}
    requested = requested_in(environment) | {each.distribution.name for each in additions if each.origin}
    before = only_needed_by(set(), around.environment, requested)
    return only_needed_by(set(), {**around.environment, **coming}, requested) - before - coming.keys()


def _refuse_broken(folder: Path, around: Surroundings) -> None:
    """Refuse a generation in which something lacks what it had: the whole set is looked at as it lies on the disk."""
    from dataclasses import replace

    after = replace(around, environment=installed_in([folder]))
    for distribution in after.environment.values():
        lacking = {str(need) for need in after.unmet(distribution)}
        there = around.environment.get(distribution.name)
        before = {str(need) for need in around.unmet(there)} if there else set[str]()
        if lacking - before:
            raise RefusedError(
                f"{distribution} would lack {', '.join(sorted(lacking - before))}", fix="localagent plugins list"
            )


def _refuse_removal(name: str, around: Surroundings) -> None:
    if name not in around.environment:
        there = around.in_host(name)
        if there:
            raise RefusedError(
                f"{there} is installed in the host's own environment, which is never changed from here",
                fix=f"python -m pip uninstall {name}",
            )
        raise PluginNotAvailable(f"{name} is not installed", plugin=name, fix="localagent plugins list")
    for other in around.environment.values():
        if other.name != name and name in needed_names(other):
            raise RefusedError(
                f"{other} needs {name}", plugin=name, fix=f"localagent plugins uninstall {other.name} first"
            )
