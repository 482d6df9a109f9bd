"""A second plugin in a package that has one: all of it or nothing."""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, SystemProblem, UsageError
from localagent.manifest.document import read_document
from localagent.manifest.model import manifest_in, read_manifest
from localagent.manifest.names import normalised
from localagent.version import __version__
from localagent_cli.scaffold import applying
from localagent_cli.scaffold.alone import alone
from localagent_cli.scaffold.manifest_additions import manifest_with
from localagent_cli.scaffold.names import check_new_name, module_for
from localagent_cli.scaffold.pyproject_additions import pyproject_with
from localagent_cli.scaffold.render import renderer
from localagent_cli.scaffold.words import check_kind

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from localagent.manifest.model import Manifest

_PYPROJECT = "pyproject.toml"
_LAYOUT = "flat"
"""One module with what belongs to it, as that layout has it, becomes a package within the package."""


@dataclass(frozen=True, slots=True)
class AddedPlugin:
    """A plugin that was added to a package.

    Attributes:
        folder: the package's project, absolute.
        name: the plugin's.
        target: where its class is, ``module:Class``.
        first_words: what shows that it works, as words for ``localagent dev run FOLDER --``.
        files: what was written, relative to `folder`.
        changed: what was there and is different now, relative to `folder`.
    """

    folder: Path
    name: str
    target: str
    first_words: str
    files: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Package:
    """The package that gets another plugin.

    Attributes:
        folder: the project's, absolute.
        manifest: its manifest.
        module: the package's import name.
        home: the package's folder relative to the project's; ``.`` if that is the project's own.
    """

    folder: Path
    manifest: Manifest
    module: str
    home: Path


def add_plugin(folder: Path, kind: str, *, name: str | None = None) -> AddedPlugin:
    """Add a plugin of `kind` to the package whose project is in `folder`.

    Its module, settings and tests are new files; the manifest and ``pyproject.toml`` get what it needs, and keep their
    comments. All of it is done or nothing.

    Args:
        folder: the project's.
        kind: one of `localagent_templates.KINDS`.
        name: the plugin's; by default the package's with the kind.

    Raises:
        UsageError: a word that cannot be taken, or no package that can get a plugin; nothing was written.
        ConfigError: ``pyproject.toml`` or the manifest cannot be added to; nothing was written.
        ManifestError: the manifest cannot be read.
        RefusedError: something lies where the plugin would.
        MissingExtra: Copier is not installed.
        SystemProblem: the disk is in the way, or another change of the plugin is running.
    """
    check_kind(kind)
    if name is not None:
        check_new_name(name)
    folder = folder.absolute()
    if not folder.is_dir():
        raise UsageError("there is no such folder", file=folder, fix="localagent dev add KIND PATH")
    with _disk_problems(folder), alone(folder):
        ended = _end_earlier(folder, kind, name) if applying.is_unfinished(folder) else None
        if ended is not None:
            return ended
        applying.sweep(folder)
        package = _read_package(folder)
        return _add(package, kind, _new_name(package, kind, name))


def _end_earlier(folder: Path, kind: str, name: str | None) -> AddedPlugin | None:
    """Do what an earlier run was kept from; gives the plugin if it is the one that is asked for now."""
    note = applying.finish(folder)
    added = note.get("added")
    if added is None or note["kind"] != kind or name not in (None, added["name"]):
        return None
    return AddedPlugin(
        folder=folder,
        name=added["name"],
        target=added["target"],
        first_words=added["first_words"],
        files=tuple(added["files"]),
        changed=tuple(added["changed"]),
    )


def _read_package(folder: Path) -> _Package:
    file = manifest_in(folder)
    if file is None or not (folder / _PYPROJECT).is_file():
        lacking = "manifest" if file is None else _PYPROJECT
        raise UsageError(
            f"{folder} is not the project of a plugin: it has no {lacking}",
            file=folder,
            fix="name the folder of one, or make a plugin: localagent dev create-plugin NAME KIND",
        )
    manifest = read_manifest(file)
    module = manifest.entry_points[0].target.partition(":")[0]
    home = file.parent.relative_to(folder)
    if "." not in module:
        raise UsageError(
            f"the plugin is the single module {module}, in which there is no room for another",
            file=file,
            fix="make it a package first, or a plugin of its own: localagent dev create-plugin NAME KIND",
        )
    return _Package(folder, manifest, module.partition(".")[0], home)


def _new_name(package: _Package, kind: str, name: str | None) -> str:
    own = package.manifest.name.removeprefix("localagent-")
    chosen = name or f"{own}-{kind}"
    check_new_name(chosen)
    if normalised(chosen) in {normalised(entry.name) for entry in package.manifest.entry_points}:
        raise UsageError(
            f"the package has a plugin '{chosen}' already", file=package.manifest.file, fix="choose another --name"
        )
    return chosen


def _add(package: _Package, kind: str, name: str) -> AddedPlugin:
    word = module_for(name, beside=package.module)
    within = (package.home / word).as_posix()
    # The tests of a package within the project's own folder find it there; all others are found by the package's name.
    is_flat = package.home == Path()
    answers = {
        "name": name,
        "kind": kind,
        "layout": _LAYOUT,
        "package": f"{package.module}.{word}",
        "module": f"{word}.plugin" if is_flat else f"{package.module}.{word}.plugin",
        "version": package.manifest.version,
        "ci": False,
    }
    render = renderer(needed_for="dev add")
    with tempfile.TemporaryDirectory(prefix="localagent-add-", ignore_cleanup_errors=True) as temporary:
        made, tree = Path(temporary, "made"), Path(temporary, "tree")
        told = render(answers, made)
        added = read_document(made / "plugin-manifest.yaml").data
        moves = _moves(within, word)
        changes = _changed_files(package, made, added, within=within, module=f"{package.module}.{word}")
        _lay_out(made, tree, moves, changes)
        applying.check_landing(package.folder, moves.values(), tracked=changes)
        plugin = AddedPlugin(
            folder=package.folder,
            name=name,
            target=f"{package.module}.{word}.plugin:{told['class_name']}",
            first_words=told["first_words"],
            files=tuple(sorted(moves.values())),
            changed=tuple(changes),
        )
        written = (*moves.values(), *changes)
        applying.apply(package.folder, tree, written=written, removed=(), note=_note(plugin, kind))
    return plugin


def _note(plugin: AddedPlugin, kind: str) -> dict[str, object]:
    """What is needed to end this later; the first three are for an update of the plugin, should that come first."""
    added = {**asdict(plugin), "folder": None}
    return {"before": __version__, "after": __version__, "changes": [], "kind": kind, "added": added}


def _moves(within: str, word: str) -> dict[str, str]:
    """Where that of a new plugin goes which belongs to its kind."""
    return {
        "__init__.py": f"{within}/__init__.py",
        "plugin.py": f"{within}/plugin.py",
        "config_schema.json": f"{within}/config_schema.json",
        "tests/test_plugin.py": f"tests/test_{word}.py",
        "tests/test_integration.py": f"tests/test_{word}_integration.py",
    }


def _changed_files(
    package: _Package, made: Path, added: Mapping[str, Any], *, within: str, module: str
) -> dict[str, str]:
    """The new texts of files that are there, by path."""
    file = package.manifest.file
    pyproject = package.folder / _PYPROJECT
    return {
        file.relative_to(package.folder).as_posix(): manifest_with(_text(file), added, file),
        _PYPROJECT: pyproject_with(
            _text(pyproject),
            tomllib.loads(_text(made / _PYPROJECT)),
            package=module,
            folder=within,
            file=pyproject,
        ),
    }


def _lay_out(made: Path, tree: Path, moves: Mapping[str, str], changes: Mapping[str, str]) -> None:
    """Put all files into a tree as they are to lie in the project."""
    for source, target in moves.items():
        (tree / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(made / source, tree / target)
    for target, text in changes.items():
        (tree / target).parent.mkdir(parents=True, exist_ok=True)
        (tree / target).write_text(text, encoding="utf-8", newline="")


def _text(file: Path) -> str:
    """The text with its line endings as they are."""
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError as problem:
        raise ConfigError("this is not UTF-8", file=file) from problem


@contextmanager
def _disk_problems(folder: Path) -> Generator[None]:
    """Turn what the operating system says into our words."""
    try:
        yield
    except OSError as problem:
        raise SystemProblem(
            f"the plugin cannot be added: {problem.strerror or problem}",
            file=problem.filename or folder,
            fix="look at the disk's free space and the folder's permissions, then run the same command again",
        ) from problem
