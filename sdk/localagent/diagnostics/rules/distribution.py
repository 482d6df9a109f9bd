"""Rules LA207 to LA213: what is built from the project can be installed, and holds what the plugin needs."""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase

from localagent.diagnostics.diagnostic import Severity
from localagent.diagnostics.edits import Edit
from localagent.diagnostics.pyproject import short_place
from localagent.diagnostics.requirements import distributed_requirements, manifest_requirements
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.diagnostics.settings_schema import settings_schema_of
from localagent.manifest.plain import is_list, is_mapping, texts_in
from localagent.manifest.wording import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localagent.diagnostics.project import Project
    from localagent.diagnostics.pyproject import Pyproject

_DATA = ("tool", "setuptools", "package-data")
# What setup.py can say beside a pyproject.toml without contradicting it.
_HARMLESS = frozenset({"cmdclass", "ext_modules", "script_name"})


def other_pythons(project: Project) -> Iterator[Finding]:
    """Manifests that promise a Python which the distribution refuses."""
    pyproject = project.readable_pyproject
    lowest, required = project.text("compatibility", "python_min_version"), None
    if pyproject is not None:
        required = pyproject.table("project").get("requires-python")
    if pyproject is None or not lowest or not isinstance(required, str):
        return
    if not _allows(required, lowest):
        there = short_place(pyproject.where(("project",), "requires-python"))
        message = f"Python {shown(lowest)} is promised, but requires-python is '{shown(required)}' ({there})"
        yield Finding(message, project.where("compatibility", "python_min_version"), "name the same version in both")


def other_requirements(project: Project) -> Iterator[Finding]:
    """Dependencies that only one of manifest and metadata names."""
    pyproject, distributed = project.readable_pyproject, distributed_requirements(project)
    declared = manifest_requirements(project)
    if pyproject is None or distributed is None or not declared:
        return
    names, own = {each.name for each in distributed}, {each.name for each in declared}
    for each in declared:
        if each.name not in names:
            file = pyproject.file.name
            message = f"'{shown(each.text)}' is not in {file}, so installing the plugin does not bring it"
            fix = f'add "{shown(each.text)}" to [project] dependencies'
            yield Finding(message, project.where(*each.path), fix)
    for each in distributed:
        if not each.is_optional and each.name not in own and each.name != "localagent":
            message = f"'{shown(each.text)}' is not in the manifest's dependencies"
            where = pyproject.where(("project",), "dependencies")
            yield Finding(message, where, f'add "{shown(each.text)}" to dependencies.required')


def left_out_files(project: Project) -> Iterator[Finding]:
    """Manifest and schema that setuptools would leave out of the wheel."""
    pyproject = project.readable_pyproject
    if pyproject is None or "setuptools" not in _backend(pyproject) or _is_told_elsewhere(project, pyproject):
        return
    packages = _packages_of(project)
    for file in _data_files(project):
        name, folder = next((each for each in packages if file.is_relative_to(each[1])), ("", project.root))
        if name and not _is_packed(file, name, folder, pyproject):
            message = f"{file.name} is not among the package's data, so the wheel will lack it"
            packed = file.relative_to(folder).as_posix()
            fix = f'write in [tool.setuptools.package-data]: {name} = ["{packed}"]'
            if name in pyproject.table(*_DATA):
                fix = f'add "{packed}" to {name} in [tool.setuptools.package-data]'
            yield Finding(message, pyproject.where(_DATA), fix, edit=_packed(pyproject, name, packed))


def no_build_system(project: Project) -> Iterator[Finding]:
    """Metadata that do not say what builds the project."""
    pyproject = project.readable_pyproject
    if pyproject is not None and pyproject.table("project") and not _backend(pyproject):
        fix = '[build-system]\nrequires = ["hatchling>=1.27"]\nbuild-backend = "hatchling.build"'
        where = pyproject.where(("build-system",))
        yield Finding("pyproject.toml does not say what builds the project", where, f"write, for example:\n{fix}")


def contradicting_setup(project: Project) -> Iterator[Finding]:
    """Arguments of setup() that are lost, or that win over pyproject.toml."""
    pyproject = project.readable_pyproject
    if pyproject is None or not pyproject.table("project"):
        return
    file = project.root / "setup.py"
    source = project.source(file) if file.is_file() else None
    if source is None or source.tree is None:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _is_setup(node.func):
            for keyword in node.keywords:
                if keyword.arg and keyword.arg not in _HARMLESS:
                    message = (
                        f"setup.py says {keyword.arg}, which pyproject.toml decides: one of the two is wrong or lost"
                    )
                    where = source.place(keyword)
                    fix = (
                        'remove it, down to setup(script_name="setup.py"), which keeps setup.py itself out of the wheel'
                    )
                    yield Finding(message, where, fix)


def missing_named_files(project: Project) -> Iterator[Finding]:
    """Files of the metadata that are not there."""
    pyproject = project.readable_pyproject
    if pyproject is None:
        return
    metadata = pyproject.table("project")
    readme = metadata.get("readme")
    named = [("readme", readme.get("file") if is_mapping(readme) else readme)]
    licences = metadata.get("license-files")
    named += [("license-files", pattern) for pattern in (licences if is_list(licences) else [])]
    for key, name in named:
        if isinstance(name, str) and name and not _is_there(project.root, name):
            message = f"there is no file '{shown(name)}', which '{key}' names"
            yield Finding(message, pyproject.where(("project",), key), "write it, or correct the name")


def open_pythons(project: Project) -> Iterator[Finding]:
    """Metadata without a lowest Python."""
    pyproject = project.readable_pyproject
    metadata = pyproject.table("project") if pyproject else {}
    if pyproject and metadata and "requires-python" not in {*metadata, *texts_in(metadata.get("dynamic"))}:
        where = pyproject.where(("project",))
        yield Finding("there is no 'requires-python'", where, 'add, for example, requires-python = ">=3.11"')


def _backend(pyproject: Pyproject) -> str:
    value = pyproject.table("build-system").get("build-backend")
    return value if isinstance(value, str) else ""


def _allows(required: str, version: str) -> bool:
    """Whether a range takes a version, or any that begins so; what is no range is for others to tell."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        specifiers = SpecifierSet(required)
        return specifiers.contains(version) or specifiers.contains(f"{version}.99")
    except (InvalidSpecifier, ValueError):
        return True


def _is_told_elsewhere(project: Project, pyproject: Pyproject) -> bool:
    """Whether a list of files, or version control, says what belongs to the package."""
    required = texts_in(pyproject.table("build-system").get("requires"))
    return (project.root / "MANIFEST.in").exists() or any("setuptools" in each and "scm" in each for each in required)


def _packed(pyproject: Pyproject, package: str, file: str) -> Edit | None:
    """The file added to the package's data, where they have a table of their own."""
    if not pyproject.has_header(_DATA):
        return None
    listed = pyproject.table(*_DATA).get(package)
    if listed is None:
        return Edit(f'{package} = ["{file}"]', where=pyproject.where(_DATA))
    return Edit(f'= ["{file}", ', "= [", pyproject.where(_DATA, package)) if is_list(listed) and listed else None


def _data_files(project: Project) -> Iterator[Path]:
    yield project.manifest_file
    schema = settings_schema_of(project)
    if schema is not None:
        yield schema.file


def _packages_of(project: Project) -> list[tuple[str, Path]]:
    """The packages that entry points name, with their folders."""
    found: dict[str, Path] = {}
    for top in (entry.module.partition(".")[0] for entry in project.entries()):
        file = project.module_file(top)
        if top in project.package_dirs:
            found[top] = project.root / project.package_dirs[top]
        elif file is not None and file.name == "__init__.py":
            found[top] = file.parent
    return list(found.items())


def _is_packed(file: Path, package: str, folder: Path, pyproject: Pyproject) -> bool:
    for name, patterns in pyproject.table("tool", "setuptools", "package-data").items():
        within = folder.joinpath(*name.split(".")[1:]) if name.partition(".")[0] == package else folder
        if name in ("", "*") or name.partition(".")[0] == package:
            path = file.relative_to(within).as_posix() if file.is_relative_to(within) else ""
            if any(
                fnmatchcase(path, each) or fnmatchcase(path, each.replace("**/", "")) for each in texts_in(patterns)
            ):
                return True
    return False


def _is_setup(function: ast.expr) -> bool:
    match function:
        case ast.Name(id="setup") | ast.Attribute(attr="setup"):
            return True
        case _:
            return False


def _is_there(root: Path, pattern: str) -> bool:
    try:
        return any(root.glob(pattern))
    except (ValueError, NotImplementedError):
        # No pattern that pathlib knows: a build will tell.
        return True


RULES = (
    Rule(
        "LA207",
        "Manifest and distribution promise the same Pythons",
        other_pythons,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="Installers obey requires-python; what the manifest promises beyond it cannot be had.",
        bad='python_min_version: "3.11"  # requires-python = ">=3.12"\n',
        good='python_min_version: "3.12"  # requires-python = ">=3.12"\n',
    ),
    Rule(
        "LA208",
        "Manifest and distribution need the same",
        other_requirements,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation=(
            "Installers bring what the metadata name; the manifest is shown before anything is installed. Where the "
            "manifest lists no dependencies at all, nothing is compared."
        ),
        bad='dependencies: {required: ["requests>=2"]}  # [project] dependencies = []\n',
        good='dependencies: {required: ["requests>=2"]}  # [project] dependencies = ["requests>=2"]\n',
    ),
    Rule(
        "LA209",
        "The wheel holds manifest and schema",
        left_out_files,
        tier=Tier.BRONZE,
        explanation=(
            "Setuptools packs Python files, and other files only where it is told to. Without its manifest an "
            "installed plugin has no declared commands, permissions or settings."
        ),
        bad="[tool.setuptools.package-data]\nmy_plugin = []\n",
        good='[tool.setuptools.package-data]\nmy_plugin = ["*.yaml", "*.json"]\n',
        of_source=True,
    ),
    Rule(
        "LA210",
        "The metadata say what builds the project",
        no_build_system,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="Without it installers fall back to an old way of setuptools that few projects are tested with.",
        bad='[project]\nname = "my-plugin"\n',
        good='[build-system]\nrequires = ["hatchling>=1.27"]\nbuild-backend = "hatchling.build"\n',
        of_source=True,
    ),
    Rule(
        "LA211",
        "setup.py does not contradict pyproject.toml",
        contradicting_setup,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation=(
            "Where both are there, setuptools takes names, dependencies and entry points from pyproject.toml and some "
            "other values, such as the lowest Python and the author, from setup.py."
        ),
        bad='setup(name="my-plugin", python_requires=">=3.9")\n',
        good='setup(script_name="setup.py")\n',
        of_source=True,
    ),
    Rule(
        "LA212",
        "Files that the metadata name exist",
        missing_named_files,
        tier=Tier.BRONZE,
        explanation="A build stops at a readme or a licence that is not there.",
        bad='readme = "README.rst"  # the file is README.md\n',
        good='readme = "README.md"\n',
        of_source=True,
    ),
    Rule(
        "LA213",
        "The metadata name the lowest Python",
        open_pythons,
        tier=Tier.GOLD,
        severity=Severity.NOTE,
        explanation="Without it installers offer the plugin to Pythons on which it cannot even be parsed.",
        bad='[project]\nname = "my-plugin"\n',
        good='[project]\nname = "my-plugin"\nrequires-python = ">=3.11"\n',
    ),
)
