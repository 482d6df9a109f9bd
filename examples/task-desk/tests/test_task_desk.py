import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from localagent import HostOptions
from localagent_cli import LocalAgentCLI

from task_desk.workflow.plugin import steps_in

Run = Callable[..., int]
Shown = pytest.CaptureFixture[str]
PLUGINS = "task-desk,task-desk-ui,task-desk-workflow"


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """The file that answers in place of a model."""
    return tmp_path / "answers.txt"


@pytest.fixture
def localagent(tmp_path: Path, answers: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command as a run of its own, with the package from this folder, or where it is installed."""
    monkeypatch.setenv("LOCALAGENT_PLUGINS_ENABLED", PLUGINS)
    monkeypatch.setenv("COLUMNS", "80")
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.yaml").write_text(json.dumps({"providers": {"scripted": {"file": str(answers)}}}), "utf-8")
    root = Path(__file__).parents[1]
    options = HostOptions(home=home, extra=(root,) if (root / "task_desk").is_dir() else ())
    return lambda *words: LocalAgentCLI(options).run(["tasks", *words])


def kept(localagent: Run, capsys: Shown) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert localagent("board", "--json") == 0
    tasks: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return tasks


def test_what_one_run_keeps_the_next_one_finds(localagent: Run, capsys: Shown) -> None:
    assert localagent("add", "Buy", "milk") == 0
    assert localagent("add", "Call [bold]Ann") == 0
    assert localagent("done", "1") == 0
    assert kept(localagent, capsys) == [
        {"number": 1, "text": "Buy milk", "done": True},
        {"number": 2, "text": "Call [bold]Ann", "done": False},
    ]


def test_the_board_is_drawn_by_the_other_plugin(localagent: Run, capsys: Shown) -> None:
    assert localagent("add", "Call [bold]Ann") == 0
    assert localagent("board") == 0
    assert "│ 1 Call [bold]Ann │" in capsys.readouterr().out


def test_a_task_that_is_not_there_cannot_be_done(localagent: Run, capsys: Shown) -> None:
    assert localagent("done", "7") == 2
    assert "there is no task 7" in capsys.readouterr().err


def test_a_plan_becomes_tasks(localagent: Run, answers: Path, capsys: Shown) -> None:
    answers.write_text("1. Draw a map\n2) Pack\n\n- Go\n", encoding="utf-8")
    assert localagent("plan", "See the sea") == 0
    assert capsys.readouterr().out == "added task 1: Draw a map\nadded task 2: Pack\nadded task 3: Go\n"
    assert [task["text"] for task in kept(localagent, capsys)] == ["Draw a map", "Pack", "Go"]


def test_without_a_step_there_is_no_plan(localagent: Run, answers: Path, capsys: Shown) -> None:
    answers.write_text(" \n", encoding="utf-8")
    assert localagent("plan", "See the sea") == 1
    assert "there is no plan" in capsys.readouterr().err
    assert kept(localagent, capsys) == []


def test_steps_are_lines_without_marks_and_not_too_many() -> None:
    assert steps_in("* one\n 10. two\nthree 3.\n") == ["one", "two", "three 3."]
    assert len(steps_in("step\n" * 100)) == 7
