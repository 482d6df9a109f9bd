"""What a manifest says, as typed values.

The fields are those of ``plugin-manifest.schema.json``; a test keeps the two equal. Reading checks types and keys by
itself, since discovery reads every changed manifest and must not pay for a JSON Schema library.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from localagent.manifest.document import read_document
from localagent.manifest.sections import Section, keys_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localagent.manifest.document import Document

MANIFEST_NAMES = ("plugin-manifest.yaml", "plugin-manifest.yml", "plugin.yaml", "plugin.yml")
# Each group of entry points in a manifest, and the group of the distribution's metadata that it stands for.
ENTRY_POINT_GROUPS = {
    "commands": "localagent.plugins.commands",
    "providers": "localagent.plugins.providers",
    "ui": "localagent.plugins.ui",
    "workflows": "localagent.plugins.workflows",
}
KINDS = {"commands": "command", "providers": "provider", "ui": "ui", "workflows": "workflow"}
SMALLEST_MANIFEST = """\
name: my-plugin
version: "1.0.0"
description: What it does, in one sentence
plugin_types: [command]
entry_points:
  commands:
    - name: my-plugin
      class: my_plugin.plugin:MyPlugin
"""


@dataclass(frozen=True, slots=True)
class DeclaredCommand:
    """A command that help can show without importing the plugin."""

    name: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """One plugin of the package.

    Attributes:
        kind: ``command``, ``provider``, ``ui`` or ``workflow``; given by the group it stands in.
        name: the plugin's name, equal to that of the distribution's entry point.
        target: where its class is, ``module:Class``; the key ``class`` of the manifest.
        commands: what it adds to the command line; empty if that must be learned by a preflight.
        activation: message topics that load it.
    """

    kind: str
    name: str
    target: str = field(metadata={"key": "class"})
    commands: tuple[DeclaredCommand, ...] = ()
    activation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compatibility:
    """Versions (PEP 440) this plugin works with, both ends included; empty means any."""

    localagent_min_version: str = ""
    localagent_max_version: str = ""
    python_min_version: str = ""
    python_max_version: str = ""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Requirements (PEP 508): distributions in `required` and `optional`, plugins by name in `plugins`."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Configuration:
    """The plugin's settings: the file of their JSON Schema, relative to the manifest, and their names."""

    schema_file: str = ""
    required_settings: tuple[str, ...] = ()
    optional_settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the plugin declares to use: False for nothing, True for anything of that sort, else words that say what.

    Attributes:
        network: hosts.
        files: ``read``, ``write`` or patterns of paths.
        process: programs that it starts.
        env: environment variables that it reads.
        native: code that is not Python, and so seen by no audit.
    """

    network: bool | tuple[str, ...] = False
    files: bool | tuple[str, ...] = False
    process: bool | tuple[str, ...] = False
    env: bool | tuple[str, ...] = False
    native: bool | tuple[str, ...] = False


@dataclass(frozen=True, slots=True)
class Testing:
    """How the plugin is tested.

    Attributes:
        test_command: what runs the tests, split as a shell would and started without one; empty for none.
        coverage_threshold: lowest acceptable line coverage in percent; None for none.
        integration_tests: whether tests marked as integration tests are run as well.
        conformance: the tier that conformance must reach: bronze, silver, gold or platinum; empty for none.
    """

    test_command: str = ""
    coverage_threshold: float | None = None
    integration_tests: bool = False
    conformance: str = ""


@dataclass(frozen=True, slots=True)
class Documentation:
    """Where the documentation is: files relative to the project's folder, and an address."""

    readme: str = ""
    docs_url: str = ""
    api_docs: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest, with the defaults filled in.

    Attributes:
        file: where it was read from.
        plugin_types: the kinds that `entry_points` has.
        reload: ``make-before-break``, or ``break-before-make`` for a plugin that owns what only one can have.
    """

    file: Path
    name: str
    version: str
    description: str
    plugin_types: tuple[str, ...]
    entry_points: tuple[EntryPoint, ...]
    schema_version: int = 1
    author: str = ""
    license: str = ""
    homepage: str = ""
    compatibility: Compatibility = field(default_factory=Compatibility)
    dependencies: Dependencies = field(default_factory=Dependencies)
    configuration: Configuration = field(default_factory=Configuration)
    permissions: Permissions = field(default_factory=Permissions)
    features: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    testing: Testing = field(default_factory=Testing)
    documentation: Documentation = field(default_factory=Documentation)
    reload: str = "make-before-break"


def find_manifest(folder: str | Path) -> Path | None:
    """The manifest that lies directly in `folder`, whatever sort of file it is; None if there is none."""
    import os
    from pathlib import Path

    # lexists, because a broken link is a manifest that cannot be read and not the absence of one; and texts, because
    # a Path for each name costs more than the looking.
    files = (f"{os.fspath(folder)}{os.sep}{name}" for name in MANIFEST_NAMES)
    return next(map(Path, filter(os.path.lexists, files)), None)


def manifest_in(root: Path) -> Path | None:
    """The manifest of the project at `root`: in its folder, else in a package of it (``pkg`` or ``src/pkg``)."""
    packages = sorted(init.parent for pattern in ("*/__init__.py", "src/*/__init__.py") for init in root.glob(pattern))
    return next(filter(None, map(find_manifest, (root, *packages))), None)


def read_manifest(file: Path) -> Manifest:
    """The manifest in `file`.

    Raises:
        ManifestError: the file cannot be read strictly, or does not fit the schema; the first finding, with its place.
    """
    return manifest_of(read_document(file, example=SMALLEST_MANIFEST))


def manifest_of(document: Document) -> Manifest:
    """The manifest that a document is.

    Raises:
        ManifestError: it does not fit the schema.
    """
    top = Section(document, (), keys_of(Manifest) - {"file"})
    return Manifest(
        file=document.file,
        name=top.plugin_name("name"),
        version=top.required_text("version"),
        description=top.required_text("description"),
        plugin_types=top.choices("plugin_types", tuple(KINDS.values())),
        entry_points=tuple(_entry_points(top)),
        schema_version=top.one_of("schema_version", (1,), 1),
        author=top.text("author"),
        license=top.text("license"),
        homepage=top.text("homepage"),
        compatibility=top.table("compatibility", Compatibility, Section.text),
        dependencies=top.table("dependencies", Dependencies, Section.texts),
        configuration=_configuration(top.section("configuration", keys_of(Configuration))),
        permissions=top.table("permissions", Permissions, Section.permission),
        features=top.texts("features"),
        tags=top.texts("tags"),
        testing=_testing(top.section("testing", keys_of(Testing))),
        documentation=top.table("documentation", Documentation, Section.text),
        reload=top.one_of("reload", ("make-before-break", "break-before-make"), "make-before-break"),
    )


def _entry_points(top: Section) -> Iterator[EntryPoint]:
    top.require("entry_points")
    groups = top.section("entry_points", frozenset(ENTRY_POINT_GROUPS))
    for group, kind in KINDS.items():
        for entry in groups.sections(group, keys_of(EntryPoint) - {"kind"}):
            commands = entry.sections("commands", keys_of(DeclaredCommand))
            yield EntryPoint(
                kind=kind,
                name=entry.plugin_name("name"),
                target=entry.target("class"),
                commands=tuple(DeclaredCommand(each.required_text("name"), each.text("help")) for each in commands),
                activation=entry.texts("activation"),
            )


def _configuration(section: Section) -> Configuration:
    return Configuration(
        section.text("schema_file"), section.texts("required_settings"), section.texts("optional_settings")
    )


def _testing(section: Section) -> Testing:
    return Testing(
        test_command=section.text("test_command"),
        coverage_threshold=section.percentage("coverage_threshold"),
        integration_tests=section.flag("integration_tests"),
        conformance=section.one_of("conformance", ("bronze", "silver", "gold", "platinum"), ""),
    )
