"""The tests of a plugin, run in processes of their own: conformance to the host's rules, and what it brings along."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import MissingExtra
from localagent.host.environments import current_environment
from localagent.host.variables import without_host_variables
from localagent_cli.trying.bench import TAIL, Bench, Manner
from localagent_cli.trying.own_tests import run_own_tests
from localagent_cli.trying.processes import run_whole
from localagent_cli.trying.promises import keep_promises
from localagent_cli.trying.results import TestOutcome, TestResult
from localagent_cli.trying.scratch import scratch_folder
from localagent_cli.trying.subject import delivered, find

if TYPE_CHECKING:
    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent.host.manager import PluginManager
    from localagent_cli.trying.bench import Runner, Tell


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
        MissingExtra: pytest is not installed, or what builds a source archive or counts lines.
        ManifestError: the manifest's test command cannot be split into words.
        RefusedError: an archive is unsafe to unpack, or wants another LocalAgent than this.
        PluginError: a source archive cannot be built.
        SystemProblem: a clean environment cannot be made.
    """
    from localagent_cli.trying.delivery import is_archive

    _require("pytest", "test", "plugins test")
    archive, manner = Path(target).expanduser(), Manner(runner, tell, audit=audit)
    with scratch_folder("localagent-tests-") as scratch:
        if is_archive(archive):
            return _test_archive(target, archive, scratch, manner)
        subject = find(target, manager)
        if subject.own.threshold is not None:
            _require("coverage", "dev", f"testing.coverage_threshold of {target}")
        bench = Bench(subject, scratch, _environ(scratch, manager), manner)
        return _outcome(target, bench, _findings(subject.folder))


def _test_archive(target: str, archive: Path, scratch: Path, manner: Manner) -> TestOutcome:
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
    bench = Bench(delivered(delivery, environment, scratch), scratch, environ, manner)
    return _outcome(target, bench, delivery.findings)


def _outcome(target: str, bench: Bench, findings: tuple[Diagnostic, ...]) -> TestOutcome:
    """Run all tests there are."""
    conformance, output = keep_promises(bench)
    own, own_output = run_own_tests(bench)
    return TestOutcome(
        target,
        bench.subject.own.command,
        (*conformance, *own),
        "\n".join(f"{output}\n{own_output}".strip().splitlines()[-TAIL:]),
        findings,
    )


def _require(module: str, extra: str, needed_for: str) -> None:
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise MissingExtra(extra, needed_for=needed_for)


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


def _findings(folder: Path | None) -> tuple[Diagnostic, ...]:
    from localagent.diagnostics.validation import validate_path

    return validate_path(folder).diagnostics if folder is not None else ()
