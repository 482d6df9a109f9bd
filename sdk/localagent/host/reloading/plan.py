"""What a reload is about: the plugins whose files changed, those that need them, and what is known of them now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from localagent.errors import ManifestError, PluginNotAvailable
from localagent.host.reloading.outcome import PLAN, READ, refused
from localagent.host.reloading.reading import first_problem, schema_problem, source_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from localagent.host.loaded import LoadedPlugin
    from localagent.host.spec import PluginSpec
    from localagent.host.survey import Survey

_ALONE = "break-before-make"


class Plan(NamedTuple):
    """A reload before it begins.

    Attributes:
        specs: what is known now of each plugin of the group, by name; what a plugin needs comes before it.
        old: the lives that they live.
        survey: all plugins with what is known now.
        alone: names of those that need something for themselves alone, so that the old life must end first.
    """

    specs: Mapping[str, PluginSpec]
    old: Mapping[str, LoadedPlugin]
    survey: Survey
    alone: frozenset[str]


def group_of(names: Collection[str], ready: Mapping[str, LoadedPlugin]) -> tuple[str, ...]:
    """Those of `names` that are ready and the plugins that need them, directly or not, in the order of `ready`."""
    group: set[str] = set()
    for name, loaded in ready.items():
        if name in names or not loaded.needs.isdisjoint(group):
            group.add(name)
    return tuple(name for name in ready if name in group)


def make_plan(
    names: Collection[str], ready: Mapping[str, LoadedPlugin], survey: Survey, files: Sequence[Path] | None
) -> Plan:
    """Judge what changed, before any of it runs.

    Args:
        names: the plugins whose files changed, all of them ready.
        ready: the plugins that are.
        survey: all plugins, looked at anew.
        files: the Python files that changed; None means all that are imported.

    Raises:
        PluginFailed: a file cannot be read, or the plugins cannot be what they are declared to be now.
    """
    group = group_of(names, ready)
    for name in names:
        changed = source_files(ready[name].spec) if files is None else files
        problem = first_problem(name, changed)
        if problem is not None:
            raise problem
    specs = {name: _spec_of(ready[name].spec, survey) for name in _in_order(group, survey)}
    for spec in specs.values():
        problem = schema_problem(spec)
        if problem is not None:
            raise problem
    alone = frozenset(name for name, spec in specs.items() if _is_alone(spec))
    return Plan(specs, {name: ready[name] for name in group}, survey, alone)


def _spec_of(before: PluginSpec, survey: Survey) -> PluginSpec:
    """What is known now of a plugin.

    Raises:
        PluginFailed: nothing, or what speaks against it.
    """
    name = before.name
    try:
        return survey.loadable(name)
    except PluginNotAvailable as error:
        # A manifest that cannot be read does not even tell the name any more.
        here = (each for each in survey.plugins.values() if each.spec.source.root == before.source.root)
        verdict = next((each.verdict for each in here if each.verdict.where or each.name == name), None)
        stage = READ if verdict is not None and verdict.step in ("manifest", "identity") else PLAN
        message, fix = (verdict.reason, verdict.fix) if verdict is not None else (error.message, error.fix)
        file, line, column = _place(verdict.where if verdict is not None else error.place)
        problem = refused(stage, message, plugin=name, file=file, line=line, column=column, fix=fix)
        raise problem from error


def _place(where: str) -> tuple[str | None, int | None, int | None]:
    """A place that is written ``file:line:column``, of which only the file need be there."""
    match = re.fullmatch(r"(.+?)(?::(\d+))?(?::(\d+))?", where)
    if match is None:
        return None, None, None
    file, line, column = match.groups()
    return file, int(line) if line else None, int(column) if column else None


def _in_order(group: tuple[str, ...], survey: Survey) -> Iterable[str]:
    """The group by what its manifests say now; who cannot be loaded comes where it was."""
    order = {name: place for place, name in enumerate(survey.resolution.order)}
    return sorted(group, key=lambda name: order.get(name, group.index(name)))


def _is_alone(spec: PluginSpec) -> bool:
    if spec.manifest_file is None or _ALONE.encode() not in spec.manifest_file.read_bytes():
        return False
    from localagent.manifest.model import read_manifest

    try:
        return read_manifest(spec.manifest_file).reload == _ALONE
    except ManifestError:
        return False
