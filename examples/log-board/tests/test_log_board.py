import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from localagent import HostOptions
from localagent_cli import LocalAgentCLI

Show = Callable[..., tuple[int, str]]
TIME = "2026-03-01T10:20:30.5Z"
LINES: list[dict[str, Any]] = [
    {"level": "info", "event": "note added", "plugin": "notes", "timestamp": TIME},
    {"level": "warning", "event": "fetch was [slow]", "plugin": "wiki", "timestamp": TIME},
    {"level": "critical", "event": "no more room", "timestamp": TIME},
    {"level": "error", "event": "page is gone", "plugin": "wiki"},
]

BOARD = """\
╭──────────────── Log (4) ─────────────────╮
│  Plugin  Info  Warning  Error            │
│  (host)     0        0      1            │
│  wiki       0        1      1            │
│  notes      1        0      0            │
│                                          │
│ 10:20:30 warning wiki   fetch was [slow] │
│ 10:20:30 error   (host) no more room     │
│          error   wiki   page is gone     │
╰──────────────────────────────────────────╯
"""


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    """Draws the component over a text, with the plugin from this folder, or where it is installed."""
    monkeypatch.setenv("LOCALAGENT_PLUGINS_ENABLED", "log-board")
    monkeypatch.setenv("COLUMNS", "80")
    root = Path(__file__).parents[1]
    extra = (root,) if (root / "plugin.py").is_file() else ()
    file = tmp_path / "some.jsonl"

    def draw(text: str, *words: str) -> tuple[int, str]:
        file.write_text(text, encoding="utf-8")
        command = ["ui", "show", "log_board", "--data", str(file), *words]
        code = LocalAgentCLI(HostOptions(home=tmp_path / "home", extra=extra)).run(command)
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return draw


def lines(*records: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


def test_lines_are_counted_by_plugin_and_the_last_wrong_ones_shown(show: Show) -> None:
    code, shown = show(lines(*LINES))
    assert code == 0
    assert shown == BOARD


def test_one_plugin_is_shown_alone(show: Show) -> None:
    code, shown = show(lines(*LINES), "--set", "plugin=notes")
    assert code == 0
    assert "Log (1)" in shown
    assert "wiki" not in shown
    assert "nothing went wrong" in shown


def test_a_setting_says_how_many_are_shown(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALAGENT_LOG_BOARD_RECENT", "1")
    _, shown = show(lines(*LINES))
    assert "page is gone" in shown
    assert "no more room" not in shown


def test_no_lines_are_no_mistake(show: Show) -> None:
    code, shown = show("")
    assert code == 0
    assert "nothing was logged" in shown


@pytest.mark.parametrize("text", ["no json\n", "[]\n", '{"level": "info"}\n{"level"\n'])
def test_what_is_no_log_is_told(show: Show, text: str) -> None:
    code, shown = show(text)
    assert code != 0
    assert "no log line" in shown
