"""A plugin whose folder is its package: one module object under both of its names, and an ``__init__.py`` in peace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from testing.conftest import Workshop

MANIFEST = """\
name: project-analyzer
version: "1.0.0"
description: Its manifest speaks of sys. and json.tool and plugin. too
plugin_types: [command]
entry_points: {commands: [{name: project-analyzer, class: "project_analyzer.plugin:Analyzer", commands: [{name: x}]}]}
"""
PROJECT = """
[project]
name = "localagent-project-analyzer"
[tool.setuptools]
package-dir = { project_analyzer = "." }
"""
PLUGIN = """
import json
from localagent import CommandPlugin

class Analyzer(CommandPlugin):
    name = "project-analyzer"
    def register_commands(self, app):
        app.command("x", help="Print the name.")(lambda: print(__name__))
"""
TESTS = """
import importlib, sys
import pytest
import {first}
from plugin import Analyzer

def test_modules(plugin_class, plugin_runner):
    import plugin, project_analyzer, project_analyzer.plugin
    assert plugin is project_analyzer.plugin is sys.modules["plugin"]
    assert plugin_class is Analyzer is project_analyzer.Analyzer
    assert plugin.__spec__.name == plugin.__name__ == "project_analyzer.plugin"
    assert plugin.__spec__.loader is plugin.__loader__
    assert plugin_runner.invoke(["x"]).stdout == "project_analyzer.plugin\\n"
    assert type(plugin_runner.cli.plugin_manager.loaded_plugins["project-analyzer"]) is Analyzer

def test_others():
    import helping
    assert helping.__name__ == "helping"
    with pytest.raises(ModuleNotFoundError):
        import pluginx
    assert importlib.reload(sys.modules["plugin"]).Analyzer is not Analyzer
"""
INI = "[pytest]\nfilterwarnings = error\npythonpath = .\ntestpaths = tests plugin-manifest.yaml\n"


def analyzer(workshop: Workshop, *, first: str = "plugin", init: str = "from .plugin import Analyzer\n") -> Path:
    """The folder, which need not be called as the package is."""
    files = {
        "plugin-manifest.yaml": MANIFEST,
        "pyproject.toml": PROJECT,
        "plugin.py": PLUGIN,
        "helping.py": "",
        "__init__.py": init,
        "tests/test_modules.py": TESTS.format(first=first),
        "pytest.ini": INI,
    }
    return workshop.write("analyzer-main", files)


@pytest.mark.parametrize("mode", ["importlib", "prepend", "append"])
@pytest.mark.parametrize("first", ["plugin", "project_analyzer.plugin"])
def test_both_names_mean_one_module(first: str, mode: str, workshop: Workshop) -> None:
    done = workshop.pytest("--import-mode", mode, at=analyzer(workshop, first=first))
    assert done.returncode == 0, done.stdout


def test_it_goes_along_with_several_processes(workshop: Workshop) -> None:
    done = workshop.pytest("-p", "xdist", "-n", "2", at=analyzer(workshop))
    assert done.returncode == 0, done.stdout


def test_an_error_at_import_is_the_tests_error(workshop: Workshop) -> None:
    folder = analyzer(workshop)
    (folder / "plugin.py").write_text("raise LookupError('not today')\n")
    done = workshop.pytest("tests", at=folder)
    assert done.returncode == 2
    assert "LookupError: not today" in done.stdout


IS_ONE = "from plugin import Greeter\ndef test_it(plugin): assert type(plugin) is Greeter\n"


def test_a_module_outside_of_any_package_is_one_too_and_needs_no_import_path(workshop: Workshop) -> None:
    done = workshop.pytest("tests", at=workshop.plugin(files={"tests/test_it.py": IS_ONE}))
    assert done.returncode == 0, done.stdout


def test_a_folder_that_is_named_is_found_from_elsewhere(workshop: Workshop) -> None:
    elsewhere = workshop.write("elsewhere", {"test_it.py": IS_ONE})
    done = workshop.pytest("--localagent-plugin", str(workshop.plugin()), "test_it.py", at=elsewhere)
    assert done.returncode == 0, done.stdout
