"""``plugins test`` of wheels and source archives: in an environment that has what the plugin asks for, and no more."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from cli.trying.conftest import ENTRY_POINTS, Shelf
from localagent.errors import PluginNotAvailable, RefusedError
from localagent_cli.packaging.build import build_project
from localagent_cli.plugin_tests import run_plugin_tests
from localagent_cli.scaffold import create_plugin
from localagent_cli.trying.clean_environment import uv_command
from localagent_cli.trying.processes import run_whole
from localagent_cli.trying.results import TestOutcome

if TYPE_CHECKING:
    from pathlib import Path

    from localagent import PluginManager
    from plain import Run


def failed(outcome: TestOutcome) -> dict[str, str]:
    return {result.id.rpartition("::")[2]: result.message for result in outcome.results if result.outcome == "failed"}


def test_a_good_wheel_passes_and_each_step_is_told(shelf: Shelf, manager: PluginManager) -> None:
    told: list[str] = []
    outcome = run_plugin_tests(str(shelf.plugin()), manager=manager, tell=told.append)
    assert outcome.passed, outcome
    assert [result.id.split("::")[1] for result in outcome.results] == ["greeter"] * 18
    assert outcome.command == ()
    assert [line.split()[0] for line in told] == ["making", "installing", "looking"]


def test_a_rule_that_the_wheel_breaks_is_told_with_its_fix(shelf: Shelf, localagent: Run) -> None:
    wheel = shelf.plugin("import threading\nthreading.Thread(target=threading.Event().wait, name='endless').start()\n")
    done = localagent("plugins", "test", wheel, "--json", "--junit", "out/junit.xml")
    assert done.code == 1, done.err
    told = json.loads(done.out)
    (broken,) = (result for result in told["results"] if result["outcome"] == "failed")
    assert "error[LA606]" in broken["message"]
    assert "fix: start tasks with context.spawn()" in broken["message"]
    (case,) = ET.parse(wheel.parents[1] / "work/out/junit.xml").findall("testsuite/testcase[failure]")  # noqa: S314 - ours
    assert case.get("name") == "LA606-leaves-nothing"


def test_what_only_the_host_has_cannot_be_imported(shelf: Shelf, manager: PluginManager) -> None:
    outcome = run_plugin_tests(str(shelf.plugin("import hypothesis\n")), manager=manager)
    assert "needs the module" in failed(outcome)["LA601-loads"]


def test_what_the_plugin_requires_comes_from_the_index(shelf: Shelf, manager: PluginManager) -> None:
    shelf.offer("wordlist", "2.0")
    wheel = shelf.plugin("import wordlist\nassert wordlist.VERSION == '2.0'\n", requires=("wordlist>=2",))
    outcome = run_plugin_tests(str(wheel), manager=manager)
    assert outcome.passed, outcome


def test_a_requirement_that_is_nowhere_fails_the_test(shelf: Shelf, manager: PluginManager) -> None:
    outcome = run_plugin_tests(str(shelf.plugin(requires=("wordlist>=2",))), manager=manager)
    assert outcome.exit_code == 1
    assert "wordlist" in failed(outcome)["installs"]


@pytest.mark.parametrize("requirements", [("localagent>=1", "localagent[test]"), ("helper",)])
def test_a_localagent_of_the_index_is_never_installed(
    requirements: tuple[str, ...], shelf: Shelf, manager: PluginManager, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    for version in ("1.0.0", "7.0"):
        strange = {"localagent/__init__.py": f"open({str(ran)!r}, 'w').close()\n"}
        shelf.wheel("localagent", strange, version=version, into=shelf.index)
    shelf.wheel("helper", {"helper.py": ""}, requires=("localagent>=2",), into=shelf.index)
    outcome = run_plugin_tests(str(shelf.plugin(requires=requirements)), manager=manager)
    assert outcome.passed is ("helper" not in requirements), outcome
    assert not ran.exists()


def test_a_wheel_for_another_localagent_is_refused(shelf: Shelf, manager: PluginManager) -> None:
    with pytest.raises(RefusedError, match="needs localagent>=9, and this is localagent 1"):
        run_plugin_tests(str(shelf.plugin(requires=("localagent>=9",))), manager=manager)
    with pytest.raises(RefusedError, match="takes localagent from https:"):
        run_plugin_tests(str(shelf.plugin(requires=("localagent @ https://example.org/l.whl",))), manager=manager)


def test_every_plugin_of_a_wheel_is_tested_and_the_tests_that_it_ships(shelf: Shelf, manager: PluginManager) -> None:
    tests = "from greeter_package.plugin import Greeter\ndef test_it():\n    assert Greeter.name == 'greeter'\n"
    outcome = run_plugin_tests(str(shelf.plugin(files={"checks/test_greeter.py": tests})), manager=manager)
    assert outcome.passed, outcome
    (own,) = (result for result in outcome.results if result.kind == "own")
    assert own.id.endswith("test_greeter.py::test_it")


def test_where_no_plugin_is_announced_there_is_nothing_to_test(shelf: Shelf, localagent: Run) -> None:
    done = localagent("plugins", "test", shelf.offer("wordlist"))
    assert done.code == 3
    assert "the wheel announces no plugin" in done.err


@pytest.mark.parametrize("name", ["broken.whl", "broken.tar.gz"])
def test_what_is_no_archive_is_refused(name: str, tmp_path: Path, manager: PluginManager) -> None:
    (tmp_path / name).write_bytes(b"no archive")
    with pytest.raises(RefusedError):
        run_plugin_tests(str(tmp_path / name), manager=manager)


def test_a_path_that_leads_out_of_the_archive_is_not_unpacked(tmp_path: Path, manager: PluginManager) -> None:
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../../escaped"), io.BytesIO())
    with pytest.raises(RefusedError, match="it leads out of the folder"):
        run_plugin_tests(str(tmp_path / "bad.tar.gz"), manager=manager)


def test_a_source_archive_is_built_and_brings_its_own_tests(
    shelf: Shelf, manager: PluginManager, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_asyncio.plugin")
    created = create_plugin("project-analyzer", "command", into=tmp_path)
    project = created.path / "pyproject.toml"
    project.write_text(project.read_text().replace('"coverage[toml]>=7", ', ""))
    sdist = build_project(created.path, out=tmp_path / "dist", wheel=False).sdist
    outcome = run_plugin_tests(str(sdist), manager=manager)
    assert outcome.passed, outcome
    assert {result.kind for result in outcome.results} == {"conformance", "own"}
    assert not outcome.command[0].startswith(str(created.path))


def test_with_uv_the_same_holds(shelf: Shelf, manager: PluginManager) -> None:
    if not uv_command():
        pytest.skip("uv is not here")
    commands: list[list[str]] = []

    def noting(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        commands.append(list(command))
        return run_whole(command, **options)

    shelf.offer("wordlist")
    wheel = shelf.plugin("import wordlist\n", requires=("wordlist", "localagent>=1"))
    outcome = run_plugin_tests(str(wheel), manager=manager, runner=noting)
    assert outcome.passed, outcome
    assert any("uv" in word for word in commands[0])


def test_entry_points_are_those_of_the_metadata(shelf: Shelf, manager: PluginManager) -> None:
    missing = shelf.wheel("greeter", {"greeter_package/__init__.py": ""}, entry_points=ENTRY_POINTS)
    outcome = run_plugin_tests(str(missing), manager=manager)
    assert "LA601-loads" in failed(outcome)
    assert {finding.rule for finding in outcome.findings} >= {"LA503", "LA504"}


def test_nothing_to_test_names_what_could_be_tested(manager: PluginManager, tmp_path: Path) -> None:
    with pytest.raises(PluginNotAvailable) as caught:
        run_plugin_tests(str(tmp_path / "nowhere.whl"), manager=manager)
    assert "a wheel" in (caught.value.fix or "")
