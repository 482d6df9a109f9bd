"""Rules LA105 to LA112 and LA115 to LA118: what the manifest's texts mean holds, each by itself and with the others."""

from __future__ import annotations

import shlex
from typing import Any

from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.model import KINDS
from localagent.manifest.names import BUILTIN_COMMANDS, check_name, is_target, normalised, suggest_name
from localagent.manifest.wording import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.diagnostics.project import Project
    from localagent.manifest.composing import KeyPath


def bad_names(project: Project) -> Iterator[Finding]:
    """Names that no plugin can have."""
    named = [(("name",), project.text("name")), *(((*entry.path, "name"), entry.name) for entry in project.entries())]
    for path, name in named:
        reason = check_name(name) if name else None
        if reason:
            message = f"the name '{shown(name)}' {reason}"
            yield Finding(message, project.where(*path), f"choose another name, such as {suggest_name(name)}")


def bad_version(project: Project) -> Iterator[Finding]:
    """A version that PEP 440 does not know."""
    version = project.text("version")
    if version and _version(version) is None:
        message = f"'{shown(version)}' is not a version after PEP 440"
        yield Finding(message, project.where("version"), 'write, for example, version: "1.0.0"')


def bad_targets(project: Project) -> Iterator[Finding]:
    """Entry points whose class is not ``module:Class``."""
    for entry in project.entries():
        if entry.target and not is_target(entry.target):
            message = f"'{shown(entry.target)}' is not a class as module:Class"
            fix = "write the module's dotted name, a colon and the class, such as my_plugin.plugin:MyPlugin"
            yield Finding(message, project.where(*entry.path, "class"), fix)


def kinds_without_entries(project: Project) -> Iterator[Finding]:
    """Kinds without an entry point, and entry points of a kind that is not named."""
    used = {entry.kind: entry for entry in project.entries()}
    named = {kind: path for path, kind in project.texts("plugin_types")}
    groups = {kind: group for group, kind in KINDS.items()}
    if not isinstance(project.value("plugin_types"), list) or not isinstance(project.value("entry_points"), dict):
        return
    for kind, path in named.items():
        if kind in groups and kind not in used:
            message = f"the kind '{kind}' has no entry point in 'entry_points.{groups[kind]}'"
            yield Finding(message, project.where(*path), f"add the entry point, or remove '{kind}' from plugin_types")
    for kind, entry in used.items():
        if kind not in named:
            message = f"entry points in '{entry.group}' need the kind '{kind}' in plugin_types"
            yield Finding(message, project.where("plugin_types"), f"add '{kind}' to plugin_types")


def bad_compatibility(project: Project) -> Iterator[Finding]:
    """Limits that are no versions."""
    for name in _LIMITS:
        limit = project.text("compatibility", name)
        if limit and _version(limit) is None:
            message = f"'{shown(limit)}' is not a version after PEP 440"
            where = project.where("compatibility", name)
            yield Finding(message, where, f'write one version without comparison signs, such as {name}: "3.11"')


def empty_ranges(project: Project) -> Iterator[Finding]:
    """Lower limits above the upper one."""
    for what in ("localagent", "python"):
        low, high = (project.text("compatibility", f"{what}_{end}_version") for end in ("min", "max"))
        lowest, highest = _version(low), _version(high)
        if lowest is not None and highest is not None and lowest > highest:
            message = f"no version is both at least {shown(low)} and at most {shown(high)}"
            where = project.where("compatibility", f"{what}_min_version")
            yield Finding(message, where, f"lower {what}_min_version or raise {what}_max_version")


def bad_requirements(project: Project) -> Iterator[Finding]:
    """Dependencies that PEP 508 does not know."""
    for section in ("required", "optional"):
        for path, text in project.texts("dependencies", section):
            reason = _requirement_problem(text)
            if text and reason:
                message = f"'{shown(text)}' is not a requirement after PEP 508: {reason}"
                yield Finding(message, project.where(*path), "write, for example, rich>=14")


def bad_plugin_requirements(project: Project) -> Iterator[Finding]:
    """Plugin dependencies that are no plugin's name with a version range."""
    own = {normalised(entry.name) for entry in project.entries()}
    for path, text in project.texts("dependencies", "plugins"):
        reason = _plugin_requirement_problem(text, own) if text else None
        if reason:
            message = f"'{shown(text)}' is not a required plugin: {reason}"
            yield Finding(message, project.where(*path), "write its name and range, such as other-plugin>=1.2")


def repeated_names(project: Project) -> Iterator[Finding]:
    """Plugins, and commands, of one name."""
    yield from _repeated(project, "plugin", [((*each.path, "name"), each.name) for each in project.entries()])
    yield from _repeated(project, "command", list(_commands(project)))


def bad_commands(project: Project) -> Iterator[Finding]:
    """Command names that the command line cannot take."""
    for path, name in _commands(project):
        if name in BUILTIN_COMMANDS:
            message = f"the command '{name}' is LocalAgent's own and would never be reached"
            yield Finding(message, project.where(*path), f"choose another name, such as my-{name}")
        elif name and not _is_command(name):
            message = f"'{shown(name)}' cannot be a command's name"
            fix = f"use letters, digits, '-' and '_' and begin with a letter or digit, such as {suggest_name(name)}"
            yield Finding(message, project.where(*path), fix)


def repeated_settings(project: Project) -> Iterator[Finding]:
    """Settings that are listed more than once."""
    seen: dict[str, int | None] = {}
    for section in ("required_settings", "optional_settings"):
        for path, name in project.texts("configuration", section):
            if name in seen:
                message = f"the setting '{shown(name)}' is listed twice, first in line {seen[name]}"
                yield Finding(message, project.where(*path), "keep it in one of the lists")
            seen.setdefault(name, project.where(*path).line)


def bad_test_command(project: Project) -> Iterator[Finding]:
    """A test command that cannot be split into words."""
    command = project.text("testing", "test_command")
    try:
        words = shlex.split(command)
        problem = "has no words" if command and not words else ""
    except ValueError as error:
        problem = f"cannot be split into words: {shown(str(error)).lower()}"
    if problem:
        where = project.where("testing", "test_command")
        yield Finding(f"the test command {problem}", where, "write a program and its arguments, such as pytest -q")


_LIMITS = ("localagent_min_version", "localagent_max_version", "python_min_version", "python_max_version")


def _version(text: str) -> Any:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except (InvalidVersion, ValueError):
        # A ValueError of its own comes from numbers of more digits than Python converts.
        return None


def _is_command(name: str) -> bool:
    return name.isascii() and name[0].isalnum() and name.replace("-", "").replace("_", "").isalnum()


def _requirement_problem(text: str) -> str | None:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(text)
    except (InvalidRequirement, ValueError) as error:
        return shown(str(error).partition("\n")[0]) or "it cannot be read"
    return None


def _plugin_requirement_problem(text: str, own: set[str]) -> str | None:
    from packaging.requirements import Requirement

    problem = _requirement_problem(text)
    if problem:
        return problem
    requirement = Requirement(text)
    if requirement.url or requirement.extras or requirement.marker:
        return "only a name and a version range are taken"
    if normalised(requirement.name) in own:
        return "it is this package's own"
    reason = check_name(normalised(requirement.name))
    return f"the name {reason}" if reason else None


def _commands(project: Project) -> Iterator[tuple[KeyPath, str]]:
    for entry in project.entries():
        for index in range(len(project.items(*entry.path, "commands"))):
            path = (*entry.path, "commands", index, "name")
            yield path, project.text(*path)


def _repeated(project: Project, what: str, named: list[tuple[KeyPath, str]]) -> Iterator[Finding]:
    seen: dict[str, int | None] = {}
    for path, name in named:
        key = normalised(name)
        if key and key in seen:
            message = f"the {what} '{shown(name)}' is there twice, first in line {seen[key]}"
            yield Finding(message, project.where(*path), f"give each {what} its own name")
        seen.setdefault(key, project.where(*path).line)


RULES = (
    Rule(
        "LA105",
        "Names are plain and free",
        bad_names,
        tier=Tier.BRONZE,
        explanation=(
            "A plugin's name becomes a folder, a file, part of environment variables and a word on the command line: "
            "at most 64 lower-case letters, digits and single hyphens that begin with a letter. Words the host uses "
            "itself are taken."
        ),
        bad="name: My Plugin\n",
        good="name: my-plugin\n",
    ),
    Rule(
        "LA106",
        "The version is one after PEP 440",
        bad_version,
        tier=Tier.BRONZE,
        explanation="Versions are compared, and what cannot be compared can be neither upgraded nor required.",
        bad='version: "first"\n',
        good='version: "1.0.0"\n',
    ),
    Rule(
        "LA107",
        "An entry point names a module and a class",
        bad_targets,
        tier=Tier.BRONZE,
        explanation="The class is named as in the distribution's metadata: the dotted module, a colon, the class.",
        bad="class: my_plugin/plugin.py\n",
        good="class: my_plugin.plugin:MyPlugin\n",
    ),
    Rule(
        "LA108",
        "Kinds and entry points agree",
        kinds_without_entries,
        tier=Tier.BRONZE,
        explanation="plugin_types is what lists show; each kind in it has entry points in its group, and the reverse.",
        bad="plugin_types: [command, ui]\nentry_points:\n  commands: [{name: a-plugin, class: 'a.plugin:A'}]\n",
        good="plugin_types: [command]\nentry_points:\n  commands: [{name: a-plugin, class: 'a.plugin:A'}]\n",
    ),
    Rule(
        "LA109",
        "Limits of compatibility are versions",
        bad_compatibility,
        tier=Tier.BRONZE,
        explanation="Each limit is one version; the comparison is in the key's name, and both ends are included.",
        bad='compatibility: {python_min_version: ">=3.11"}\n',
        good='compatibility: {python_min_version: "3.11"}\n',
    ),
    Rule(
        "LA110",
        "Some version is compatible",
        empty_ranges,
        tier=Tier.BRONZE,
        explanation="A lower limit above the upper one switches the plugin off everywhere.",
        bad='compatibility: {python_min_version: "3.13", python_max_version: "3.11"}\n',
        good='compatibility: {python_min_version: "3.11", python_max_version: "3.13"}\n',
    ),
    Rule(
        "LA111",
        "Dependencies are requirements after PEP 508",
        bad_requirements,
        tier=Tier.BRONZE,
        explanation="They are given to the package installer and compared with what is installed.",
        bad="dependencies: {required: ['rich => 14']}\n",
        good="dependencies: {required: ['rich>=14']}\n",
    ),
    Rule(
        "LA112",
        "Required plugins are names with ranges",
        bad_plugin_requirements,
        tier=Tier.BRONZE,
        explanation=(
            "A plugin is required by its name, with a version range after PEP 440 if need be. It cannot require "
            "itself, and addresses, extras and markers belong to distributions."
        ),
        bad="dependencies: {plugins: ['Other Plugin']}\n",
        good="dependencies: {plugins: ['other-plugin>=1.2']}\n",
    ),
    Rule(
        "LA115",
        "Names are there once",
        repeated_names,
        tier=Tier.BRONZE,
        explanation="Of two plugins or commands with one name, only one could be reached.",
        bad="commands: [{name: hello}, {name: hello}]\n",
        good="commands: [{name: hello}, {name: goodbye}]\n",
    ),
    Rule(
        "LA116",
        "Commands can be typed",
        bad_commands,
        tier=Tier.BRONZE,
        explanation="A built-in command is never shadowed, and a name with blanks cannot be typed as one word.",
        bad="commands: [{name: plugins}]\n",
        good="commands: [{name: my-plugins}]\n",
    ),
    Rule(
        "LA117",
        "A setting is listed once",
        repeated_settings,
        tier=Tier.BRONZE,
        explanation="A setting is either required or optional.",
        bad="configuration: {required_settings: [key], optional_settings: [key]}\n",
        good="configuration: {required_settings: [key], optional_settings: [depth]}\n",
    ),
    Rule(
        "LA118",
        "The test command can be run",
        bad_test_command,
        tier=Tier.BRONZE,
        explanation="The command is split into words as a shell would, and started without a shell.",
        bad="testing: {test_command: 'pytest \"tests'}\n",
        good="testing: {test_command: pytest tests}\n",
    ),
)
