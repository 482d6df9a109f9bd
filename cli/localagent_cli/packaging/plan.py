"""What an installation would do, found out without changing anything."""

from __future__ import annotations

import dataclasses
import json
import platform
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from localagent.errors import RefusedError, SystemProblem, UsageError, ValidationError
from localagent.host import environments, lock
from localagent.host.lock import Locked
from localagent.services.home import Home
from localagent_cli.packaging import resolver
from localagent_cli.packaging.build import build_project
from localagent_cli.packaging.checkout import check_out
from localagent_cli.packaging.demand import Demand, sha256_of, usual_name
from localagent_cli.packaging.installed import (
    Surroundings,
    host_paths,
    installed_in,
    only_needed_by,
    requested_in,
    wheel_distribution,
)
from localagent_cli.packaging.sources import Git, Listed, Local, Named
from localagent_cli.packaging.unpacking import unpack_sdist
from localagent_cli.packaging.verification import DANGERS, verify_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from localagent_cli.packaging.demand import Resolver, Tool
    from localagent_cli.packaging.installed import Distribution
    from localagent_cli.packaging.sources import Source

REQUESTED = "REQUESTED"
"""The file in a ``.dist-info`` folder by which a distribution is one that a user named (PEP 376)."""


def _quiet(line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that a user asked for.

    Attributes:
        source: where it comes from.
        sha256: of the wheel, where only that one will do; else empty.
        requested: whether it is wanted for itself, as a plugin; else because something needs it.
    """

    source: Source
    sha256: str = ""
    requested: bool = True


@dataclass(frozen=True, slots=True)
class Choices:
    """How to go about it.

    Attributes:
        index: the address of a simple index that replaces the default one; empty for the default.
        tool: the program that chooses versions; None for pip, or uv where there is no pip.
        upgrade: whether names mean the newest version although an older one is installed.
        say: told what takes long, a line each.
    """

    index: str = ""
    tool: Tool | None = None
    upgrade: bool = False
    say: Callable[[str], None] = field(default=_quiet)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a wheel came from that somebody asked for.

    Attributes:
        source: as the user named it.
        exact: what gives the very same again: with a version or a commit.
        commit: of a git repository, else empty.
    """

    source: Source
    exact: str
    commit: str = ""

    @property
    def runs_code(self) -> bool:
        """Whether it was built here, which ran its code."""
        match self.source:
            case Git():
                return True
            case Local(path) as local:
                return local.is_sdist or path.is_dir()
            case _:
                return False

    def direct_url(self, sha256: str) -> dict[str, Any] | None:
        """What the environment tells of it (PEP 610); None for what came from an index."""
        match self.source:
            case Local(path) if path.is_dir():
                return {"url": path.as_uri(), "dir_info": {}}
            case Local(path) as local:
                # The hash is the wheel's; of a source archive it would be wrong.
                about = {} if local.is_sdist else {"hashes": {"sha256": sha256}}
                return {"url": path.as_uri(), "archive_info": about}
            case Git(url, revision, subfolder):
                asked = {"requested_revision": revision} if revision else {}
                within = {"subdirectory": subfolder} if subfolder else {}
                return {"url": url, "vcs_info": {"vcs": "git", "commit_id": self.commit, **asked}, **within}
            case Listed():
                return {"url": self.exact, "archive_info": {"hashes": {"sha256": sha256}}}
            case Named():
                return None

    def __str__(self) -> str:
        return self.exact if self.commit else str(self.source)


@dataclass(frozen=True, slots=True)
class Addition:
    """One wheel that the next generation gets.

    Attributes:
        distribution: what its metadata say.
        wheel: the file.
        sha256: of the file, in hexadecimal digits.
        origin: where it came from; None for what was needed by another one.
        index: that it was found in; empty for the default one.
    """

    distribution: Distribution
    wheel: Path
    sha256: str
    origin: Origin | None
    index: str = ""

    def metadata(self) -> dict[str, bytes]:
        """The files that tell in the environment how it came there (PEP 376, PEP 610)."""
        files = {"INSTALLER": b"localagent\n"}
        if self.origin is None:
            return files
        about = self.origin.direct_url(self.sha256)
        return {**files, REQUESTED: b"", **({"direct_url.json": json.dumps(about).encode()} if about else {})}

    def locked(self) -> Locked:
        """Its line in the lock file."""
        name, version = self.distribution.name, self.distribution.version
        exact = self.origin.exact if self.origin else f"{name}=={version}"
        asked = _asked(self.origin.source) if self.origin else ""
        return Locked(version, self.sha256, exact, asked, self.index, requested=self.origin is not None)


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
    resolver: Literal["none", "pip", "uv"]

    @property
    def plugins(self) -> tuple[Addition, ...]:
        """The additions that somebody asked for."""
        return tuple(addition for addition in self.additions if addition.origin is not None)


def plan_install(wanted: Sequence[Wanted], *, home: Path, work: Path, choices: Choices | None = None) -> InstallPlan:
    """Find out what installing takes; nothing but `work` is written.

    Args:
        wanted: what to install. Folders, source archives and repositories are built, which runs their code.
        home: LocalAgent's home.
        work: a folder of `environments.workspace` for wheels on their way, which must last until the plan is applied.
        choices: how to go about it.

    Raises:
        PluginError: a folder cannot be built.
        RefusedError: a wheel is unsafe, is not for this Python, is not the one it should be, or does not fit what is
            installed.
        SystemProblem: the resolver is missing or cannot reach its index.
        UsageError: two sources are of one distribution, or a repository has not that revision.
        ValidationError: a wheel breaks a rule for plugins.
    """
    choices = choices or Choices()
    additions = [_at_hand(each, work / str(number), choices) for number, each in enumerate(wanted) if _is_here(each)]
    names = [(each, each.source) for each in wanted if isinstance(each.source, Named)]
    _refuse_twins(additions, [named for _, named in names])
    around = surroundings(home)
    for addition in additions:
        _refuse_host_copy(addition.distribution.name, f"{addition.distribution}", around)
    for _, named in names:
        _refuse_host_copy(named.name, str(named.requirement), around)
    tool: Literal["none", "pip", "uv"] = "none"
    if names or _unmet(additions, around):
        choosing = resolver.choose(choices.tool)
        tool = "pip" if isinstance(choosing, resolver.Pip) else "uv"
        choices.say(f"looking for what is needed, with {tool} ...")
        additions = _ordered([*additions, *_resolved(choosing, additions, names, around, home, work, choices)])
    _refuse_other_hashes(additions, wanted)
    refuse_conflicts(additions, around)
    return InstallPlan(home, tuple(additions), _replaced(additions, around), tool)


def without_same(plan: InstallPlan) -> InstallPlan:
    """The plan without plugins that are installed already, bit for bit."""
    lines = lock.installed(Home(plan.home))
    there = {distribution.name for distribution in plan.replaced}

    def is_same(addition: Addition) -> bool:
        line = lines.get(addition.distribution.name)
        return addition.distribution.name in there and line is not None and line.sha256 == addition.sha256

    additions = tuple(addition for addition in plan.additions if not is_same(addition))
    names = {addition.distribution.name for addition in additions}
    replaced = tuple(distribution for distribution in plan.replaced if distribution.name in names)
    return dataclasses.replace(plan, additions=additions, replaced=replaced)


def verify(wheel: Path, *, plugin: bool) -> None:
    """The one place where what is installed passes the verifier: a plugin's wheel by all rules, others by safety's.

    Raises:
        RefusedError: it is not safe.
        ValidationError: it breaks another rule.
    """
    findings = verify_archive(wheel, purpose="install" if plugin else "unpack")
    if not findings:
        return
    first = next((finding for finding in findings if finding.rule in DANGERS), findings[0])
    if first.rule in DANGERS:
        raise RefusedError(first.message, file=first.where.file, fix=first.fix, rule=first.rule)
    raise ValidationError(first.message, diagnostics=tuple(findings), fix=first.fix)


def surroundings(home: Path) -> Surroundings:
    """What a plugin finds here."""
    environment = environments.current_environment(home)
    return Surroundings(tuple(host_paths(home)), installed_in([environment] if environment else []))


def refuse_conflicts(additions: Sequence[Addition], around: Surroundings) -> None:
    """Refuse additions that lack something, or that take from a distribution what it needs.

    Raises:
        RefusedError: naming both sides.
    """
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


def _is_here(wanted: Wanted) -> bool:
    return not isinstance(wanted.source, Named)


def _asked(source: Source) -> str:
    """What `plugins upgrade` follows: of a name the newest version, else the same place again."""
    match source:
        case Named():
            return source.name
        case Listed(requirement, place):
            return str(Listed(Requirement(requirement.name), place))
        case _:
            return str(source)


def _at_hand(wanted: Wanted, work: Path, choices: Choices) -> Addition:
    """A source that needs no index, as a wheel."""
    match wanted.source:
        case Git(_, _, subfolder) as source:
            choices.say(f"fetching {source} ...")
            work.mkdir()
            commit = check_out(source, work / "checkout")
            choices.say(f"building {source} at {commit[:12]}, which runs its code ...")
            built = build_project(work / "checkout" / subfolder, out=work, sdist=False)
            exact = dataclasses.replace(source, revision=commit)
            return _addition(_made(built.wheel), Origin(source, str(exact), commit))
        case Local(path) as source if source.is_sdist:
            folder = unpack_sdist(path, work / "source")
            choices.say(f"building {path.name}, which runs its code ...")
            built = build_project(folder, out=work, sdist=False)
            return _addition(_made(built.wheel), Origin(source, str(path)))
        case Local(path) as source if path.is_dir():
            choices.say(f"building {path}, which runs its code ...")
            return _addition(_made(build_project(path, out=work, sdist=False).wheel), Origin(source, str(path)))
        case Local(path) as source:
            return _addition(path, Origin(source, str(path)))
        case Listed(requirement, place) as listed:
            from localagent_cli.packaging import catalogue

            work.mkdir()
            entry, release = catalogue.find(requirement, place, work)
            choices.say(f"taking {release.file} of {place} ...")
            same = Listed(Requirement(f"{entry.distribution}=={release.version}"), place)
            return _addition(catalogue.fetch(entry, release, work), Origin(listed, str(same)))
        case Named():
            raise UsageError("a name is looked for in an index")


def _made(wheel: Path | None) -> Path:
    assert wheel is not None  # noqa: S101 - it was asked for
    return wheel


def _addition(wheel: Path, origin: Origin | None, *, index: str = "") -> Addition:
    """Read a wheel that passes its rules: a plugin's where a user named it, else those for any wheel."""
    try:
        verify(wheel, plugin=origin is not None)
    except ValidationError as error:
        if origin is None or not isinstance(origin.source, Named):
            raise
        # Who installs by name has not made it; but names of plugins and of distributions are two things.
        fix = f"tell its author{usual_name(origin.source.name, ', or install {}, which may be what you mean')}"
        raise ValidationError(f"{origin.exact}: {error.message}", diagnostics=error.diagnostics, fix=fix) from error
    distribution = wheel_distribution(wheel)
    _refuse_other_python(wheel, distribution)
    return Addition(distribution, wheel, sha256_of(wheel), origin, index)


def _refuse_other_python(wheel: Path, distribution: Distribution) -> None:
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


def _refuse_twins(additions: Iterable[Addition], names: Iterable[Named]) -> None:
    seen: dict[str, object] = {}
    said = [(addition.distribution.name, addition.origin) for addition in additions]
    for name, origin in [*said, *((named.name, named) for named in names)]:
        twin = seen.setdefault(name, origin)
        if twin is not origin:
            raise UsageError(f"{twin} and {origin} are both {name}", fix="name only one of them")


def _refuse_host_copy(name: str, wanted: str, around: Surroundings) -> None:
    there = around.in_host(name)
    if there:
        raise RefusedError(
            f"{there} is installed in the host's own environment, where it would hide {wanted}",
            fix=f"python -m pip uninstall {there.name}",
        )


def _with(around: Surroundings, additions: Sequence[Addition]) -> Surroundings:
    added = {addition.distribution.name: addition.distribution for addition in additions}
    return replace(around, environment={**around.environment, **added})


def _unmet(additions: Sequence[Addition], around: Surroundings) -> bool:
    after = _with(around, additions)
    return any(after.unmet(addition.distribution) for addition in additions)


def _resolved(
    choosing: Resolver,
    additions: Sequence[Addition],
    names: Sequence[tuple[Wanted, Named]],
    around: Surroundings,
    home: Path,
    work: Path,
    choices: Choices,
) -> list[Addition]:
    """What must be added besides `additions`: what was named, and what all of them need."""
    environment = environments.current_environment(home)
    given = {addition.distribution.name for addition in additions} | {named.name for _, named in names}
    # What only the ones that are replaced needed may be replaced with them.
    free = given | only_needed_by(given, around.environment, requested_in(environment))
    present = {**around.environment, **installed_in(around.host)}
    demand = Demand(
        wheels=[addition.wheel for addition in additions],
        requirements=[str(named.requirement) for _, named in names],
        constraints=[f"{name}=={there.version}" for name, there in present.items() if name not in free | _odd(there)],
        environment=environment,
        upgrade=choices.upgrade,
        index=choices.index,
    )
    pins = choosing.resolve(demand, work)
    for pin in pins:
        if pin.name in present and pin.name not in free:
            raise RefusedError(f"{present[pin.name]} is installed, and {pin.name} {pin.version} would be needed")
    if pins:
        choices.say(f"fetching {', '.join(f'{pin.name} {pin.version}' for pin in pins)} ...")
    origins = {
        named.name: Origin(named, f"{named.name}=={pin.version}")
        for wanted, named in names
        for pin in pins
        if wanted.requested and pin.name == named.name
    }
    files = choosing.fetch(pins, demand, work)
    return [
        _addition(wheel, origins.get(pin.name), index=choices.index) for pin, wheel in zip(pins, files, strict=True)
    ]


def _ordered(additions: Sequence[Addition]) -> list[Addition]:
    return sorted(additions, key=lambda addition: addition.origin is None)


def _odd(distribution: Distribution) -> set[str]:
    """The distribution's name if its version is none that a constraint can name (PEP 440)."""
    try:
        Version(distribution.version)
    except InvalidVersion:
        return {distribution.name}
    return set()


def _refuse_other_hashes(additions: Iterable[Addition], wanted: Iterable[Wanted]) -> None:
    """Refuse a wheel that is not the one that was locked; what is built here, or for one system only, may differ."""
    expected = {each.source.name: each.sha256 for each in wanted if isinstance(each.source, Named)}
    expected |= {str(each.source): each.sha256 for each in wanted if not isinstance(each.source, Named)}
    for addition in additions:
        origin = addition.origin
        key = str(origin.source) if origin and not isinstance(origin.source, Named) else addition.distribution.name
        sha256 = expected.get(key)
        fixed = addition.wheel.name.endswith("-none-any.whl") and not (origin and origin.runs_code)
        if sha256 and fixed and sha256 != addition.sha256:
            raise RefusedError(
                f"{addition.distribution} is not the wheel in plugins.lock: its hash differs",
                file=addition.wheel,
                fix=f"localagent plugins install {origin.exact if origin else key}",
            )


def _replaced(additions: Sequence[Addition], around: Surroundings) -> tuple[Distribution, ...]:
    names = {addition.distribution.name for addition in additions}
    return tuple(there for name, there in around.environment.items() if name in names)


def still_needed(plan: InstallPlan, around: Surroundings) -> list[Addition]:
    """The additions to make now that the environment cannot change any more: it may have since the plan was made.

    A plugin replaces whatever is there. What it needs was missing; if another process has brought it meanwhile, the
    same version is welcome and another one makes the plan void.

    Raises:
        RefusedError: what is there now conflicts with the plan.
        SystemProblem: the plan is void.
    """
    kept: list[Addition] = []
    planned = {distribution.name for distribution in plan.replaced}
    for addition in plan.additions:
        there = around.find(addition.distribution.name)
        if addition.origin is not None or there is None or there.name in planned:
            kept.append(addition)
        elif there.version != addition.distribution.version:
            raise SystemProblem(
                f"another process has installed {there} while {addition.distribution} was being planned",
                fix="run the command again",
            )
    refuse_conflicts(kept, around)
    return kept
