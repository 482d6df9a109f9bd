"""Installing and removing plugins: a plan that changes nothing, then the next generation of the plugin environment.

The host's own environment is never written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from localagent.errors import PluginNotAvailable, RefusedError, SystemProblem, UsageError, ValidationError
from localagent.host import environments
from localagent.host.distributions import scan
from localagent_cli.packaging import generation, resolver
from localagent_cli.packaging.build import build_project
from localagent_cli.packaging.installed import (
    Distribution,
    Surroundings,
    host_paths,
    installed_in,
    needs,
    wheel_distribution,
)
from localagent_cli.packaging.verification import DANGERS, verify_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent.host.distributions import PluginDistribution

_REQUESTED = "REQUESTED"


@dataclass(frozen=True, slots=True)
class Addition:
    """One wheel that the next generation gets.

    Attributes:
        distribution: what its metadata say.
        wheel: the file.
        sha256: of the file, in hexadecimal digits.
        origin: the folder or file that the user named; None for what was needed by another one.
    """

    distribution: Distribution
    wheel: Path
    sha256: str
    origin: Path | None

    def metadata(self) -> dict[str, bytes]:
        """The files that tell in the environment how it came there (PEP 376, PEP 610)."""
        files = {"INSTALLER": b"localagent\n"}
        if self.origin is None:
            return files
        about: dict[str, object] = {"url": self.origin.as_uri()}
        if self.origin.is_dir():
            about["dir_info"] = {}
        else:
            about["archive_info"] = {"hashes": {"sha256": self.sha256}}
        return {**files, _REQUESTED: b"", "direct_url.json": json.dumps(about).encode()}


@dataclass(frozen=True, slots=True)
class InstallPlan:
    """What an installation would do.

    Attributes:
        home: LocalAgent's home.
        additions: the wheels to unpack, plugins first.
        replaced: distributions in the plugin environment that go because another one of their name comes.
        resolver: ``none`` where everything needed was there, else the tool that was asked.
    """

    home: Path
    additions: tuple[Addition, ...]
    replaced: tuple[Distribution, ...]
    resolver: Literal["none", "pip"]


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


def install(sources: Sequence[Path], *, home: Path, agree: Callable[[InstallPlan], None] | None = None) -> InstalledSet:
    """Install plugins from project folders and wheel files.

    `agree` sees the plan before anything is changed, and raises where it should not be done. For the errors see
    `plan_install` and `apply_plan`.
    """
    with environments.workspace(home) as work:
        plan = plan_install(sources, home=home, work=work)
        if agree:
            agree(plan)
        return apply_plan(plan)


def plan_install(sources: Sequence[Path], *, home: Path, work: Path) -> InstallPlan:
    """Find out what installing `sources` takes; nothing but `work` is written.

    Args:
        sources: folders, which are built (that runs their code), and wheel files.
        home: LocalAgent's home.
        work: a folder of `environments.workspace` for wheels on their way, which must last until the plan is applied.

    Raises:
        PluginError: a folder cannot be built.
        RefusedError: a wheel is unsafe, is not for this Python, or does not fit what is installed.
        SystemProblem: the resolver is missing or cannot reach its index.
        UsageError: a source is neither a folder nor a wheel file, or two are of one distribution.
        ValidationError: a wheel breaks a rule for plugins.
    """
    additions = [_addition(_wheel_of(source, work), source.resolve()) for source in sources]
    _refuse_twins(additions)
    around = _surroundings(home)
    for addition in additions:
        _refuse_host_copy(addition.distribution, around)
    tool: Literal["none", "pip"] = "none"
    if _unmet(additions, around):
        tool = "pip"
        additions += _resolve(additions, around, work=work, environment=environments.current_environment(home))
    _refuse_conflicts(additions, around)
    return InstallPlan(home, tuple(additions), _replaced(additions, around), tool)


def apply_plan(plan: InstallPlan) -> InstalledSet:
    """Make the next generation of the plugin environment as planned, and switch to it.

    The generation in use stays as it is; where anything fails it stays in use.

    Raises:
        RefusedError: two distributions have a file of the same name.
        SystemProblem: the disk is in the way, or another process changed the environment so that the plan is void.
    """
    with environments.exclusively(plan.home), _next_generation(plan.home) as folder:
        around = _surroundings(plan.home)
        additions = _still_needed(plan, around)
        for name in {addition.distribution.name for addition in additions} & around.environment.keys():
            generation.remove_files(folder, name)
        for addition in additions:
            generation.unpack(addition.wheel, folder, addition.metadata())
    return installed_set(plan.home)


def remove_distribution(name: str, *, home: Path) -> InstalledSet:
    """Make the next generation without a distribution and without what only it needed, and switch to it.

    Raises:
        PluginNotAvailable: it is not installed.
        RefusedError: another plugin needs it, or it lies in the host's own environment.
        SystemProblem: the disk or another process is in the way.
    """
    wanted = canonicalize_name(name)
    with environments.exclusively(home):
        around = _surroundings(home)
        _refuse_removal(wanted, around)
        with _next_generation(home) as folder:
            for gone in [wanted, *_orphans(wanted, around.environment, requested=_requested(home))]:
                generation.remove_files(folder, gone)
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


@contextlib.contextmanager
def _next_generation(home: Path) -> Generator[Path]:
    """The next generation, filled with the present one's files; in use after the block, gone where the block fails."""
    folder = environments.next_generation(home)
    try:
        current = environments.current_environment(home)
        if current:
            generation.link_files(current, folder)
        yield folder
        environments.complete(folder)
        environments.switch(home, folder)
    except OSError as error:
        raise SystemProblem(
            f"cannot write the plugin environment: {error.strerror or error}", file=error.filename or folder
        ) from error
    finally:
        # Ctrl-C may come when the switch is done: what is in use stays, whatever happened.
        if environments.current_environment(home) != folder:
            shutil.rmtree(folder, ignore_errors=True)


def _surroundings(home: Path) -> Surroundings:
    environment = environments.current_environment(home)
    return Surroundings(tuple(host_paths(home)), installed_in([environment] if environment else []))


def _wheel_of(source: Path, work: Path) -> Path:
    if source.is_dir():
        built = build_project(source, out=work / "built", sdist=False)
        assert built.wheel is not None  # noqa: S101 - it was asked for
        return built.wheel
    if source.suffix != ".whl":
        raise UsageError("not a plugin's folder or wheel", file=source, fix="localagent plugins install PATH")
    if not source.is_file():
        raise UsageError("no such file", file=source, fix="localagent plugins install PATH")
    return source


def _addition(wheel: Path, origin: Path | None) -> Addition:
    """Read a wheel that passes its rules: a plugin's where a user named it, else those for any wheel."""
    project = origin if origin is not None and origin.is_dir() else None
    _refuse_findings(verify_archive(wheel, purpose="install" if origin else "unpack", project=project))
    distribution = wheel_distribution(wheel)
    _refuse_other_python(wheel, distribution)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return Addition(distribution, wheel, digest, origin)


def _refuse_findings(findings: Sequence[Diagnostic]) -> None:
    if not findings:
        return
    first = next((finding for finding in findings if finding.rule in DANGERS), findings[0])
    if first.rule in DANGERS:
        raise RefusedError(first.message, file=first.where.file, fix=first.fix, rule=first.rule)
    raise ValidationError(first.message, diagnostics=tuple(findings), fix=first.fix)


def _refuse_other_python(wheel: Path, distribution: Distribution) -> None:
    import platform

    from packaging.tags import sys_tags
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        *_, tags = parse_wheel_filename(wheel.name)
        fits = SpecifierSet(distribution.requires_python).contains(platform.python_version(), prereleases=True)
    except (InvalidWheelFilename, InvalidSpecifier) as error:
        raise RefusedError(str(error), file=wheel, fix="build the wheel again") from error
    if not fits:
        raise RefusedError(
            f"{distribution} needs Python {distribution.requires_python}, this is {platform.python_version()}",
            file=wheel,
        )
    if tags.isdisjoint(sys_tags()):
        raise RefusedError(f"{distribution} is built for another Python or system: {wheel.name}", file=wheel)


def _refuse_twins(additions: Sequence[Addition]) -> None:
    seen: dict[str, Addition] = {}
    for addition in additions:
        twin = seen.setdefault(addition.distribution.name, addition)
        if twin is not addition:
            raise UsageError(
                f"{twin.origin} and {addition.origin} are both {addition.distribution.name}",
                fix="name only one of them",
            )


def _refuse_host_copy(distribution: Distribution, around: Surroundings) -> None:
    there = around.in_host(distribution.name)
    if there:
        raise RefusedError(
            f"{there} is installed in the host's own environment, where it would hide {distribution}",
            fix=f"python -m pip uninstall {there.name}",
        )


def _with(around: Surroundings, additions: Sequence[Addition]) -> Surroundings:
    added = {addition.distribution.name: addition.distribution for addition in additions}
    return replace(around, environment={**around.environment, **added})


def _unmet(additions: Sequence[Addition], around: Surroundings) -> bool:
    after = _with(around, additions)
    return any(after.unmet(addition.distribution) for addition in additions)


def _resolve(
    additions: Sequence[Addition], around: Surroundings, *, work: Path, environment: Path | None
) -> list[Addition]:
    given = {addition.distribution.name for addition in additions}
    present = {**around.environment, **installed_in(around.host)}
    pins = resolver.resolve(
        [addition.wheel for addition in additions],
        constraints=[f"{name}=={there.version}" for name, there in present.items() if name not in given | _odd(there)],
        environment=environment,
        work=work,
    )
    for pin in pins:
        if pin.name in present:
            raise RefusedError(f"{present[pin.name]} is installed, and {pin.name} {pin.version} would be needed")
    return [_addition(wheel, None) for wheel in resolver.fetch(pins, work=work)]


def _odd(distribution: Distribution) -> set[str]:
    """The distribution's name if its version is none that a constraint can name (PEP 440)."""
    try:
        Version(distribution.version)
    except InvalidVersion:
        return {distribution.name}
    return set()


def _refuse_conflicts(additions: Sequence[Addition], around: Surroundings) -> None:
    """Refuse additions that lack something, or that take from a distribution what it needs."""
    after = _with(around, additions)
    added = {addition.distribution.name for addition in additions}
    for distribution in after.environment.values():
        for need in after.unmet(distribution):
            if distribution.name in added or canonicalize_name(need.name) in added:
                found = after.find(canonicalize_name(need.name))
                raise RefusedError(
                    f"{distribution} needs {need}, and {found or 'nothing of that name'} would be there",
                    fix=f"take another version of {need.name if found else distribution.name}",
                )


def _replaced(additions: Sequence[Addition], around: Surroundings) -> tuple[Distribution, ...]:
    names = {addition.distribution.name for addition in additions}
    return tuple(there for name, there in around.environment.items() if name in names)


def _still_needed(plan: InstallPlan, around: Surroundings) -> list[Addition]:
    """The additions to make now that the environment cannot change any more: it may have since the plan was made.

    A plugin replaces whatever is there. What it needs was missing; if another process has brought it meanwhile, the
    same version is welcome and another one makes the plan void.
    """
    kept: list[Addition] = []
    for addition in plan.additions:
        there = around.find(addition.distribution.name)
        if addition.origin is not None or there is None:
            kept.append(addition)
        elif there.version != addition.distribution.version:
            raise SystemProblem(
                f"another process has installed {there} while {addition.distribution} was being planned",
                fix="run the command again",
            )
    _refuse_conflicts(kept, around)
    return kept


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
        if other.name != name and name in _needed_by(other):
            raise RefusedError(
                f"{other} needs {name}", plugin=name, fix=f"localagent plugins uninstall {other.name} first"
            )


def _needed_by(distribution: Distribution) -> set[str]:
    """The names that `distribution` requires on this machine, not counting what its own extras would add."""
    return {canonicalize_name(need.name) for need in needs(distribution)}


def _requested(home: Path) -> set[str]:
    """The names of the distributions in use that a user named (PEP 376)."""
    environment = environments.current_environment(home)
    marked = environment.glob(f"*.dist-info/{_REQUESTED}") if environment else ()
    return {generation.name_of(marker.parent) for marker in marked}


def _orphans(name: str, environment: Mapping[str, Distribution], *, requested: set[str]) -> list[str]:
    """What nobody needs any more once `name` is gone: neither a user nor, directly or not, another distribution."""
    needed: set[str] = set()
    waiting = sorted(requested - {name})
    while waiting:
        reached = waiting.pop()
        if reached in environment and reached not in needed:
            needed.add(reached)
            waiting += _needed_by(environment[reached])
    return sorted(environment.keys() - needed - {name})
