"""Rules LA2: the manifest and the distribution's metadata say the same."""

from __future__ import annotations

from dataclasses import replace

from localagent.diagnostics.diagnostic import Place, Severity
from localagent.diagnostics.distributed_version import distributed_version
from localagent.diagnostics.edits import Edit, replacing
from localagent.diagnostics.locating import Located, locate
from localagent.diagnostics.pyproject import short_place
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.model import ENTRY_POINT_GROUPS, KINDS
from localagent.manifest.names import normalised, same_plugin
from localagent.manifest.wording import did_you_mean, nearest, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localagent.diagnostics.project import Project
    from localagent.diagnostics.pyproject import Pyproject


def no_pyproject(project: Project) -> Iterator[Finding]:
    """A project without ``pyproject.toml``."""
    if project.pyproject is None:
        fix = "write a pyproject.toml with [build-system] and [project] tables"
        yield Finding("there is no pyproject.toml", Place(project.root / "pyproject.toml", 1, 1), fix)


def unreadable_pyproject(project: Project) -> Iterator[Finding]:
    """The place where the TOML parser stopped."""
    if project.pyproject and (problem := project.pyproject.problem):
        where = Place(project.pyproject.file, problem.line, problem.column)
        yield Finding(problem.message, where, problem.fix or "correct the file")


def other_name(project: Project) -> Iterator[Finding]:
    """A distribution that is called otherwise."""
    pyproject = project.readable_pyproject
    if pyproject is None:
        return
    name, distribution = project.text("name"), pyproject.table("project").get("name")
    if name and isinstance(distribution, str) and not same_plugin(name, distribution):
        there = short_place(pyproject.where(("project",), "name"))
        message = f"the name '{shown(name)}' is not the distribution's, '{shown(distribution)}' ({there})"
        fix = f"use one name in both, with or without 'localagent-' in front: {shown(distribution)}"
        yield Finding(message, project.where("name"), fix)


def other_version(project: Project) -> Iterator[Finding]:
    """A distribution of another version."""
    version, distributed = project.text("version"), distributed_version(project)
    if version and distributed is not None and not _same_version(version, distributed.text):
        there = short_place(distributed.where)
        message = f"the version '{shown(version)}' is not the distribution's, '{shown(distributed.text)}' ({there})"
        edit = replacing(version, distributed.text if _is_version(distributed.text) else "")
        yield Finding(message, project.where("version"), "write the same version in both", edit=edit)


def undistributed_entries(project: Project) -> Iterator[Finding]:
    """Entry points of the manifest that the distribution lacks or points elsewhere."""
    pyproject = project.readable_pyproject
    if pyproject is None or not pyproject.table("project") or _is_dynamic(pyproject):
        return
    for entry in project.entries():
        if not entry.name or not entry.target:
            continue
        group = ENTRY_POINT_GROUPS[entry.group]
        declared = _entries(pyproject, group)
        target = declared.get(normalised(entry.name))
        fix = f'write in [project.entry-points."{group}"]: {shown(entry.name)} = "{shown(entry.target)}"'
        if target is None:
            file = pyproject.where(("project", "entry-points")).file.name
            message = f"the entry point '{shown(entry.name)}' is not in {file}, so installing it has no effect"
            edit = _added_entry(pyproject, group, f'{entry.name} = "{entry.target}"')
            yield Finding(message, project.where(*entry.path, "name"), fix, edit=edit)
        elif target != entry.target:
            where = pyproject.where(("project", "entry-points", group), entry.name)
            message = f"the class is '{shown(target)}' in {short_place(where)} and '{shown(entry.target)}' here"
            here = project.where(*entry.path, "class")
            # Of the two that one is right for certain whose class is there.
            if isinstance(locate(project, entry), Located):
                yield Finding(message, here, fix, edit=replacing(target, entry.target, where=where))
            elif isinstance(locate(project, replace(entry, target=target)), Located):
                yield Finding(message, here, f"write class: {shown(target)}", edit=replacing(entry.target, target))
            else:
                yield Finding(message, here, fix)


def undeclared_entries(project: Project) -> Iterator[Finding]:
    """Entry points of the distribution that the manifest lacks."""
    pyproject = project.readable_pyproject
    if pyproject is None:
        return
    for group, distributed in ENTRY_POINT_GROUPS.items():
        declared = {normalised(entry.name) for entry in project.entries() if entry.group == group}
        for name in _entries(pyproject, distributed):
            if name not in declared:
                message = f"the {KINDS[group]} plugin '{shown(name)}' is not in the manifest"
                where = pyproject.where(("project", "entry-points", distributed), _spelt(pyproject, distributed, name))
                yield Finding(message, where, f"add it to entry_points.{group} of {project.manifest_file.name}")


def unknown_groups(project: Project) -> Iterator[Finding]:
    """Groups of entry points that LocalAgent never looks into."""
    pyproject = project.readable_pyproject
    if pyproject is None:
        return
    known = tuple(ENTRY_POINT_GROUPS.values())
    for group in pyproject.table("project", "entry-points"):
        if group.startswith("localagent") and group not in known:
            message = f"LocalAgent knows no group of entry points '{shown(group)}'"
            where = pyproject.where(("project", "entry-points", group))
            edit = replacing(group, nearest(group, _groups_without(project, pyproject, _entries(pyproject, group))))
            fix = f"use one of: {', '.join(known)}"
            yield Finding(message, where, fix, hint=did_you_mean(group, known), edit=edit)


def _groups_without(project: Project, pyproject: Pyproject, names: Iterable[str]) -> list[str]:
    """The groups that the distribution lacks, and in which the manifest has all of these plugins."""
    wanted = {
        group: {normalised(entry.name) for entry in project.entries() if entry.group == key}
        for key, group in ENTRY_POINT_GROUPS.items()
    }
    return [group for group, has in wanted.items() if has.issuperset(names) and not _entries(pyproject, group)]


def _added_entry(pyproject: Pyproject, group: str, line: str) -> Edit | None:
    """The line added to its table, where that is there; None where the table is written otherwise."""
    header = pyproject.where(("project", "entry-points", group))
    return Edit(line, where=header) if pyproject.has_header(("project", "entry-points", group)) else None


def _is_dynamic(pyproject: Pyproject) -> bool:
    return "entry-points" in (pyproject.table("project").get("dynamic") or ())


def _entries(pyproject: Pyproject, group: str) -> dict[str, str]:
    """Targets without extras, by normalised name."""
    declared = pyproject.table("project", "entry-points", group)
    return {
        normalised(name): target.partition("[")[0].replace(" ", "")
        for name, target in declared.items()
        if isinstance(target, str)
    }


def _spelt(pyproject: Pyproject, group: str, name: str) -> str | None:
    return next((key for key in pyproject.table("project", "entry-points", group) if normalised(key) == name), None)


def _is_version(text: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return bool(Version(text))
    except (InvalidVersion, ValueError):
        return False


def _same_version(one: str, other: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) == Version(other)
    except (InvalidVersion, ValueError):
        return one == other


RULES = (
    Rule(
        "LA200",
        "There is project metadata",
        no_pyproject,
        tier=Tier.BRONZE,
        severity=Severity.WARNING,
        explanation=(
            "Without pyproject.toml a plugin runs from its folder, but cannot be built in a way that every installer "
            "understands."
        ),
        bad="(only setup.py)\n",
        good='[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n',
        of_source=True,
    ),
    Rule(
        "LA201",
        "Project metadata can be read",
        unreadable_pyproject,
        tier=Tier.BRONZE,
        explanation="What is not TOML stops every build.",
        bad="[project\n",
        good="[project]\n",
    ),
    Rule(
        "LA202",
        "Manifest and distribution have one name",
        other_name,
        tier=Tier.BRONZE,
        explanation=(
            "Installing, upgrading and removing go by the distribution's name, everything else by the plugin's. They "
            "are the same, with or without 'localagent-' in front, and compared normalised."
        ),
        bad='name: my-plugin  # [project] name = "localagent-other"\n',
        good='name: my-plugin  # [project] name = "localagent-my-plugin"\n',
    ),
    Rule(
        "LA203",
        "Manifest and distribution have one version",
        other_version,
        tier=Tier.BRONZE,
        explanation=(
            "Two versions of one thing make every report about it doubtful. A dynamic version is looked for where "
            "setuptools (attr, file) or hatchling (path) would find it; nothing of the project runs for that."
        ),
        bad='version: "1.1.0"  # [project] version = "1.0.0"\n',
        good='version: "1.1.0"  # [project] version = "1.1.0"\n',
    ),
    Rule(
        "LA204",
        "Entry points of the manifest are distributed",
        undistributed_entries,
        tier=Tier.BRONZE,
        explanation="An installed plugin is found by the entry points of its distribution.",
        bad='[project.entry-points."localagent.plugins.commands"]\n',
        good='[project.entry-points."localagent.plugins.commands"]\nmy-plugin = "my_plugin.plugin:MyPlugin"\n',
    ),
    Rule(
        "LA205",
        "Entry points of the distribution are in the manifest",
        undeclared_entries,
        tier=Tier.BRONZE,
        explanation="What the manifest leaves out is shown nowhere until the plugin is imported.",
        bad="entry_points: {}\n",
        good="entry_points: {commands: [{name: my-plugin, class: 'my_plugin.plugin:MyPlugin'}]}\n",
    ),
    Rule(
        "LA206",
        "Groups of entry points are known",
        unknown_groups,
        tier=Tier.BRONZE,
        explanation="A plugin in a group of another name is installed, and never found.",
        bad='[project.entry-points."localagent.plugin.commands"]\n',
        good='[project.entry-points."localagent.plugins.commands"]\n',
    ),
)
