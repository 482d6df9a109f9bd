"""``plugins test`` from within a program: what runs, and what is told of each way to fail."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from localagent import Host, HostOptions, ManifestError, PluginManager, PluginNotAvailable
from localagent.errors import MissingExtra
from localagent_cli.plugin_tests import run_plugin_tests
from localagent_cli.scaffold import create_plugin
from localagent_cli.trying.results import TestOutcome
from plain import GREETER_MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PLUGIN = '''\
from app.cli.plugins.framework import CommandPlugin

class Greeter(CommandPlugin):
    name = "greeter"
    def register_commands(self, app):
        @app.command("greet")
        def greet():
            """Greet everybody."""
        @app.callback()
        def callback(): ...
'''


@pytest.fixture(autouse=True)
def no_other_pytest_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of the plugins below need none, and so start faster."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def manager(tmp_path: Path) -> PluginManager:
    return PluginManager(Host.open(HostOptions(home=tmp_path / "home")))


def make(folder: Path, files: dict[str, str] | None = None) -> Path:
    """A flat plugin; `files` are texts by path."""
    for path, text in ({"plugin-manifest.yaml": GREETER_MANIFEST, "plugin.py": PLUGIN} | (files or {})).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
    return folder


def declare(folder: Path, command: str) -> None:
    manifest = folder / "plugin-manifest.yaml"
    manifest.write_text(manifest.read_text() + f"testing: {{test_command: {command!r}}}\n")


def by_id(outcome: TestOutcome, kind: str) -> dict[str, str]:
    return {result.id: result.outcome for result in outcome.results if result.kind == kind}


def test_a_new_plugin_passes(tmp_path: Path, manager: PluginManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_asyncio.plugin")
    created = create_plugin("project-analyzer", "command", into=tmp_path)
    outcome = run_plugin_tests(str(created.path), manager=manager)
    assert outcome.passed, outcome
    assert outcome.exit_code == 0
    assert len(by_id(outcome, "conformance")) == 18
    assert set(by_id(outcome, "own").values()) == {"passed"}
    assert outcome.command == (sys.executable, "-m", "pytest")
    assert outcome.findings == ()


def test_own_tests_run_in_the_plugins_folder_over_a_home_of_their_own(
    tmp_path: Path, manager: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALAGENT_DEV_MODE", "true")
    monkeypatch.setenv("LOCALAGENT_GREETER_TONE", "warm")
    tests = f"""
    import os, pathlib
    from plugin import Greeter
    def test_surroundings():
        assert pathlib.Path.cwd() == pathlib.Path({str(tmp_path / "greeter")!r})
        assert os.environ["LOCALAGENT_HOME"] != {str(tmp_path / "home")!r}
        assert "LOCALAGENT_DEV_MODE" not in os.environ
        assert os.environ["LOCALAGENT_GREETER_TONE"] == "warm"
    """
    folder = make(tmp_path / "greeter", {"tests/test_it.py": tests})
    outcome = run_plugin_tests(str(folder), manager=manager)
    assert by_id(outcome, "own") == {"tests/test_it.py::test_surroundings": "passed"}, outcome.results


def test_a_broken_import_is_told_with_its_place_beside_the_plugins_own_tests(
    tmp_path: Path, manager: PluginManager
) -> None:
    folder = make(tmp_path / "greeter", {"plugin.py": "\nimport no_such_module\n", "tests/test_it.py": "import plugin"})
    outcome = run_plugin_tests(str(folder), manager=manager)
    assert not outcome.passed
    assert outcome.exit_code == 1
    loads = outcome.results[0]
    assert (loads.id, loads.outcome) == ("plugin-manifest.yaml::greeter::LA601-loads", "failed")
    assert loads.message.startswith(f"error[LA601] {folder / 'plugin.py'}:2: import: needs the module")
    assert set(by_id(outcome, "conformance").values()) == {"failed", "skipped"}
    (own,) = (result for result in outcome.results if result.kind == "own")
    assert (own.id, own.outcome) == ("tests/test_it.py", "failed")
    assert "No module named 'no_such_module'" in own.message


@pytest.mark.parametrize("end", ["os._exit(0)", "os.abort()"])
def test_a_plugin_that_ends_the_process_has_failed(end: str, tmp_path: Path, manager: PluginManager) -> None:
    folder = make(tmp_path / "greeter", {"plugin.py": f"import os\n{end}\n"})
    outcome = run_plugin_tests(str(folder), manager=manager)
    assert not outcome.passed
    assert "not seen to its end" in outcome.results[0].message


def test_a_thread_that_never_ends_is_told_of_and_not_waited_for(tmp_path: Path, manager: PluginManager) -> None:
    head = "import threading\nthreading.Thread(target=threading.Event().wait, name='endless').start()\n"
    outcome = run_plugin_tests(str(make(tmp_path / "greeter", {"plugin.py": head + PLUGIN})), manager=manager)
    (failed,) = (result for result in outcome.results if result.outcome == "failed")
    assert failed.id.endswith("LA606-leaves-nothing")
    assert "thread 'endless'" in failed.message


def test_conformance_does_not_see_the_plugins_pytest_configuration(tmp_path: Path, manager: PluginManager) -> None:
    folder = make(tmp_path / "greeter", {"pytest.ini": "[pytest]\naddopts = --no-such-option\n", "test_it.py": ""})
    outcome = run_plugin_tests(str(folder), manager=manager)
    assert set(by_id(outcome, "conformance").values()) == {"passed", "skipped"}
    assert by_id(outcome, "own") == {"pytest": "failed"}
    assert "--no-such-option" in outcome.results[-1].message


def test_a_plugin_without_tests_has_conformance_only(tmp_path: Path, manager: PluginManager) -> None:
    outcome = run_plugin_tests(str(make(tmp_path / "greeter")), manager=manager)
    assert outcome.passed
    assert outcome.command == ()
    assert by_id(outcome, "own") == {}


def test_static_findings_are_shown_and_decide_nothing(tmp_path: Path, manager: PluginManager) -> None:
    folder = make(tmp_path / "greeter")
    manifest = folder / "plugin-manifest.yaml"
    manifest.write_text(manifest.read_text() + "documentation: {readme: NOWHERE.md}\n")
    outcome = run_plugin_tests(str(folder), manager=manager)
    assert outcome.findings
    assert outcome.passed


def test_the_manifest_names_the_command(tmp_path: Path, manager: PluginManager) -> None:
    folder = make(tmp_path / "greeter", {"one.py": "def test_one(): pass", "two.py": "def test_two(): pass"})
    declare(folder, "pytest -q 'one.py'")
    outcome = run_plugin_tests(str(folder), manager=manager)
    assert by_id(outcome, "own") == {"one.py::test_one": "passed"}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python -c 'print(1)'", "passed"),
        ("python -c 'print(1); raise SystemExit(3)'", "failed"),
        ("no-such-command-anywhere", "failed"),
        ("pytest no_such_folder", "failed"),
    ],
)
def test_a_command_is_judged_by_its_exit_code_where_it_reports_nothing(
    command: str, expected: str, tmp_path: Path, manager: PluginManager
) -> None:
    folder = make(tmp_path / "greeter")
    declare(folder, command.replace("'", '"'))
    outcome = run_plugin_tests(str(folder), manager=manager)
    assert list(by_id(outcome, "own").values()) == [expected]
    assert outcome.passed is (expected == "passed")


def test_a_command_that_cannot_be_split_is_the_manifests_fault(tmp_path: Path, manager: PluginManager) -> None:
    folder = make(tmp_path / "greeter")
    declare(folder, 'pytest "tests')
    with pytest.raises(ManifestError, match="no closing quotation"):
        run_plugin_tests(str(folder), manager=manager)


def test_a_plugin_is_found_by_its_name(tmp_path: Path, manager: PluginManager) -> None:
    make(tmp_path / "home/plugins/greeter", {"test_it.py": "from plugin import Greeter\ndef test_it(): pass"})
    outcome = run_plugin_tests("greeter", manager=manager)
    assert outcome.passed, outcome
    assert by_id(outcome, "own") == {"test_it.py::test_it": "passed"}


def test_a_folder_that_nobody_trusts_is_not_run_by_name(
    tmp_path: Path, manager: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "clone/dev-plugins/greeter", {"plugin.py": f"{PLUGIN}\nopen({str(tmp_path / 'ran')!r}, 'w')"})
    monkeypatch.chdir(tmp_path / "clone")
    untrusting = PluginManager(Host.open(HostOptions(home=tmp_path / "home")))
    with pytest.raises(PluginNotAvailable, match="untrusted"):
        run_plugin_tests("greeter", manager=untrusting)
    assert not (tmp_path / "ran").exists()


def test_an_installed_plugin_has_conformance_only(
    tmp_path: Path, manager: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    info = site / "greeter-1.0.dist-info"
    make(site / "greeter_package", {"__init__.py": ""})
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[localagent.plugins.commands]\ngreeter = greeter_package.plugin:Greeter\n")
    (info / "RECORD").write_text("greeter_package/plugin.py,,\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.syspath_prepend(site)
    outcome = run_plugin_tests("greeter", manager=manager)
    assert outcome.passed, outcome
    assert len(by_id(outcome, "conformance")) == 18
    assert outcome.command == ()


@pytest.mark.parametrize("target", ["nobody", "./nowhere", "/dev/null"])
def test_where_there_is_nothing_to_test_it_says_so(target: str, manager: PluginManager) -> None:
    with pytest.raises(PluginNotAvailable):
        run_plugin_tests(target, manager=manager)


def test_without_pytest_the_extra_is_named(
    tmp_path: Path, manager: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(tmp_path / "greeter")
    monkeypatch.setitem(sys.modules, "pytest", None)
    with pytest.raises(MissingExtra) as caught:
        run_plugin_tests(str(folder), manager=manager)
    assert caught.value.fix == "python -m pip install 'localagent[test]'"


def test_a_plugin_that_hangs_is_stopped(tmp_path: Path, manager: PluginManager) -> None:
    def impatient(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        options["stdout"].write(b'Thread 0x1 (most recent call first):\n  File "plugin.py", line 3 in <module>\n')
        raise subprocess.TimeoutExpired(command, 1)

    (result,) = run_plugin_tests(str(make(tmp_path / "greeter")), manager=manager, runner=impatient).results
    assert result.outcome == "failed"
    assert 'it hung, and had to be stopped:\n  File "plugin.py", line 3' in result.message
