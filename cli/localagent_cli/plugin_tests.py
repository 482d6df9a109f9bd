"""The tests of a plugin, run in processes of their own: conformance to the host's rules, and what it brings along."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from localagent.errors import ManifestError, MissingExtra, PluginNotAvailable
from localagent.host.environments import current_environment
from localagent.host.identity import is_plugin_folder
from localagent.host.variables import without_host_variables
from localagent.manifest.model import MANIFEST_NAMES, manifest_in, read_manifest
from localagent_cli.trying.processes import run_whole
from localagent_cli.trying.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent.host.manager import PluginManager
    from localagent_cli.trying.clean_environment import CleanEnvironment
    from localagent_cli.trying.delivery import Delivery

    Runner = Callable[..., subprocess.CompletedProcess[str]]
    Tell = Callable[[str], object]

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
        target: the folder, archive or name that was tested.
        command: what ran the plugin's own tests; empty if it has none.
        results: conformance first, then the plugin's own tests.
        output: the last lines of what the tests printed.
        findings: what the rules that run nothing found in the source folder or wheel; they decide nothing here.
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
    target: str,
    *,
    manager: PluginManager,
    audit: bool = False,
    runner: Runner = run_whole,
    tell: Tell = lambda _: None,
) -> TestOutcome:
    """Test a plugin: conformance always, and its own tests where they are at hand.

    The tests run over a temporary home. A folder or an installed plugin is tested where it is; the environments that
    hold installed plugins can be imported from. A wheel or a source archive is installed into a clean environment,
    which has nothing but this LocalAgent, its testing tools and what the plugin asks for.

    Args:
        target: the name of a plugin, or the path of its folder, manifest, single file, wheel or source archive.
        manager: knows the plugins by name.
        audit: whether what the plugin uses is recorded and held against its permissions.
        runner: starts processes as `subprocess.run` does.
        tell: told what begins and may take long.

    Raises:
        PluginNotAvailable: there is no such plugin, or its folder is not trusted.
        MissingExtra: pytest is not installed, or what builds a source archive.
        ManifestError: the manifest's test command cannot be split into words.
        RefusedError: an archive is unsafe to unpack, or wants another LocalAgent than this.
        PluginError: a source archive cannot be built.
        SystemProblem: a clean environment cannot be made.
    """
    from localagent_cli.trying.delivery import is_archive

    _require_pytest()
    archive, manner = Path(target).expanduser(), _Manner(runner, tell, audit=audit)
    with scratch_folder("localagent-tests-") as scratch:
        if is_archive(archive):
            return _test_archive(target, archive, scratch, manner)
        subject = _find(target, manager)
        bench = _Bench(subject, scratch, _environ(scratch, manager), manner)
        return _outcome(target, bench, _findings(subject.folder))


@dataclass(frozen=True, slots=True)
class _Manner:
    """How tests are run.

    Attributes:
        runner: starts processes.
        tell: told what begins and may take long.
        audit: whether what the plugin uses is held against its permissions.
    """

    runner: Runner
    tell: Tell
    audit: bool


def _test_archive(target: str, archive: Path, scratch: Path, manner: _Manner) -> TestOutcome:
    """Install what a wheel or a source archive delivers into a clean environment, and test it there."""
    from localagent_cli.trying.clean_environment import NotInstallable, install_into, make_environment
    from localagent_cli.trying.delivery import open_delivery

    delivery = open_delivery(archive, scratch, manner.tell)
    manner.tell("making a clean environment ...")
    environment = make_environment(scratch / "environment")
    manner.tell(f"installing {delivery.wheel.name} with what it needs ...")
    try:
        install_into(environment, delivery.requirement, work=scratch, environ=os.environ, runner=manner.runner)
    except NotInstallable as error:
        message = f"it cannot be installed into a clean environment:\n{error}"
        result = TestResult(f"{archive.name}::installs", "conformance", "failed", message=message)
        return TestOutcome(target, (), (result,), "", delivery.findings)
    environ = environment.variables(_scratch_environ(scratch))
    bench = _Bench(_delivered(delivery, environment, scratch), scratch, environ, manner)
    return _outcome(target, bench, delivery.findings)


def _delivered(delivery: Delivery, environment: CleanEnvironment, scratch: Path) -> _Subject:
    """What is tested of a delivery that is installed: in its unpacked source, else where nothing else is."""
    folder = delivery.source or scratch / "empty"
    folder.mkdir(exist_ok=True)
    command = _own_command(delivery.source, str(environment.python))
    if delivery.tests:
        tests = (str(environment.packages / path) for path in delivery.tests)
        command = (str(environment.python), "-m", "pytest", *tests)
    return _Subject(tuple(f"name:{name}" for name in delivery.plugins), folder, command, python=str(environment.python))


def _outcome(target: str, bench: _Bench, findings: tuple[Diagnostic, ...]) -> TestOutcome:
    """Run all tests there are."""
    conformance, output = bench.conformance()
    own, own_output = bench.own()
    return TestOutcome(
        target,
        bench.subject.command,
        (*conformance, *own),
        "\n".join(f"{output}\n{own_output}".strip().splitlines()[-_TAIL:]),
        findings,
    )


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is tested.

    Attributes:
        options: how its plugins are named to the pytest plugin, one run of it each.
        folder: where tests run; None means here.
        command: what runs its own tests; empty if it has none.
        python: the interpreter of the environment that it is tested in.
    """

    options: tuple[str, ...]
    folder: Path | None
    command: tuple[str, ...] = ()
    python: str = sys.executable


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
        manner: how they are run.
    """

    subject: _Subject
    scratch: Path
    environ: Mapping[str, str]
    manner: _Manner = field(repr=False)

    def conformance(self) -> tuple[tuple[TestResult, ...], str]:
        """Run the conformance rules on each plugin."""
        self.manner.tell("looking whether it keeps the promises of every plugin ...")
        runs = [self._conformance_of(option) for option in self.subject.options]
        return tuple(result for results, _ in runs for result in results), "\n".join(output for _, output in runs)

    def _conformance_of(self, option: str) -> tuple[tuple[TestResult, ...], str]:
        """Run them on one; neither the plugin's pytest configuration nor other pytest plugins take part."""
        configuration = self.scratch / "pytest.ini"
        configuration.write_text("[pytest]\n", encoding="utf-8")
        report = self.scratch / "conformance.json"
        report.unlink(missing_ok=True)
        # -P: a plugin's folder is no import path for the host either.
        command = (
            *(self.subject.python, "-P", "-c", _CONFORMANCE, "-q", "-p", "localagent", "-p", "no:cacheprovider"),
            *("-c", str(configuration), "-o", f"faulthandler_timeout={CONFORMANCE_LIMIT / 2}"),
            *("--localagent-plugin", option, "--localagent-conformance-only"),
            *(
                "--localagent-report",
                str(report),
                *(("--localagent-audit",) if self.manner.audit else ()),
                str(self.scratch),
            ),
        )
        environ = {name: value for name, value in self.environ.items() if name not in _PYTEST_VARIABLES}
        ended = self._run(command, environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, limit=CONFORMANCE_LIMIT)
        results = _read(report, "conformance")
        if results and (ended.code == 0 or any(result.outcome == "failed" for result in results)):
            return results, ended.output
        message = f"the plugin's life was not seen to its end: {ended.reason}"
        return (*results, TestResult("conformance", "conformance", "failed", message=message)), ended.output

    def own(self) -> tuple[tuple[TestResult, ...], str]:
        """Run the plugin's own tests, if it has any."""
        command = self.subject.command
        if not command:
            return (), ""
        self.manner.tell("running its own tests ...")
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
                code: int | None = self.manner.runner(
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
        return _Subject((f"name:{target}",), None)
    folder = source.root if source.root.is_dir() else None
    return _Subject((str(source.root),), folder, _own_command(folder))


def _find_path(path: Path) -> _Subject:
    folder = path.parent if path.name in MANIFEST_NAMES else path
    if path.is_dir() and is_plugin_folder(path):
        return _Subject((str(path),), path, _own_command(path))
    if path.name in MANIFEST_NAMES and path.is_file():
        return _Subject((str(path),), folder, _own_command(folder))
    if path.suffix == ".py" and path.is_file():
        return _Subject((str(path),), None)
    problem = "it holds no plugin" if path.exists() else "it does not exist"
    raise PluginNotAvailable(
        f"nothing to test: {problem}", file=path, fix="name a plugin, the folder that has its manifest, or a wheel"
    )


def _own_command(folder: Path | None, python: str = sys.executable) -> tuple[str, ...]:
    """What runs the plugin's own tests: the manifest's ``test_command``, else pytest where there are tests."""
    if folder is None:
        return ()
    words = _declared_words(folder)
    if not words and ((folder / "tests").is_dir() or any(folder.glob("test_*.py"))):
        words = ("pytest",)
    if words[:1] in {("pytest",), ("py.test",)}:
        return (python, "-m", "pytest", *words[1:])
    if words[:1] in {("python",), ("python3",)}:
        return (python, *words[1:])
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
    environ = _scratch_environ(scratch)
    installed = current_environment(manager.host.home.path)
    if installed is not None:
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, (environ.get("PYTHONPATH"), str(installed))))
    return environ


def _scratch_environ(scratch: Path) -> dict[str, str]:
    """The environment with a home and a folder for temporary files that go with `scratch`."""
    temporary = scratch / "tmp"
    temporary.mkdir()
    return without_host_variables(os.environ) | {
        "LOCALAGENT_HOME": str(scratch / "home"),
        "TMPDIR": str(temporary),
    }


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
