"""The lines of ``plugins.lock`` against the plugin environment: what is newer, what is missing, what is why there."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from localagent.errors import PluginNotAvailable
from localagent.host import lock
from localagent_cli.packaging.installed import needed_names
from localagent_cli.packaging.plan import Wanted, surroundings
from localagent_cli.packaging.sources import Named, parse_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from localagent.host.lock import Locked
    from localagent.services.home import Home


def wanted_newer(home: Home, names: Sequence[str], *, index: str = "") -> list[tuple[str, list[Wanted]]]:
    """What upgrading means, by index: of a name its newest version, of a folder or repository what it holds now.

    Args:
        home: LocalAgent's home.
        names: distributions; none means all that a user named.
        index: the address of the index for all names; empty for the one that each came from.

    Raises:
        PluginNotAvailable: one of them is not installed.
        UsageError: a folder or file is gone.
    """
    lines = {name: line for name, line in lock.installed(home).items() if line.requested}
    for name in names:
        if canonicalize_name(name) not in lines:
            near = difflib.get_close_matches(name, lines, n=1)
            fix = f"did you mean '{near[0]}'?" if near else "localagent plugins lock"
            raise PluginNotAvailable(f"{name} was not installed by 'plugins install'", plugin=name, fix=fix)
    chosen = {name: lines[name] for name in (map(canonicalize_name, names) if names else lines)}
    if not chosen:
        raise PluginNotAvailable("no plugin is installed", fix="localagent plugins install NAME")
    return _by_index((index or line.index_url, _newer(line, index)) for line in chosen.values())


def wanted_again(home: Home) -> list[tuple[str, list[Wanted]]]:
    """What is locked and not installed here in that version, by the index that it came from.

    Raises:
        UsageError: a folder or file that one of them came from is gone.
    """
    around = surroundings(home.path)
    found: list[tuple[str, Wanted]] = []
    for name, line in lock.installed(home).items():
        there = around.environment.get(name)
        if (there and there.version == line.version) or (not line.requested and around.in_host(name)):
            continue
        source = parse_source(line.source, index=line.index_url)
        found.append((line.index_url, Wanted(source, line.sha256, requested=line.requested)))
    return _by_index(found)


def differences(home: Home) -> list[str]:
    """How the plugin environment differs from the lock file, a line each with the way out."""
    environment = surroundings(home.path).environment
    lines = lock.installed(home)
    missing = [f"{name} {line.version} is locked" for name, line in lines.items() if name not in environment]
    other = [
        f"{name} {line.version} is locked, {environment[name].version} is installed"
        for name, line in lines.items()
        if name in environment and environment[name].version != line.version
    ]
    unknown = [f"{there} is installed and not locked" for name, there in environment.items() if name not in lines]
    fixes = ["to install what is locked: localagent plugins sync"] if missing or other else []
    return [*(f"{each}, and not installed" for each in missing), *other, *unknown, *fixes]


def locked_rows(home: Home) -> list[dict[str, Any]]:
    """The locked distributions and the links as JSON values: name, version, source, hash, whether a user named it."""
    rows = [{"name": name, **line._asdict()} for name, line in sorted(lock.installed(home).items())]
    links = [
        {"name": folder.name, **lock.Locked("", source=str(folder), requested=True)._asdict()}
        for folder in lock.links(home)
    ]
    return [*rows, *links]


def reasons(home: Home, name: str) -> list[tuple[str, ...]]:
    """Why a distribution is installed: each chain from it to a plugin that a user named.

    Raises:
        PluginNotAvailable: it is not installed.
    """
    environment, lines = surroundings(home.path).environment, lock.installed(home)
    wanted = canonicalize_name(name)
    if wanted not in environment:
        near = difflib.get_close_matches(wanted, environment, n=1)
        fix = f"did you mean '{near[0]}'?" if near else "localagent plugins lock"
        raise PluginNotAvailable(f"{name} is not in the plugin environment", plugin=name, fix=fix)
    needed_by = {each: needed_names(distribution) for each, distribution in environment.items()}
    chains: list[tuple[str, ...]] = []
    growing: list[tuple[str, ...]] = [(wanted,)]
    while growing:
        chain = growing.pop(0)
        line = lines.get(chain[-1])
        if line is not None and line.requested:
            chains.append((*chain, f"you: {line.asked}"))
        growing += [(*chain, each) for each in sorted(needed_by) if chain[-1] in needed_by[each] and each not in chain]
    return chains


def _newer(line: Locked, index: str) -> Wanted:
    source = parse_source(line.asked, index=index or line.index_url)
    if isinstance(source, Named):
        return Wanted(Named(Requirement(source.name), source.index))
    return Wanted(source)


def _by_index(found: Iterable[tuple[str, Wanted]]) -> list[tuple[str, list[Wanted]]]:
    groups: dict[str, list[Wanted]] = {}
    for index, wanted in found:
        groups.setdefault(index, []).append(wanted)
    return list(groups.items())
