import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from localagent import HostOptions
from localagent_cli import LocalAgentCLI

Review = Callable[..., dict[str, Any]]
UNREADABLE = Path("/proc/self/mem")
Shown = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    for number in range(10):
        text = "fine\n" if number % 2 else "TODO: more \nfine\n"
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def review(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown) -> Review:
    """Runs the workflow over the folder, with the plugin from its folder, or where it is installed."""
    monkeypatch.setenv("LOCALAGENT_PLUGINS_ENABLED", "folder-review")
    root = Path(__file__).parents[1]
    extra = (root,) if (root / "plugin.py").is_file() else ()
    options = HostOptions(home=tmp_path / "home", extra=extra)

    def run(*words: str) -> dict[str, Any]:
        command = ["workflow", "run", "Review this folder", "--workflow", "folder-review", "--json"]
        LocalAgentCLI(options).run([*command, "--context", f"folder={folder}", *words])
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    return run


def test_every_file_is_reviewed_and_every_kind_summarised(review: Review) -> None:
    told = review()
    assert told["success"] is True
    assert told["result"]["files"] == 10
    assert told["result"]["findings"] == 10
    assert told["result"]["summary"] == [
        "long line: 0 in 0 file(s)",
        "left to do: 5 in 5 file(s), most in 0.txt",
        "merge conflict: 0 in 0 file(s)",
        "space at the end: 5 in 5 file(s), most in 0.txt",
        "not UTF-8: 0 in 0 file(s)",
        "no newline at the end: 0 in 0 file(s)",
    ]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", set()),
        (b"fine\n", set()),
        (b"fine\nFIXME it\n", {"left to do: 1"}),
        (b"space \ntab\t\n", {"space at the end: 2"}),
        (b"123456789\n12345678901\n", {"long line: 1"}),
        (b"<<<<<<< us\n=======\n>>>>>>> t\n", {"merge conflict: 3"}),
        (b"no end", {"no newline at the end: 1"}),
        (b"one\n\xff\n", {"not UTF-8: 1"}),
    ],
)
def test_what_there_is_to_find(review: Review, folder: Path, content: bytes, found: set[str]) -> None:
    (folder / "this.one").write_bytes(content)
    told = review("--context", "pattern=this.*", "--context", "longest_line=10")
    summary = [line.partition(" in ")[0] for line in told["result"]["summary"]]
    assert {line for line in summary if not line.endswith(": 0")} == found


def test_hidden_files_are_left_out(review: Review, folder: Path) -> None:
    for name in (".git/config", "below/c.py", "a.py", ".hidden.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    assert review("--context", "pattern=*.py")["result"]["files"] == 2


def test_settings_come_with_the_context(review: Review) -> None:
    told = review("--context", "pattern=1.*", "--context", "longest_line=2")
    assert told["result"]["files"] == 1
    assert told["result"]["summary"][0] == "long line: 1 in 1 file(s), most in 1.txt"


@pytest.mark.skipif(not UNREADABLE.exists(), reason="nothing here is a file that even root cannot read")
def test_a_file_that_cannot_be_read_is_told_among_the_rest(review: Review, folder: Path) -> None:
    (folder / "unreadable").symlink_to(UNREADABLE)
    told = review()
    assert told["success"] is True
    assert told["result"]["unread"] == ["unreadable"]
    assert told["phases"]["review"] == {"success": False, "agents": 11, "succeeded": 10}


def test_a_folder_without_files_is_a_failure(review: Review) -> None:
    told = review("--context", "pattern=*.rst")
    assert told["success"] is False
    assert "there is no file '*.rst'" in told["error"]
