"""What discovery finds, taken from the index while that holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError
from localagent.host import consent, environments, lock
from localagent.host.found import Discovery, Unreadable
from localagent.host.index import IndexFile, file_clock, import_path, prune
from localagent.host.spec import PluginSpec
from localagent.host.stamps import TICK, facts

if TYPE_CHECKING:
    from localagent.host.memory import Memory
    from localagent.host.situation import Situation


def discovered(situation: Situation) -> Discovery:
    """All plugins there are."""
    if not situation.options.installed:
        # The index tells of distributions, too.
        return _in_folders(situation)
    home, current = str(situation.home.path), str(situation.current)
    index = IndexFile(home, current, "full", situation.settings.environ)
    kept = index.read()
    if kept is not None:
        return _from_json(kept)
    since = file_clock(home)
    # What reads manifests and source trees is not needed while the index holds.
    from localagent.host.memory import Memory

    memory = Memory(home)
    found = _discover(situation, memory)
    if since is not None:
        memory.keep(since)
        index.write(_to_json(found, since), rests_on=(*found.rests_on, *deciding_files(situation)), since=since)
        prune(home)
    return found


def deciding_files(situation: Situation) -> tuple[str, ...]:
    """The files besides plugins' own that decide what is found and from where."""
    home = situation.home
    pointer = environments.pointer_file(home.path)
    return tuple(map(str, (home.development_file, home.trust_file, home.lock_file, pointer)))


def is_edited(spec: PluginSpec) -> bool:
    """Whether an installed plugin is another than when it was read; the index watches only those in source folders."""
    if spec.source.is_folder:
        return False
    return facts((spec.module_file, spec.manifest_file)) != spec.seen or _has_got_a_manifest(spec)


def _has_got_a_manifest(spec: PluginSpec) -> bool:
    if spec.manifest_file is not None:
        return False
    from localagent.host.installed import manifest_beside

    return manifest_beside(spec.source.root.parent, spec.target) is not None


def _discover(situation: Situation, memory: Memory) -> Discovery:
    from localagent.host.discovery import discover

    environment = environments.current_environment(situation.home.path)
    installed = import_path(str(situation.home.path), str(situation.current))
    return discover(
        situation.home,
        import_path=[*installed, *([str(environment)] if environment else [])],
        development=situation.development.directories,
        links=_links(situation),
        trusted=consent.trusted_folders(situation.home),
        current=situation.current,
        look=memory.look,
    )


def _in_folders(situation: Situation) -> Discovery:
    from localagent.host.discovery import discover

    return discover(
        situation.home,
        import_path=(),
        development=situation.development.directories,
        links=_links(situation),
        trusted=consent.trusted_folders(situation.home),
        current=situation.current,
    )


def _links(situation: Situation) -> dict[Path, tuple[str, ...]]:
    try:
        return lock.names_of_links(situation.home)
    except ConfigError:
        # Whoever asks for consents is told.
        return {}


def _to_json(found: Discovery, since: int) -> dict[str, Any]:
    return {
        "specs": [_row(spec, since) for spec in found.specs],
        "unreadable": [[str(each.file), each.line, each.reason] for each in found.unreadable],
        "rests_on": list(found.rests_on),
    }


def _row(spec: PluginSpec, since: int) -> list[Any]:
    """A spec as it is kept; what changed so recently that another change could hide counts as not seen."""
    *row, seen = spec.to_row()
    return [*row, seen if max(seen, default=0) < since - TICK else ()]


def _from_json(kept: dict[str, Any]) -> Discovery:
    return Discovery(
        tuple(map(PluginSpec.from_row, kept["specs"])),
        tuple(Unreadable(Path(file), line, reason) for file, line, reason in kept["unreadable"]),
        tuple(kept["rests_on"]),
    )
