"""The tests of a plugin, run in processes of their own: conformance to the host's rules, and what it brings along."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from localagent.errors import ManifestError, MissingExtra, PluginNotAvailable
from localagent.host.environments import current_environment
from localagent.host.identity import is_plugin_folder
from localagent.manifest.model import MANIFEST_NAMES, manifest_in, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent.host.manager import PluginManager

    Runner = Callable[..., subprocess.CompletedProcess[str]]

CONFORMANCE_LIMIT = 120.0
"""Seconds that the conformance of one plugin, which may hang, can take."""

_PYTEST_VARIABLES = frozenset({"PYTEST_ADDOPTS", "PYTEST_PLUGINS"})
"""What the user tells pytest by the environment; it concerns the plugin's own tests."""

# The process ends when pytest is done, whatever threads and exit functions the plugin left.
_CONFORMANCE = """\
import os, sys, pytest
code = pytest.main(sys.argv[1:])
sys.stdout.flush()
os._exit(code)
"""

_TAIL = 40
"""Lines of output that are kept."""

_STACK = "(most recent call first):\n"
"""What faulthandler prints before a stack."""

_INNERMOST = 5
"""Lines of such a stack that tell where it hung."""

_NO_TESTS = 5
"""pytest's exit code where there is no test to run."""

# With these a developer steers the host; a plugin's settings, LOCALAGENT_<PLUGIN>_<KEY>, are something else.
HOST_VARIABLES = frozenset(
    {"LOCALAGENT_HOME", "LOCALAGENT_DEV_MODE", "LOCALAGENT_PLUGINS_ALLOW_DEV", "LOCALAGENT_PLUGINS_ENABLED"}
)


@dataclass(frozen=True, slots=True)
class TestResult:
    """What became of one test.

    Attributes:
        id: pytest's node id, or the command where that is all there is.
        kind: ``conformance`` or ``own``.
        outcome: ``passed``, ``failed``, ``skipped`` or ``warned``.
        seconds: how long it took.
        message: why it did not pass.
    """

    __test__: ClassVar[bool] = False  # pytest would take a class of this name for tests

    id: str
    kind: str
    outcome: str
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """What became of all tests of a plugin.

    Attributes:
        target: the folder or the name that was tested.
        command: what ran the plugin's own tests; empty if it has none.
        results: conformance first, then the plugin's own tests.
        output: the last lines of what the tests printed.
        findings: what the static rules found in the source folder; for display, they decide nothing here.
    """

    __test__: ClassVar[bool] = False  # as above

    target: str
    command: tuple[str, ...]
    results: tuple[TestResult, ...]
    output: str
    findings: tuple[Diagnostic, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no test failed."""
        return all(result.outcome != "failed" for result in self.results)

    @property
    def exit_code(self) -> int:
        """0 if no test failed, else 1."""
        return 0 if self.passed else 1


def run_plugin_tests(
    target: str, *, manager: PluginManager, audit: bool = False, runner: Runner = subprocess.run
) -> TestOutcome:
    """Test a plugin: conformance always, and its own tests where its source is at hand.

    The tests run over a temporary home; the environments that hold installed plugins can be imported from.

    Args:
        target: the name of a plugin, or the path of its folder, manifest or single file.
        manager: knows the plugins by name.
        audit: whether what the plugin uses is recorded and held against its permissions.
        runner: starts processes as `subprocess.run` does.

    Raises:
        PluginNotAvailable: there is no such plugin, or its folder is not trusted.
        MissingExtra: pytest is not installed.
        ManifestError: the manifest's test command cannot be split into words.
    """
    subject = _find(target, manager)
    _require_pytest()
    with tempfile.TemporaryDirectory(prefix="localagent-tests-", ignore_cleanup_errors=True) as folder:
        bench = _Bench(subject, Path(folder), _environ(Path(folder), manager), runner)
        conformance, output = bench.conformance(audit=audit)
        command = _own_command(subject.folder)
        own, own_output = bench.own(command) if command else ((), "")
    return TestOutcome(
        target,
        command,
        (*conformance, *own),
        "\n".join(f"{output}\n{own_output}".strip().splitlines()[-_TAIL:]),
        _findings(subject.folder),
    )


def without_host_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without what steers the host, such as development mode."""
    return {name: value for name, value in environ.items() if name not in HOST_VARIABLES}


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is tested.

    Attributes:
        option: how it is named to the pytest plugin.
        folder: the source folder; None if there is none.
    """

    option: str
    folder: Path | None


@dataclass(frozen=True, slots=True)
class _Ended:
    """A process that ended: its exit code, None if it had to be stopped, and what it printed."""

    code: int | None
    output: str

    @property
    def reason(self) -> str:
        """Why there is no better news: one sentence, then where it hung or what was printed last."""
        stack = self.output.rpartition(_STACK)[2].splitlines()
        if self.code is None and _STACK in self.output:
            return "\n".join(("it hung, and had to be stopped:", *stack[:_INNERMOST]))
        how = "it had to be stopped" if self.code is None else f"it ended with code {self.code}"
        return "\n".join((how, *self.output.strip().splitlines()[-_TAIL:]))


@dataclass(frozen=True, slots=True)
class _Bench:
    """A place to run the tests of one plugin.

    Attributes:
        subject: what is tested.
        scratch: a temporary folder.
        environ: the environment of the processes.
        runner: starts them.
    """

    subject: _Subject
    scratch: Path
    environ: Mapping[str, str]
    runner: Runner = field(repr=False)

    def conformance(self, *, audit: bool) -> tuple[tuple[TestResult, ...], str]:
        """Run the conformance rules; neither the plugin's pytest configuration nor other pytest plugins take part."""
        configuration = self.scratch / "pytest.ini"
        configuration.write_text("[pytest]\n", encoding="utf-8")
        report = self.scratch / "conformance.json"
        # -P: a plugin's folder is no import path for the host either.
        command = (
            *(sys.executable, "-P", "-c", _CONFORMANCE, "-q", "-p", "localagent", "-p", "no:cacheprovider"),
            *("-c", str(configuration), "-o", f"faulthandler_timeout={CONFORMANCE_LIMIT / 2}"),
            *("--localagent-plugin", self.subject.option, "--localagent-conformance-only"),
            *("--localagent-report", str(report), *(("--localagent-audit",) if audit else ()), str(self.scratch)),
        )
        environ = {name: value for name, value in self.environ.items() if name not in _PYTEST_VARIABLES}
        ended = self._run(command, environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, limit=CONFORMANCE_LIMIT)
        results = _read(report, "conformance")
        if results and (ended.code == 0 or any(result.outcome == "failed" for result in results)):
            return results, ended.output
        message = f"the plugin's life was not seen to its end: {ended.reason}"
        return (*results, TestResult("conformance", "conformance", "failed", message=message)), ended.output

    def own(self, command: tuple[str, ...]) -> tuple[tuple[TestResult, ...], str]:
        """Run the plugin's own tests."""
        report = self.scratch / "own.json"
        is_pytest = command[1:3] == ("-m", "pytest")
        reporting = ("-p", "localagent", "--localagent-report", str(report)) if is_pytest else ()
        try:
            ended = self._run((*command, *reporting), self.environ, limit=None)
        except OSError as error:
            ended = _Ended(None, f"{command[0]}: {error.strerror}")
        results = _read(report, "own")
        return (*results, *_remark(command, ended, results, is_pytest=is_pytest)), ended.output

    def _run(self, command: tuple[str, ...], environ: Mapping[str, str], *, limit: float | None) -> _Ended:
        log = self.scratch / "output"
        # A file, not a pipe: a process that a test left running would keep a pipe open.
        with log.open("wb") as output:
            try:
                code: int | None = self.runner(
                    list(command),
                    cwd=self.subject.folder,
                    env=dict(environ),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=limit,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                code = None
        return _Ended(code, log.read_text(encoding="utf-8", errors="replace"))


def _remark(
    command: tuple[str, ...], ended: _Ended, results: tuple[TestResult, ...], *, is_pytest: bool
) -> tuple[TestResult, ...]:
    """What the exit code says beyond the results."""
    name = shlex.join(("pytest", *command[3:]) if is_pytest else command)
    if ended.code == 0:
        return () if is_pytest else (TestResult(name, "own", "passed"),)
    if any(result.outcome == "failed" for result in results):
        return ()
    if is_pytest and ended.code == _NO_TESTS:
        return (TestResult(name, "own", "skipped", message="there is no test to run"),)
    return (TestResult(name, "own", "failed", message=ended.reason),)


def _find(target: str, manager: PluginManager) -> _Subject:
    """What `target` means: a plugin's name if there is one of that name, else a path."""
    found = manager.survey.plugins.get(target)
    path = Path(target).expanduser()
    if found is None and (path.exists() or os.sep in target):
        return _find_path(path.resolve())
    source = manager.survey.find(target).spec.source
    if not source.trusted:
        manager.survey.find(target).require()
    if not source.is_folder:
        return _Subject(f"name:{target}", None)
    return _Subject(str(source.root), source.root if source.root.is_dir() else None)


def _find_path(path: Path) -> _Subject:
    folder = path.parent if path.name in MANIFEST_NAMES else path
    if path.is_dir() and is_plugin_folder(path):
        return _Subject(str(path), path)
    if path.name in MANIFEST_NAMES and path.is_file():
        return _Subject(str(path), folder)
    if path.suffix == ".py" and path.is_file():
        return _Subject(str(path), None)
    problem = "it holds no plugin" if path.exists() else "it does not exist"
    raise PluginNotAvailable(
        f"nothing to test: {problem}", file=path, fix="name a plugin, or the folder that has its manifest"
    )


def _own_command(folder: Path | None) -> tuple[str, ...]:
    """What runs the plugin's own tests: the manifest's ``test_command``, else pytest where there are tests."""
    if folder is None:
        return ()
    words = _declared_words(folder)
    if not words and ((folder / "tests").is_dir() or any(folder.glob("test_*.py"))):
        words = ("pytest",)
    if words[:1] in {("pytest",), ("py.test",)}:
        return (sys.executable, "-m", "pytest", *words[1:])
    if words[:1] in {("python",), ("python3",)}:
        return (sys.executable, *words[1:])
    return words


def _declared_words(folder: Path) -> tuple[str, ...]:
    manifest = manifest_in(folder)
    if manifest is None:
        return ()
    try:
        command = read_manifest(manifest).testing.test_command
    except ManifestError:
        return ()  # conformance tells what is wrong with the manifest
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        problem = f"'testing.test_command' cannot be split into words: {str(error).lower()}"
        raise ManifestError(problem, file=manifest, fix="close the quotation, or leave the key out") from error


def _require_pytest() -> None:
    import importlib.util

    if importlib.util.find_spec("pytest") is None:
        raise MissingExtra("test", needed_for="plugins test")


def _environ(scratch: Path, manager: PluginManager) -> dict[str, str]:
    """The environment of the test processes: a home of their own, and the environment of installed plugins in reach."""
    environ = without_host_variables(os.environ) | {"LOCALAGENT_HOME": str(scratch / "home")}
    installed = current_environment(manager.host.home.path)
    if installed is not None:
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, (environ.get("PYTHONPATH"), str(installed))))
    return environ


def _read(report: Path, kind: str) -> tuple[TestResult, ...]:
    """The results of one kind; none where the process ended before it wrote them."""
    try:
        entries = json.loads(report.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(TestResult(**entry) for entry in entries if entry["kind"] == kind)


def _findings(folder: Path | None) -> tuple[Diagnostic, ...]:
    from localagent.diagnostics.validation import validate_path

    return validate_path(folder).diagnostics if folder is not None else ()
