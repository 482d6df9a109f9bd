"""Which plugins must be ready before which, and which cannot be because of others; decided before any import."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from localagent.host.spec import Flaw
from localagent.manifest.names import normalised

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    Graph = Mapping[str, frozenset[str]]

STEP = "dependencies"
"""The step at which a plugin fails that others keep from being loaded."""

_NOTHING: frozenset[str] = frozenset()
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")


class Requirement(NamedTuple):
    """One edge of the graph.

    Attributes:
        name: the plugin that is needed, normalised.
        range: the PEP 440 range its version must be in, empty for any.
        text: the requirement as it was written.
        file: the file that declares it, empty where none is known.
    """

    name: str
    range: str
    text: str
    file: str = ""


class Candidate(NamedTuple):
    """A plugin as the graph sees it.

    Attributes:
        name: its name.
        version: its version.
        requires: what it needs.
        state: in one word, why it cannot be loaded itself; empty if nothing speaks against it.
        reason: the same as a sentence.
        fix: what changes that.
        where: the place of the cause.
    """

    name: str
    version: str = ""
    requires: tuple[Requirement, ...] = ()
    state: str = ""
    reason: str = ""
    fix: str = ""
    where: str = ""


class Resolution(NamedTuple):
    """The outcome: a pure function of the set of candidates, whatever their order.

    Attributes:
        levels: the names of those that can be loaded; each level needs only what stands in levels before it.
        problems: why each of the others that nothing else speaks against cannot be loaded.
        needs: for each name what it needs directly.
    """

    levels: tuple[tuple[str, ...], ...]
    problems: Mapping[str, Flaw]
    needs: Graph

    @property
    def order(self) -> tuple[str, ...]:
        """The names of those that can be loaded, each after what it needs."""
        return tuple(name for level in self.levels for name in level)


def requirement_name(requirement: str) -> str:
    """The plugin that a requirement such as ``other>=1.2`` names."""
    match = _NAME.match(requirement)
    return match[1] if match else requirement


def requirement_of(text: str, file: Path | str | None = None) -> Requirement:
    """A requirement as it is written in `file`."""
    named = _NAME.match(text)
    name, wanted = (named[1], text[named.end() :]) if named else (text, "")
    return Requirement(normalised(name), wanted.strip(), text.strip(), str(file or ""))


def resolve(candidates: Iterable[Candidate]) -> Resolution:
    """Find out which candidates can be loaded and in which order.

    Exactly those are left out that need what is missing, too old or unable to load, those that need each other in a
    circle, and those that need one of these.
    """
    by_name = {normalised(candidate.name): candidate for candidate in sorted(candidates, key=attrgetter("name"))}
    able = {name: candidate for name, candidate in by_name.items() if not candidate.state}
    graph = {
        name: frozenset(able.keys() & {each.name for each in candidate.requires}) if candidate.requires else _NOTHING
        for name, candidate in able.items()
    }
    problems = {name: _circle_flaw(circle, able) for name, circle in _circles(graph)}
    levels: list[tuple[str, ...]] = []
    for wave in _waves(graph, done=frozenset(problems)):
        for name in (each for each in wave if able[each].requires):
            flaw = next(filter(None, (_flaw(each, by_name, problems) for each in able[name].requires)), None)
            if flaw is not None:
                problems[name] = flaw
        levels.append(tuple(able[name].name for name in wave if name not in problems))
    return Resolution(
        tuple(filter(None, levels)),
        {able[name].name: flaw for name, flaw in sorted(problems.items())},
        {
            able[name].name: frozenset([able[each].name for each in needed]) if needed else _NOTHING
            for name, needed in graph.items()
        },
    )


def with_needs(names: Iterable[str], graph: Graph) -> frozenset[str]:
    """`names` and all they need, directly or not."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(graph.get(name, ()))
    return frozenset(found)


def unmet(requirement: Requirement, version: str) -> str:
    """Why a plugin of this version does not meet the requirement, as the end of a sentence; empty if it does."""
    problem = _unsound(requirement)
    if problem or not requirement.range:
        return problem
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion, Version

    # Not every release of packaging minds a version that is none.
    try:
        found = Version(version)
    except InvalidVersion:
        return f"asks for '{requirement.text}', which cannot be compared with version '{version}'"
    if SpecifierSet(requirement.range).contains(found, prereleases=True):
        return ""
    return f"needs {requirement.name} {requirement.range}, found {version}"


def _unsound(requirement: Requirement) -> str:
    """Why a requirement is none: it has no name, or what follows the name is no PEP 440 range; empty if it is one."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(requirement.range)
    except InvalidSpecifier:
        return f"asks for '{requirement.text}', which is no requirement"
    return "" if _NAME.match(requirement.text) else f"asks for '{requirement.text}', which is no requirement"


def _flaw(requirement: Requirement, by_name: Mapping[str, Candidate], problems: Mapping[str, Flaw]) -> Flaw | None:
    """What keeps a requirement from being met; None if nothing does."""
    name = requirement.name
    found = by_name.get(name)
    unsound = _unsound(requirement)
    if unsound:
        return Flaw(STEP, unsound, requirement.file, "write it as the plugin's name and a range, such as other>=1.2")
    if found is None:
        fix = f"install the plugin '{name}', then: localagent plugins enable {name}"
        return Flaw(STEP, f"needs the plugin '{name}', which was not found", requirement.file, fix)
    message = unmet(requirement, found.version)
    if message:
        return Flaw(STEP, message, requirement.file, f"install another version of '{name}'")
    if found.state:
        message = f"needs the plugin '{name}', which is {found.state}: {found.reason}"
        return Flaw(STEP, message, found.where or requirement.file, found.fix)
    if name in problems:
        inner = problems[name]
        link = ", which" if inner.message.startswith(("needs", "asks")) else ", but"
        return Flaw(STEP, f"needs the plugin '{name}'{link} {inner.message}", inner.where, inner.fix)
    return None


def _circle_flaw(circle: tuple[str, ...], able: Mapping[str, Candidate]) -> Flaw:
    """A circle told whole, with the file that declares each of its edges."""
    edges = list(zip(circle, (*circle[1:], circle[0]), strict=True))
    files = [
        next(each.file for each in able[needing].requires if each.name == needed) or "?" for needing, needed in edges
    ]
    path = " -> ".join((*circle, circle[0]))
    declared = "; ".join(f"{file}: {one} needs {other}" for (one, other), file in zip(edges, files, strict=True))
    message = f"plugins depend on each other in a circle: {path} ({declared})"
    return Flaw(STEP, message, files[0], "remove one of these dependencies")


def _circles(graph: Graph) -> Iterator[tuple[str, tuple[str, ...]]]:
    """For each name that needs itself, directly or not, a shortest circle through it, its least name first."""
    peeled = {name for wave in _waves(graph) for name in wave}
    for name in sorted(graph.keys() - peeled):
        circle = _shortest_circle(name, graph)
        if circle:
            least = circle.index(min(circle))
            yield name, (*circle[least:], *circle[:least])


def _shortest_circle(start: str, graph: Graph) -> tuple[str, ...]:
    """The shortest way from `start` back to it, without the end; empty if there is none."""
    paths: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    for path in paths:  # grows while it is walked: breadth first
        for name in sorted(graph[path[-1]]):
            if name == start:
                return path
            if name not in seen:
                seen.add(name)
                paths.append((*path, name))
    return ()


def _waves(graph: Graph, *, done: frozenset[str] = frozenset()) -> Iterator[tuple[str, ...]]:
    """Names whose needs are all in waves before, in sorted waves; names in or behind a circle are never reached.

    `done` are names that count as reached from the start.
    """
    lacking = {name: set(needed - done) for name, needed in graph.items() if needed and name not in done}
    needing: dict[str, list[str]] = {}
    for name, needed in lacking.items():
        for each in needed:
            needing.setdefault(each, []).append(name)
    wave = sorted([name for name in graph if not lacking.get(name) and name not in done])
    while wave:
        yield tuple(wave)
        following: list[str] = []
        for name in wave:
            for dependent in needing.get(name, ()):
                lacking[dependent].discard(name)
                if not lacking[dependent]:
                    following.append(dependent)
        wave = sorted(following)
