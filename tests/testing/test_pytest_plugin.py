"""What pytest does with a plugin in sight, and that it does nothing else otherwise."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

import localagent

if TYPE_CHECKING:
    from pathlib import Path

    from testing.conftest import Workshop

pytestmark = pytest.mark.slow

GUIDE_STYLE = """
import asyncio
from unittest.mock import Mock

import pytest
from app.cli.plugins.framework import CommandPlugin
from plugin import Greeter


class TestGreeter:
    def test_it_is_a_command_plugin(self):
        assert issubclass(Greeter, CommandPlugin)

    @pytest.mark.asyncio
    async def test_it_initialises(self):
        assert await Greeter().initialize(Mock()) is True
"""
STRICT = """
[pytest]
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""


def results(report: Path) -> dict[str, dict[str, Any]]:
    return {entry["id"]: entry for entry in json.loads(report.read_text())}


def test_a_manifest_is_collected_as_one_test_for_each_rule(workshop: Workshop) -> None:
    done = workshop.pytest("-v", at=workshop.plugin())
    assert done.returncode == 0, done.stdout
    assert "plugin-manifest.yaml::greeter::LA601-loads PASSED" in done.stdout
    assert "plugin-manifest.yaml::greeter::LA605-cleanup-twice PASSED" in done.stdout


def test_one_rule_can_be_chosen_by_its_id(workshop: Workshop) -> None:
    chosen = "plugin-manifest.yaml::greeter::LA605-cleanup-twice"
    done = workshop.pytest(chosen, at=workshop.plugin(), alone=False)
    assert "1 passed" in done.stdout


def test_it_goes_along_with_strict_warnings_and_other_pytest_plugins(workshop: Workshop) -> None:
    folder = workshop.plugin(files={"tests/test_greeter.py": GUIDE_STYLE, "pytest.ini": f"{STRICT}pythonpath = .\n"})
    others = ("-p", "xdist", "-p", "randomly", "-p", "asyncio")
    done = workshop.pytest(*others, "-n", "2", "--localagent-report", "report.json", at=folder)
    assert done.returncode == 0, done.stdout
    outcomes = {(entry["kind"], entry["outcome"]) for entry in results(folder / "report.json").values()}
    assert outcomes == {("conformance", "passed"), ("conformance", "skipped"), ("own", "passed")}
    assert len(results(folder / "report.json")) == 18 + 2


def test_a_failure_is_two_lines_without_frames_of_the_kit(workshop: Workshop) -> None:
    folder = workshop.plugin(head="import no_such_module")
    done = workshop.pytest(at=folder)
    assert done.returncode == 1
    place = folder / "plugin.py"
    assert f"error[LA601] {place}:3: import: needs the module 'no_such_module', which is not installed\n" in done.stdout
    assert "fix: python -m pip install no_such_module\n" in done.stdout
    assert "localagent_testing" not in done.stdout.replace("localagent_testing_", "")


def test_a_warning_is_shown_and_fails_nothing(workshop: Workshop) -> None:
    folder = workshop.plugin(files={"pytest.ini": "[pytest]\nfilterwarnings = error\n"})
    manifest = folder / "plugin-manifest.yaml"
    manifest.write_text(manifest.read_text() + "      commands: [{name: greet}]\n")
    done = workshop.pytest("--localagent-report", "report.json", at=folder)
    assert done.returncode == 0, done.stdout
    assert "warning[LA608]" in done.stdout
    assert "1 warned" in done.stdout
    entry = results(folder / "report.json")["plugin-manifest.yaml::greeter::LA608-declared-commands"]
    assert entry["outcome"] == "warned"
    assert "'wave' is registered but not declared" in entry["message"]


def test_the_root_module_of_a_flat_plugin_is_not_imported_as_a_package_of_tests(workshop: Workshop) -> None:
    folder = workshop.plugin(
        files={
            "__init__.py": "from .plugin import Greeter",
            "tests/test_greeter.py": "from plugin import Greeter\ndef test_it(): Greeter()",
            "pytest.ini": "[pytest]\npythonpath = .\n",
        }
    )
    done = workshop.pytest(at=folder)
    assert done.returncode == 0, done.stdout


def test_a_folder_without_manifest_is_tested_when_it_is_named(workshop: Workshop) -> None:
    folder = workshop.plugin()
    (folder / "plugin-manifest.yaml").unlink()
    assert workshop.pytest(at=folder).returncode == 5
    done = workshop.pytest("--localagent-plugin", ".", "--localagent-report", "report.json", at=folder)
    assert done.returncode == 0, done.stdout
    assert "greeter::greeter::LA601-loads" in results(folder / "report.json")


def test_a_plugin_that_is_named_is_not_tested_twice(workshop: Workshop) -> None:
    done = workshop.pytest("--localagent-plugin", ".", at=workshop.plugin())
    assert "16 passed, 2 skipped" in done.stdout


def test_an_installed_plugin_is_tested_by_its_name(workshop: Workshop) -> None:
    source = (workshop.plugin() / "plugin.py").read_text()
    site = workshop.write(
        "site",
        {
            "greeter_pkg/__init__.py": "",
            "greeter_pkg/plugin.py": source,
            "greeter-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeter\nVersion: 1.0\n",
            "greeter-1.0.dist-info/entry_points.txt": (
                "[localagent.plugins.commands]\ngreeter = greeter_pkg.plugin:Greeter\n"
            ),
            "greeter-1.0.dist-info/RECORD": "greeter_pkg/plugin.py,,\n",
        },
    )
    empty = workshop.write("empty", {"keep": ""})
    done = workshop.pytest("--localagent-plugin", "name:greeter", at=empty, PYTHONPATH=str(site))
    assert "16 passed, 2 skipped" in done.stdout, done.stdout
    done = workshop.pytest("--localagent-plugin", "name:nobody", at=empty, PYTHONPATH=str(site))
    assert done.returncode == 4
    assert "no installed distribution has the plugin 'nobody'" in done.stderr


def test_a_plugin_may_depend_on_another_one_of_its_distribution(workshop: Workshop) -> None:
    site = workshop.write(
        "site",
        {
            "pair.py": """
                from localagent import Plugin
                class First(Plugin):
                    name = "first"
                    dependencies = ("second",)
                class Second(Plugin):
                    name = "second"
            """,
            "pair-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: pair\nVersion: 1.0\n",
            "pair-1.0.dist-info/entry_points.txt": (
                "[localagent.plugins.commands]\nfirst = pair:First\nsecond = pair:Second\n"
            ),
            "pair-1.0.dist-info/RECORD": "pair.py,,\n",
        },
    )
    empty = workshop.write("empty", {"keep": ""})
    done = workshop.pytest("--localagent-plugin", "name:first", "-k", "LA601", at=empty, PYTHONPATH=str(site))
    assert "1 passed" in done.stdout, done.stdout


def test_only_conformance_leaves_even_broken_tests_out(workshop: Workshop) -> None:
    folder = workshop.plugin(files={"tests/test_greeter.py": "import no_such_module"})
    done = workshop.pytest("--localagent-conformance-only", at=folder)
    assert "16 passed, 2 skipped" in done.stdout, done.stdout
    done = workshop.pytest("--localagent-conformance-only", at=folder / "tests")
    assert "there is no plugin manifest" in done.stderr


def test_the_report_has_every_outcome(workshop: Workshop) -> None:
    tests = """
    import pytest
    def test_passes(): pass
    def test_fails():
        assert 1 == 2
    def test_skips(): pytest.skip("not today")
    @pytest.fixture
    def broken():
        yield
        raise OSError("too late")
    def test_ends_badly(broken): pass
    """
    folder = workshop.write("own", {"test_some.py": tests, "test_other.py": "import no_such_module"})
    workshop.pytest("--continue-on-collection-errors", "--localagent-report", "report.json", at=folder)
    entries = results(folder / "report.json")
    assert {name: entry["outcome"] for name, entry in entries.items()} == {
        "test_other.py": "failed",
        "test_some.py::test_passes": "passed",
        "test_some.py::test_fails": "failed",
        "test_some.py::test_skips": "skipped",
        "test_some.py::test_ends_badly": "failed",
    }
    assert "No module named 'no_such_module'" in entries["test_other.py"]["message"]
    assert entries["test_some.py::test_fails"]["message"].startswith(f"{folder / 'test_some.py'}:5: assert 1 == 2")
    assert entries["test_some.py::test_skips"]["message"] == "not today"
    assert "too late" in entries["test_some.py::test_ends_badly"]["message"]
    assert {entry["kind"] for entry in entries.values()} == {"own"}


def test_a_test_that_was_broken_off_has_not_passed(workshop: Workshop) -> None:
    folder = workshop.write("own", {"test_some.py": "def test_stops(): raise KeyboardInterrupt"})
    workshop.pytest("--localagent-report", "report.json", at=folder)
    (entry,) = results(folder / "report.json").values()
    assert (entry["outcome"], entry["message"]) == ("failed", "it was not seen to its end")


def test_a_run_without_plugins_imports_next_to_nothing_of_ours(workshop: Workshop) -> None:
    tests = """
    import sys
    def test_modules(request):
        ours = {name for name in sys.modules if name.partition(".")[0].startswith("localagent")}
        assert ours == {
            "localagent", "localagent.version", "localagent.guide_names",
            "localagent_testing", "localagent_testing.pytest_plugin",
            "localagent_testing.fixtures", "localagent_testing.under_test",
        }
        assert not {"yaml", "ruamel", "typer", "rich", "asyncio"} & set(sys.modules)
        assert not request.config.pluginmanager.has_plugin("localagent-conformance")
    """
    folder = workshop.write("foreign", {"test_foreign.py": tests})
    done = workshop.pytest("-W", "error", at=folder)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_host_without_a_plugin_imports_no_command_line_and_reads_no_manifest(workshop: Workshop) -> None:
    tests = """
    import sys
    def test_modules(plugin_host, message_bus):
        unneeded = {"typer", "rich", "ruamel", "localagent.manifest.model", "localagent_testing.audit.recorder"}
        assert not unneeded & set(sys.modules)
    """
    folder = workshop.write("foreign", {"test_foreign.py": tests})
    done = workshop.pytest(at=folder)
    assert "1 passed" in done.stdout, done.stdout


def test_a_run_of_other_tests_beside_a_manifest_does_not_import_the_host(workshop: Workshop) -> None:
    tests = "import sys\ndef test_modules(): assert 'localagent.host' not in sys.modules"
    folder = workshop.plugin(files={"tests/test_some.py": tests})
    done = workshop.pytest("tests", at=folder)
    assert done.returncode == 0, done.stdout


def test_importing_the_kit_makes_the_paths_of_the_guide_work() -> None:
    assert "localagent_testing" in sys.modules
    framework = importlib.import_module("app.cli.plugins.framework")
    assert framework.CommandPlugin is localagent.CommandPlugin
