"""Rules LA503, LA504, LA512, LA513, LA520, LA521 and LA523: the archive holds the plugin that it announces."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from localagent.diagnostics.diagnostic import Place, Severity
from localagent.diagnostics.locating import Lost, locate
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.diagnostics.rules import reading, shape, values
from localagent.errors import ManifestError
from localagent.manifest.model import ENTRY_POINT_GROUPS, MANIFEST_NAMES, manifest_of
from localagent.manifest.names import normalised, same_plugin
from localagent.manifest.wording import shown
from localagent_cli.packaging.archive import packages_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.diagnostics.project import Project
    from localagent.manifest.document import Document
    from localagent_cli.packaging.archive import Archive

_PACK = "pack it as data of the package (setuptools: [tool.setuptools.package-data] in pyproject.toml)"
_COMPILED = (".so", ".pyd")


def no_manifest(archive: Archive) -> Iterator[Finding]:
    """Archives without a manifest where it has to be."""
    if archive.manifest_path:
        return
    if archive.kind == "wheel" and not archive.entries:
        message = "no plugin: neither a manifest nor an entry point in a group localagent.plugins.*"
        fix = 'declare the plugin in [project.entry-points."localagent.plugins.commands"] of pyproject.toml'
        yield Finding(message, Place(archive.file), fix)
    elif archive.kind == "wheel":
        folders = sorted({folder for entry in archive.entries for folder in packages_of(entry)})
        where = archive.declaration(archive.entries[0])
        yield Finding(f"{MANIFEST_NAMES[0]} is not in {shown(' or '.join(folders))}", where, _PACK)
    else:
        yield Finding(f"{MANIFEST_NAMES[0]} is not in the sdist", Place(archive.file), "add it to what the sdist has")


def missing_classes(archive: Archive) -> Iterator[Finding]:
    """Entry points whose module or class is not in the wheel."""
    for entry in archive.entries:
        if not _holds_module(archive, entry.module):
            message = f"entry point '{shown(entry.name)}' names the module '{shown(entry.module)}', which is not here"
            fix = f"pack {shown(entry.module.partition('.')[0])}, or correct the entry point in pyproject.toml"
            yield Finding(message, archive.declaration(entry), fix)
        elif isinstance(lost := locate(archive.packed, entry), Lost):
            message = f"entry point '{shown(entry.name)}' names the class '{shown(lost.name)}', which is not there"
            fix = f"define {shown(lost.name)} in {lost.source.file.name}, or correct the entry point in pyproject.toml"
            yield Finding(message, archive.declaration(entry), fix)


def invalid_manifest(archive: Archive) -> Iterator[Finding]:
    """What the rules for manifests find in the one that was packed."""
    if not archive.manifest_path:
        return
    project = archive.packed
    for rule in _manifest_rules(project.document):
        for found in rule.check(project):
            if found.severity is Severity.ERROR:
                yield Finding(f"{found.message} ({rule.id})", found.where, found.fix, hint=found.hint)


def other_manifest(archive: Archive) -> Iterator[Finding]:
    """Manifests that say something else than the wheel's metadata and entry points do."""
    project, name, version = archive.packed, archive.metadata.get("name"), archive.metadata.get("version")
    if project.document is None or not name or not version:
        return
    said_name, said_version = project.text("name"), project.text("version")
    if said_name and not same_plugin(said_name, name):
        message = f"the name '{shown(said_name)}' is not the distribution's, '{shown(name)}'"
        yield Finding(message, project.where("name"), "use one name in both, with or without 'localagent-' in front")
    if said_version and not _is_same_version(said_version, version):
        message = f"the version '{shown(said_version)}' is not the distribution's, '{shown(version)}'"
        yield Finding(message, project.where("version"), "write the same version in both, and build again")
    if archive.kind == "wheel" and archive.entries:
        yield from _other_entries(archive)


def broken_modules(archive: Archive) -> Iterator[Finding]:
    """Modules that are not Python."""
    if archive.kind == "sdist":
        return
    for path in sorted(archive.texts):
        # An absolute path is no module of the archive, and another rule's matter.
        if path.endswith(".py") and "/templates/" not in f"/{path}" and not path.startswith("/"):
            source = archive.packed.source(archive.at(path).file)
            if source.problem is not None:
                where = archive.at(path, source.problem.line, source.problem.column)
                yield Finding(source.problem.message, where, "correct the syntax, and build again")


def missing_data(archive: Archive) -> Iterator[Finding]:
    """Files that the manifest names and the wheel lacks."""
    if archive.kind == "sdist" or archive.packed.document is None:
        return
    name = archive.packed.text("configuration", "schema_file")
    folder = PurePosixPath(archive.manifest_path).parent
    if name and str(folder / name) not in archive.paths:
        where = archive.packed.where("configuration", "schema_file")
        yield Finding(f"there is no '{shown(name)}' beside the manifest", where, _PACK)


def unbuildable(archive: Archive) -> Iterator[Finding]:
    """Source archives that nothing can be built from."""
    if archive.kind == "wheel":
        return
    if not {"pyproject.toml", "setup.py"} & archive.paths:
        fix = "build it with a backend that packs pyproject.toml: localagent dev build"
        yield Finding("it has neither pyproject.toml nor setup.py", Place(archive.file), fix)
    if not any(path.endswith(".py") and path != "setup.py" for path in archive.paths):
        yield Finding("it has no Python module", Place(archive.file), "add the plugin's package to what the sdist has")


def _manifest_rules(document: Document | None) -> tuple[Rule[Project], ...]:
    """The rules that can find something in a manifest.

    Those about its shape take a JSON Schema and its library, which costs more than all else that is looked at; they
    tell everything that is wrong, but not whether something is.
    """
    if document is None:
        return reading.RULES
    try:
        manifest_of(document)
    except ManifestError:
        return (*shape.RULES, *values.RULES)
    return values.RULES


def _other_entries(archive: Archive) -> Iterator[Finding]:
    project = archive.packed
    declared = {(entry.group, normalised(entry.name)): entry for entry in project.entries()}
    announced = {(entry.group, normalised(entry.name)): entry for entry in archive.entries}
    for key, entry in declared.items():
        if key not in announced:
            message = f"the entry point '{shown(entry.name)}' is not among the wheel's"
            fix = f'add it to [project.entry-points."{ENTRY_POINT_GROUPS[entry.group]}"] of pyproject.toml'
            yield Finding(message, project.where(*entry.path), fix)
        elif entry.target != announced[key].target:
            message = f"the class '{shown(entry.target)}' is '{shown(announced[key].target)}' among the entry points"
            yield Finding(message, project.where(*entry.path), "name the same class in both")
    for key, entry in announced.items():
        if key not in declared:
            message = f"the manifest lacks the {entry.kind} plugin '{shown(entry.name)}'"
            fix = f"add it to entry_points.{entry.group} of the manifest"
            yield Finding(message, archive.at(archive.manifest_path), fix)


def _holds_module(archive: Archive, module: str) -> bool:
    stem = module.replace(".", "/")
    if f"{stem}.py" in archive.paths or f"{stem}/__init__.py" in archive.paths:
        return True
    return any(path.startswith(f"{stem}.") and path.endswith(_COMPILED) for path in archive.paths)


def _is_same_version(one: str, other: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


RULES = (
    Rule(
        "LA503",
        "The manifest is in the package that an entry point names",
        no_manifest,
        tier=Tier.BRONZE,
        explanation="Without its manifest an installed plugin has no declared commands, permissions or settings.",
        bad="my_plugin/plugin.py\n",
        good="my_plugin/plugin.py\nmy_plugin/plugin-manifest.yaml\n",
    ),
    Rule(
        "LA504",
        "Entry points name classes that the wheel holds",
        missing_classes,
        tier=Tier.BRONZE,
        explanation="The class is looked for in the wheel's own text; nothing is imported.",
        bad="my-plugin = my_plugin.plugins:MyPlugin   # the module is my_plugin.plugin\n",
        good="my-plugin = my_plugin.plugin:MyPlugin\n",
    ),
    Rule(
        "LA512",
        "The packed manifest is valid",
        invalid_manifest,
        tier=Tier.BRONZE,
        explanation="It is what users are shown before they agree; the rules LA100 to LA118 say what is wrong with it.",
        bad="plugin_types: [commander]\n",
        good="plugin_types: [command]\n",
    ),
    Rule(
        "LA513",
        "The packed manifest says what the metadata say",
        other_manifest,
        tier=Tier.BRONZE,
        explanation="Installers go by the metadata, LocalAgent by the manifest; a version of each is one too many.",
        bad='version: "1.1.0"   # METADATA: Version: 1.0.0\n',
        good='version: "1.1.0"   # METADATA: Version: 1.1.0\n',
    ),
    Rule(
        "LA520",
        "Every module is valid Python",
        broken_modules,
        tier=Tier.BRONZE,
        explanation="A module that cannot be parsed fails when it is imported, which may be late.",
        bad="def greet(:\n",
        good="def greet():\n",
    ),
    Rule(
        "LA521",
        "Files that the manifest names are in the wheel",
        missing_data,
        tier=Tier.BRONZE,
        explanation="A settings schema that was left behind means settings that nobody checks.",
        bad="schema_file: config_schema.json   # not packed\n",
        good='[tool.setuptools.package-data]\nmy_plugin = ["*.json", "*.yaml"]\n',
    ),
    Rule(
        "LA523",
        "The sdist can be built from",
        unbuildable,
        tier=Tier.BRONZE,
        explanation="An sdist is for those who build the plugin themselves; it has to hold all that takes.",
        bad="my_plugin-1.0.0/PKG-INFO\n",
        good="my_plugin-1.0.0/PKG-INFO\nmy_plugin-1.0.0/pyproject.toml\nmy_plugin-1.0.0/my_plugin/plugin.py\n",
    ),
)
