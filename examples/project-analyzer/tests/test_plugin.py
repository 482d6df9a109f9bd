import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer
from localagent import PluginContext
from rich.console import Console
from typer.testing import CliRunner

from project_analyzer import plugin
from project_analyzer.analysis import (
    Settings,
    analyze,
    requirements_of,
)

NAME = "project-analyzer"
ANALYZE = "analyze-project"
SUMMARY = "project-summary"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for folder in ("src/__pycache__", "empty", "node_modules/vite"):
        (root / folder).mkdir(parents=True)
    (root / "src/main.py").write_text("print('hello')\n")
    (root / "src/__pycache__/main.pyc").write_bytes(b"\0")
    (root / "node_modules/vite/index.js").write_text("")
    (root / "[draft].md").write_text("A long text. " * 100)
    (root / "requirements.txt").write_text("# web\nflask>=3  # routes\n-r more.txt\n")
    (root / "gone").symlink_to("nowhere")
    return root


def context(**config: Any) -> PluginContext:
    """As much of a context as the plugin uses."""
    settings = SimpleNamespace(plugins={NAME: {"enabled": True, "config": config}})
    return cast("PluginContext", SimpleNamespace(config=settings, console=Console(width=100)))


def app(**config: Any) -> typer.Typer:
    made = plugin.ProjectAnalyzerPlugin()
    asyncio.run(made.initialize(context(**config)))
    commands = typer.Typer()
    made.register_commands(commands)
    return commands


def test_files_are_counted_without_what_is_excluded(project: Path) -> None:
    found = analyze(project, Settings())
    assert (found.files, found.folders, found.links) == (3, 2, 1)
    assert found.file_types == {".md": 1, ".py": 1, ".txt": 1}
    assert found.largest_files[0] == ("[draft].md", 1300)
    assert found.empty_folders == ["empty"]
    assert found.problems == []


def test_an_excluded_pattern_replaces_the_default(project: Path) -> None:
    found = analyze(project, Settings(exclude_patterns=("*.md", "empty")))
    assert found.file_types == {".js": 1, ".py": 1, ".pyc": 1, ".txt": 1}


def test_shallow_looks_at_the_folder_itself(project: Path) -> None:
    found = analyze(project, Settings(default_analysis_depth="shallow"))
    assert found.file_types == {".md": 1, ".txt": 1}


def test_kinds_come_from_the_top_folder(project: Path) -> None:
    (project / "Cargo.toml").touch()
    assert analyze(project, Settings()).kinds == ["python", "rust"]


def test_requirements_leave_out_comments_and_options() -> None:
    assert requirements_of("# web\n\nflask>=3  # routes\n-e .\n--no-index\n") == ["flask>=3"]


def test_dependencies_of_each_kind_are_listed(project: Path) -> None:
    (project / "pyproject.toml").write_text(
        '[project]\ndependencies = ["rich"]\noptional-dependencies.test = ["pytest"]\n'
    )
    (project / "package.json").write_text('{"dependencies": {"vite": "^6"}, "devDependencies": {"jest": "30"}}')
    assert analyze(project, Settings()).dependencies == {
        "package.json": ["vite ^6", "jest 30 [dev]"],
        "pyproject.toml": ["rich", "pytest [test]"],
        "requirements.txt": ["flask>=3"],
    }


def test_a_broken_file_is_named_and_the_rest_is_read(project: Path) -> None:
    (project / "package.json").write_text("{")
    found = analyze(project, Settings())
    assert found.problems[0].startswith("package.json: ")
    assert found.dependencies == {"requirements.txt": ["flask>=3"]}


def test_a_large_file_is_not_read(project: Path) -> None:
    found = analyze(project, Settings(max_file_size_mb=0.00001))
    assert found.dependencies == {}


def test_defaults_are_those_of_the_schema() -> None:
    schema = plugin.ProjectAnalyzerPlugin().get_config_schema() or {}
    defaults = {key: each["default"] for key, each in schema["properties"].items()}
    assert Settings.from_config(defaults) == Settings()


def test_json_is_for_programs(project: Path) -> None:
    result = CliRunner().invoke(app(), [ANALYZE, str(project), "--format", "json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["dependencies"] == {"requirements.txt": ["flask>=3"]}


def test_details_are_shown_when_asked_for_or_set(project: Path) -> None:
    plain = CliRunner().invoke(app(), [ANALYZE, str(project)])
    asked = CliRunner().invoke(app(), [ANALYZE, str(project), "--detailed"])
    deep = app(default_analysis_depth="deep")
    preset = CliRunner().invoke(deep, [ANALYZE, str(project)])
    assert "flask>=3" in plain.stdout
    assert "[draft].md" not in plain.stdout
    assert "[draft].md" in asked.stdout
    assert asked.stdout == preset.stdout


def test_a_summary_is_printed_or_saved(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.md"
    printed = CliRunner().invoke(app(), [SUMMARY, str(project)])
    saved = CliRunner().invoke(app(), [SUMMARY, str(project), "--save", str(target)])
    assert printed.stdout.startswith("# shop\n")
    assert saved.exit_code == 0, saved.output
    assert target.read_text("utf-8") == printed.stdout


@pytest.mark.parametrize(
    "words",
    [
        [ANALYZE, "no-such-folder"],
        [ANALYZE, ".", "--format", "xml"],
        [SUMMARY, ".", "--save", "no-such-folder/report.md"],
    ],
)
def test_wrong_words_are_refused(words: list[str], project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    result = CliRunner().invoke(app(), words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.asyncio
async def test_settings_are_taken_over() -> None:
    made = plugin.ProjectAnalyzerPlugin()
    assert await made.initialize(context(max_file_size_mb=5)) is True
    assert made.settings == Settings(max_file_size_mb=5)
