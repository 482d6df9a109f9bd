"""A fresh virtual environment: LocalAgent as it runs here, its testing tools, and one plugin with what it asks for."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from localagent.errors import SystemProblem
from localagent_cli.packaging.installed import Distribution, needs
from localagent_cli.packaging.resolver import pip_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Runner = Callable[..., subprocess.CompletedProcess[str]]

_HOST = "localagent"
_SHARED = f"{_HOST}[test]"
"""What is taken over from here: the host with the tools that test plugins."""

# With these a user steers where pip puts things, or makes it replace what is there.
_PIP_PLACES = frozenset({"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_FORCE_REINSTALL", "PIP_PYTHON"})
# These would let the new environment see the modules of this one.
_PYTHON_PLACES = frozenset({"PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"})


class NotInstallable(Exception):
    """The plugin cannot be installed; the message ends with the installer's reasons."""


@dataclass(frozen=True, slots=True)
class CleanEnvironment:
    """A virtual environment.

    Attributes:
        folder: where it is.
        python: its interpreter.
        packages: its ``site-packages``.
    """

    folder: Path
    python: Path
    packages: Path

    def variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        """`environ` for processes in it: nothing of another environment can be imported or found first."""
        kept = {name: value for name, value in environ.items() if name not in _PYTHON_PLACES}
        path = os.pathsep.join(filter(None, (str(self.python.parent), kept.get("PATH"))))
        return kept | {"PATH": path, "PYTHONNOUSERSITE": "1", "VIRTUAL_ENV": str(self.folder)}


def make_environment(folder: Path) -> CleanEnvironment:
    """Make an environment in `folder` that has the running LocalAgent, and what that and its tests need.

    These distributions are copied file by file from where they are imported here, so no index is asked.

    Raises:
        SystemProblem: LocalAgent runs without being installed, or the disk is in the way.
    """
    try:
        venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
        made = CleanEnvironment(folder, folder / "bin" / "python", _packages_of(folder))
        for distribution in shared_distributions().values():
            _copy(distribution, made.packages)
    except OSError as error:
        raise SystemProblem(
            f"cannot make a clean environment: {error.strerror or error}", file=error.filename or folder
        ) from error
    return made


def install_into(
    environment: CleanEnvironment, requirement: str, *, work: Path, environ: Mapping[str, str], runner: Runner
) -> None:
    """Install a plugin, and from the configured index what it needs beside what is there.

    What was copied is never replaced: a plan that would do so is not carried out. Where there is uv, uv does it.

    Args:
        environment: where to.
        requirement: the plugin's wheel as a requirement.
        work: a folder for files of the installer.
        environ: the environment, with which users configure their installer.
        runner: starts processes as `subprocess.run` does.

    Raises:
        NotInstallable: it cannot be, for instance because a requirement is nowhere to be found.
        SystemProblem: there is neither uv nor pip.
    """
    pinned = work / "constraints.txt"
    shared = shared_distributions()
    pinned.write_text("".join(f"{name}=={found.version}\n" for name, found in shared.items()), encoding="utf-8")
    uv = uv_command()
    words = _uv_words(uv, environment) if uv else _pip_words(environment)
    command = [*words, "--constraint", str(pinned), requirement]
    variables = {name: value for name, value in environ.items() if name not in _PIP_PLACES | _PYTHON_PLACES}
    report = work / "report.json"
    plan = _run([*command, *(["--dry-run"] if uv else ["--dry-run", "--report", str(report)])], work, variables, runner)
    planned = _planned_by_uv(plan) if uv else _planned_by_pip(report)
    for name in sorted(planned & shared.keys()):
        raise NotInstallable(f"it would replace {name} {shared[name].version}, which the host runs with")
    _run(command, work, variables, runner)


def shared_distributions() -> dict[str, importlib.metadata.Distribution]:
    """The host and what it needs with its testing tools, by normalised name; what is not installed is left out.

    Raises:
        SystemProblem: LocalAgent runs without being installed.
    """
    found: dict[str, importlib.metadata.Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(_SHARED)]
    while waiting:
        need = waiting.pop()
        name = canonicalize_name(need.name)
        if (name, frozenset(need.extras)) in seen:
            continue
        seen.add((name, frozenset(need.extras)))
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found[name] = distribution
        known = Distribution(name, distribution.version, tuple(distribution.requires or ()))
        waiting += needs(known, need.extras)
    if _HOST not in found:
        raise SystemProblem(
            f"{_HOST} runs without being installed, so no environment can have the same one",
            fix="python -m pip install -e . in its folder",
        )
    return found


def uv_command() -> list[str]:
    """How to run uv; empty where it is not there."""
    if importlib.util.find_spec("uv") is not None:
        return [sys.executable, "-m", "uv"]
    found = shutil.which("uv")
    return [found] if found else []


def _uv_words(uv: Sequence[str], environment: CleanEnvironment) -> list[str]:
    return [*uv, "pip", "install", "--no-progress", "--color", "never", "--python", str(environment.python)]


def _pip_words(environment: CleanEnvironment) -> list[str]:
    options = ("--disable-pip-version-check", "--no-input", "--no-color", "--progress-bar", "off")
    return [*pip_command(), "--python", str(environment.python), "install", *options]


def _planned_by_uv(output: str) -> set[str]:
    """The distributions on the lines ``+ name==1.0`` of a dry run."""
    return {canonicalize_name(name) for name in re.findall(r"^ [+~] ([\w.-]+?)(?:==| @ )", output, re.MULTILINE)}


def _planned_by_pip(report: Path) -> set[str]:
    """The distributions in pip's report (https://pip.pypa.io/en/stable/reference/installation-report/)."""
    items = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {canonicalize_name(item["metadata"]["name"]) for item in items}


def _run(command: Sequence[str], work: Path, environ: Mapping[str, str], runner: Runner) -> str:
    log = work / "installer.log"
    with log.open("wb") as output:
        ended = runner(
            command, cwd=work, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    said = log.read_text(encoding="utf-8", errors="replace")
    if ended.returncode:
        raise NotInstallable("\n".join(line for line in said.splitlines() if line.strip()).strip()[-2000:])
    return said


def _packages_of(folder: Path) -> Path:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return folder / "lib" / version / "site-packages"


def _copy(distribution: importlib.metadata.Distribution, packages: Path) -> None:
    """Copy the modules and metadata of an installed distribution; its scripts, which name another Python, stay."""
    if distribution.files is None:
        raise SystemProblem(
            f"{distribution.name} {distribution.version} does not say which files it has, so it cannot be copied",
            fix=f"python -m pip install --force-reinstall {distribution.name}=={distribution.version}",
        )
    for file in distribution.files:
        if ".." in file.parts or file.is_absolute():
            continue
        source, target = Path(str(distribution.locate_file(file))), packages / file
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
