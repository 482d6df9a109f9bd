"""A release as its users will meet it: uploaded, fetched by name, installed into an empty home, judged and run."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import LocalAgentError, PluginError, SystemProblem
from localagent.host.variables import without_host_variables
from localagent_cli.packaging.publishing.loopback_index import loopback_index
from localagent_cli.packaging.publishing.release import Check, Verdict
from localagent_cli.packaging.publishing.upload import upload_unprotected
from localagent_cli.packaging.resolver import pip_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localagent_cli.packaging.publishing.release import Release

_TAIL = 6
_LIMIT = 600.0
"""Seconds that one step of the rehearsal may take."""


def rehearse(release: Release, *, work: Path, tell: Callable[[str], None]) -> Iterator[Check]:
    """Go through a release on a throw-away index; nothing of the user's is changed.

    Each check is made once the one before it holds; the others are given as not tried.

    Args:
        release: what was built.
        work: an empty folder.
        tell: hears what takes its time.
    """
    work.mkdir(parents=True, exist_ok=True)
    with loopback_index(work / "index") as address:
        stage = _Stage(release, work, address)
        steps: tuple[tuple[str, Callable[[], str]], ...] = (
            ("an index takes the upload", stage.upload),
            ("the index gives back the same wheel", stage.fetch),
            ("it installs into an empty home", stage.install),
            ("it keeps its promises there", stage.judge),
            ("its commands run", stage.run_commands),
        )
        failed = False
        for what, step in steps:
            if failed:
                yield Check(what, Verdict.NOT_TRIED, "")
                continue
            tell(f"{what} ...")
            try:
                yield Check(what, Verdict.GO, step())
            except LocalAgentError as error:
                failed = True
                yield Check(what, Verdict.NO_GO, error.message, error.fix or "")


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where the rehearsal goes on."""

    release: Release
    work: Path
    address: str

    def upload(self) -> str:
        upload_unprotected(self.release.archives, self.address)
        return f"twine, to {self.address}"

    def fetch(self) -> str:
        """Fetch the wheel by name, as pip does, and compare it."""
        fetched = self.work / "fetched"
        options = ["--no-deps", "--no-cache-dir", "--only-binary", ":all:", "--index-url", f"{self.address}simple/"]
        wanted = f"{self.release.name}=={self.release.version}"
        command = [*pip_command(), "download", *options, "--dest", str(fetched), wanted]
        # Only this index is asked, whatever the user's configuration of pip adds.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        environ |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "NO_PROXY": "127.0.0.1"}
        run = _run(command, environ, self.work)
        if run.returncode:
            raise SystemProblem(_words("pip cannot fetch it", run))
        (wheel,) = fetched.iterdir()
        if _digest(wheel) != _digest(self.release.wheel):
            raise PluginError(f"{wheel.name} is not the file that was uploaded")
        return f"{wheel.name}, sha256 {_digest(wheel)[:12]}"

    def install(self) -> str:
        """Install what was fetched; what it needs comes from the index that pip is configured for."""
        wheel = self.work / "fetched" / self.release.wheel.name
        run = self._localagent("plugins", "install", str(wheel), "--yes")
        if run.returncode:
            raise PluginError(_words("it cannot be installed", run), fix=f"localagent plugins install {wheel.name}")
        listed = {row["name"]: row for row in self._json("plugins", "list", "--json")}
        for name in self.release.plugins:
            state = listed.get(name, {}).get("state", "absent")
            if state != "enabled":
                reason = listed.get(name, {}).get("reason") or ""
                raise PluginError(f"'{name}' is {state} after it was installed: {reason}".rstrip(": "), plugin=name)
        return f"enabled: {', '.join(self.release.plugins)}"

    def judge(self) -> str:
        """Run the conformance of each plugin where it is installed."""
        told: list[str] = []
        for name in self.release.plugins:
            run = self._localagent("plugins", "test", name, "--json")
            outcome = _parsed(run)
            failed = [result for result in outcome["results"] if result["outcome"] == "failed"]
            if failed or run.returncode:
                first = failed[0] if failed else {"id": name, "message": "it failed"}
                message = f"{len(failed)} failed, the first is {first['id'].rpartition('::')[2]}: {first['message']}"
                raise PluginError(message, plugin=name, fix=f"localagent plugins test {self.release.project}")
            passed = sum(result["outcome"] == "passed" for result in outcome["results"])
            told.append(f"{name}: {passed} rules of conformance")
        return ", ".join(told)

    def run_commands(self) -> str:
        """Ask each command for its help, which loads the plugin and changes nothing."""
        names = [name for plugin in self.release.plugins for name in self._commands(plugin)]
        for name in names:
            run = self._localagent(name, "--help")
            if run.returncode:
                raise PluginError(_words(f"'localagent {name} --help' ended with code {run.returncode}", run))
        return ", ".join(f"{name} --help" for name in names) or "it has no commands"

    def _commands(self, plugin: str) -> list[str]:
        details = self._json("plugins", "info", plugin, "--json")
        return [command["name"] for command in details.get("commands", [])]

    def _json(self, *words: str) -> Any:
        return _parsed(self._localagent(*words))

    def _localagent(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run LocalAgent over a home of its own, away from the project."""
        away = self.work / "elsewhere"
        away.mkdir(exist_ok=True)
        environ = without_host_variables(os.environ) | {"LOCALAGENT_HOME": str(self.work / "home"), "NO_COLOR": "1"}
        return _run([sys.executable, "-P", "-m", "localagent_cli", *words], environ, away)


def _run(command: list[str], environ: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SystemProblem(f"it took more than {_LIMIT:.0f} s: {' '.join(command[2:6])}") from error


def _parsed(run: subprocess.CompletedProcess[str]) -> Any:
    try:
        return json.loads(run.stdout)
    except ValueError as error:
        raise PluginError(_words(f"it ended with code {run.returncode}", run)) from error


def _words(what: str, run: subprocess.CompletedProcess[str]) -> str:
    said = [line.rstrip() for line in (run.stderr or run.stdout).splitlines() if line.strip()]
    return "\n".join([what, *said[-_TAIL:]])


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
