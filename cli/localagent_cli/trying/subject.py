"""What is tested: where it is, how its plugins are named, and what runs its own tests."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import ManifestError, PluginNotAvailable
from localagent.host.identity import is_plugin_folder
from localagent.manifest.model import MANIFEST_NAMES, manifest_in, read_manifest

if TYPE_CHECKING:
    from localagent.host.manager import PluginManager
    from localagent.manifest.model import Testing
    from localagent_cli.trying.clean_environment import CleanEnvironment
    from localagent_cli.trying.delivery import Delivery


@dataclass(frozen=True, slots=True)
class OwnTests:
    """What runs a plugin's own tests.

    Attributes:
        command: the words of the command; empty if it has none.
        threshold: the share of its lines that must run in them, in percent; None for any.
        integration: whether those that are marked as integration tests are run, too.
    """

    command: tuple[str, ...] = ()
    threshold: float | None = None
    integration: bool = True

    @property
    def are_pytests(self) -> bool:
        """Whether pytest runs them, in a process that we start."""
        return self.command[1:3] == ("-m", "pytest")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tested.

    Attributes:
        options: how its plugins are named to the pytest plugin, one run of it each.
        folder: where tests run; None means here.
        own: what runs its own tests.
        python: the interpreter of the environment that it is tested in.
    """

    options: tuple[str, ...]
    folder: Path | None
    own: OwnTests = OwnTests()
    python: str = sys.executable


def delivered(delivery: Delivery, environment: CleanEnvironment, scratch: Path) -> Subject:
    """What is tested of a delivery that is installed: in its unpacked source, else where nothing else is."""
    folder = delivery.source or scratch / "empty"
    folder.mkdir(exist_ok=True)
    # The lines that run are those of the installed package, which its source folder does not have.
    own = replace(_own_tests(delivery.source, str(environment.python)), threshold=None)
    if delivery.tests:
        tests = (str(environment.packages / path) for path in delivery.tests)
        own = OwnTests((str(environment.python), "-m", "pytest", *tests))
    return Subject(tuple(f"name:{name}" for name in delivery.plugins), folder, own, python=str(environment.python))


def find(target: str, manager: PluginManager) -> Subject:
    """What `target` means: a plugin's name if there is one of that name, else a path."""
    found = manager.survey.plugins.get(target)
    path = Path(target).expanduser()
    if found is None and (path.exists() or os.sep in target):
        return _find_path(path.resolve())
    source = manager.survey.find(target).spec.source
    if not source.trusted:
        manager.survey.find(target).require()
    if not source.is_folder:
        return Subject((f"name:{target}",), None)
    folder = source.root if source.root.is_dir() else None
    return Subject((str(source.root),), folder, _own_tests(folder))


def _find_path(path: Path) -> Subject:
    folder = path.parent if path.name in MANIFEST_NAMES else path
    if path.is_dir() and is_plugin_folder(path):
        return Subject((str(path),), path, _own_tests(path))
    if path.name in MANIFEST_NAMES and path.is_file():
        return Subject((str(path),), folder, _own_tests(folder))
    if path.suffix == ".py" and path.is_file():
        return Subject((str(path),), None)
    problem = "it holds no plugin" if path.exists() else "it does not exist"
    raise PluginNotAvailable(
        f"nothing to test: {problem}", file=path, fix="name a plugin, the folder that has its manifest, or a wheel"
    )


def _own_tests(folder: Path | None, python: str = sys.executable) -> OwnTests:
    """What the manifest says of a folder's tests, else pytest where there are some."""
    if folder is None:
        return OwnTests()
    testing = _declared(folder)
    words = _words(testing.test_command, folder) if testing is not None else ()
    if not words and ((folder / "tests").is_dir() or any(folder.glob("test_*.py"))):
        words = ("pytest",)
    if words[:1] in {("pytest",), ("py.test",)}:
        words = (python, "-m", "pytest", *words[1:])
    elif words[:1] in {("python",), ("python3",)}:
        words = (python, *words[1:])
    if testing is None:
        return OwnTests(words)
    return OwnTests(words, testing.coverage_threshold, integration=testing.integration_tests)


def _declared(folder: Path) -> Testing | None:
    """What the manifest in a folder says of tests; None without one that can be read."""
    manifest = manifest_in(folder)
    if manifest is None:
        return None
    try:
        return read_manifest(manifest).testing
    except ManifestError:
        return None  # conformance tells what is wrong with the manifest


def _words(command: str, folder: Path) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        problem = f"'testing.test_command' cannot be split into words: {str(error).lower()}"
        raise ManifestError(
            problem, file=manifest_in(folder), fix="close the quotation, or leave the key out"
        ) from error
