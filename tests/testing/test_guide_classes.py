"""The guide's tests of its project analyser, as they stand with their imports added, and a twin that needs no guide."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

import pytest

from guide_text import block_with

if TYPE_CHECKING:
    from pathlib import Path

    from testing.conftest import Workshop

MISSING_IMPORTS = """
import tempfile
from pathlib import Path

import pytest
from localagent_testing import PluginTestFramework
from plugin import ProjectAnalyzer, ProjectAnalyzerPlugin
"""
INI = "[pytest]\npythonpath = .\nasyncio_default_fixture_loop_scope = function\n"
SCHEMA = {
    "type": "object",
    "properties": {"default_analysis_depth": {"enum": ["shallow", "normal", "deep"], "default": "normal"}},
}


def class_of(block: str, name: str) -> str:
    """The source of one class of a block, its decorators included."""
    (found,) = (node for node in ast.parse(block).body if isinstance(node, ast.ClassDef) and node.name == name)
    first = min([found.lineno, *(decorator.lineno for decorator in found.decorator_list)])
    return "\n".join(block.splitlines()[first - 1 : found.end_lineno]) + "\n"


def outcomes(workshop: Workshop, folder: Path) -> dict[str, tuple[str, str]]:
    """What became of each test, and why, by the name of its function."""
    done = workshop.pytest("-p", "asyncio", "--localagent-report", "report.json", "tests", at=folder)
    assert (folder / "report.json").exists(), done.stdout + done.stderr
    report: list[dict[str, Any]] = json.loads((folder / "report.json").read_text())
    return {each["id"].rpartition("::")[2]: (each["outcome"], each["message"]) for each in report}


@pytest.fixture
def analyser(workshop: Workshop) -> Path:
    """The guide's plugin in the folder that the guide makes for it."""
    plugin = block_with("class ProjectAnalyzerPlugin(CommandPlugin)")
    files = {
        "plugin.py": plugin,
        "setup.py": block_with('name="localagent-project-analyzer"'),
        "config_schema.json": json.dumps(SCHEMA),
        "pytest.ini": INI,
    }
    return workshop.write("project-analyzer", files)


def test_the_guides_class_passes_on_the_framework_but_for_its_last_test(workshop: Workshop, analyser: Path) -> None:
    tests = MISSING_IMPORTS + class_of(block_with("class PluginTestFramework"), "TestProjectAnalyzerPlugin")
    (analyser / "tests").mkdir()
    (analyser / "tests" / "test_framework.py").write_text(tests)
    found = outcomes(workshop, analyser)
    outcome, message = found.pop("test_error_handling")
    # It expects an error of a folder that is not there; Python's rglob gives nothing for one and raises none.
    assert (outcome, "DID NOT RAISE" in message) == ("failed", True)
    assert {name: outcome for name, (outcome, _) in found.items()} == {
        "test_plugin_lifecycle": "passed",
        "test_configuration_validation": "passed",
        "test_analyze_project_command": "passed",
    }


def test_the_guides_first_class_passes_too(workshop: Workshop, analyser: Path) -> None:
    (analyser / "tests").mkdir()
    (analyser / "tests" / "test_plugin.py").write_text(block_with("class TestProjectAnalyzer:"))
    found = outcomes(workshop, analyser)
    assert len(found) == 4
    assert {outcome for outcome, _ in found.values()} == {"passed"}


TWIN = """
from app.cli.plugins.framework import CommandPlugin

class TreeSizer:
    def __init__(self, folder):
        self.folder = folder

    def count(self):
        return sum(each.is_file() for each in self.folder.rglob("*"))

class TreeSizerPlugin(CommandPlugin):
    @property
    def name(self):
        return "tree-sizer"

    async def initialize(self, context):
        self.context = context
        return True

    def register_commands(self, app):
        import asyncio, json
        from pathlib import Path

        @app.command("tree-size")
        def tree_size(folder: str, format: str = "text"):
            asyncio.run(asyncio.sleep(0))
            print(json.dumps({"files": TreeSizer(Path(folder)).count()}))
"""
TWIN_TESTS = """
import pytest
from pathlib import Path
from localagent_testing import PluginTestFramework
from plugin import TreeSizer, TreeSizerPlugin

class TestTreeSizerPlugin:
    def setup_method(self):
        self.kit = PluginTestFramework(TreeSizerPlugin)

    @pytest.mark.asyncio
    async def test_life(self):
        assert await self.kit.test_plugin_lifecycle() is True

    @pytest.mark.asyncio
    async def test_settings(self):
        valid = {"tree-sizer": {"config": {"default_analysis_depth": "deep"}}}
        await self.kit.test_configuration_validation(valid, {"default_analysis_depth": "bottomless"})

    def test_command(self, tmp_path):
        assert self.kit.plugin_instance is None
        (tmp_path / "one.txt").touch()
        result = self.kit.test_command_execution("tree-size", [str(tmp_path), "--format", "json"])
        assert result.stdout == '{"files": 1}\\n'

    def test_a_folder_that_is_not_there_has_no_files(self):
        assert TreeSizer(Path("/non/existent")).count() == 0
"""


def test_a_twin_in_our_own_words_passes_wholly(workshop: Workshop) -> None:
    files = {
        "plugin.py": TWIN,
        "config_schema.json": json.dumps(SCHEMA),
        "pytest.ini": f"{INI}filterwarnings = error\n",
        "tests/test_twin.py": TWIN_TESTS,
    }
    found = outcomes(workshop, workshop.write("tree-sizer", files))
    assert len(found) == 4
    assert {outcome for outcome, _ in found.values()} == {"passed"}, found
