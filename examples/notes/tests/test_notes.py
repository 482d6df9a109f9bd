import asyncio
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from localagent import Host, HostOptions, PluginManager
from localagent_cli import LocalAgentCLI

Run = Callable[..., int]
Shown = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def options(home: Path, monkeypatch: pytest.MonkeyPatch) -> HostOptions:
    """A home of its own, with the plugins from their folders; from where they are installed, if there are only tests."""
    monkeypatch.setenv("LOCALAGENT_PLUGINS_ENABLED", "notes,word-counter")
    root = Path(__file__).parents[1]
    folders = (root, root.parent / "word-counter")
    return HostOptions(home=home, extra=tuple(folder for folder in folders if (folder / "plugin.py").is_file()))


@pytest.fixture
def localagent(options: HostOptions) -> Run:
    """Runs a command as a run of its own."""
    return lambda *words: LocalAgentCLI(options).run(words)


@pytest.fixture
def three(localagent: Run, capsys: Shown) -> None:
    for text in ("Buy milk", "Call [bold]Ann", "Buy bread"):
        assert localagent("notes", "add", *text.split()) == 0
    capsys.readouterr()


def listed(localagent: Run, capsys: Shown) -> list[tuple[int, str]]:
    capsys.readouterr()
    assert localagent("notes", "list", "--json") == 0
    return [(note["number"], note["text"]) for note in json.loads(capsys.readouterr().out)]


@pytest.mark.usefixtures("three")
def test_what_one_run_adds_the_next_one_finds(localagent: Run, capsys: Shown) -> None:
    assert listed(localagent, capsys) == [(3, "Buy bread"), (2, "Call [bold]Ann"), (1, "Buy milk")]


@pytest.mark.usefixtures("three")
def test_notes_are_shown_as_they_were_written(localagent: Run, capsys: Shown) -> None:
    assert localagent("notes", "list") == 0
    shown = capsys.readouterr().out
    assert "Call [bold]Ann" in shown
    assert shown.index("Buy bread") < shown.index("Buy milk")


@pytest.mark.usefixtures("three")
def test_a_removed_note_is_gone_and_its_number_is_not_used_again(localagent: Run, capsys: Shown) -> None:
    assert localagent("notes", "remove", "3") == 0
    assert localagent("notes", "remove", "3") == 2
    assert localagent("notes", "add", "New") == 0
    assert [number for number, _ in listed(localagent, capsys)] == [4, 2, 1]


@pytest.mark.usefixtures("three")
def test_settings_decide_what_is_shown(localagent: Run, home: Path, capsys: Shown) -> None:
    (home / "notes.yaml").write_text("order: oldest\nshown: 2\n", encoding="utf-8")
    assert [number for number, _ in listed(localagent, capsys)] == [1, 2]


def test_a_setting_that_does_not_fit_is_told(localagent: Run, home: Path, capsys: Shown) -> None:
    (home / "notes.yaml").write_text("order: random\n", encoding="utf-8")
    assert localagent("notes", "list") == 3
    assert "random" in capsys.readouterr().err


def test_a_note_lives_as_long_as_it_should(localagent: Run, monkeypatch: pytest.MonkeyPatch, capsys: Shown) -> None:
    monkeypatch.setenv("LOCALAGENT_NOTES_KEEP_DAYS", "1e-9")
    assert localagent("notes", "add", "Short") == 0
    assert listed(localagent, capsys) == []


@pytest.mark.usefixtures("three")
def test_the_words_are_counted_by_the_other_plugin(localagent: Run, capsys: Shown) -> None:
    assert localagent("notes", "words") == 0
    assert capsys.readouterr().out == "7 words in 3 note(s); most frequent: buy, ann, bold\n"


def test_without_the_other_plugin_the_way_out_is_told(options: HostOptions, capsys: Shown) -> None:
    alone = options._replace(extra=options.extra[:1], only=frozenset({"notes"}))
    assert LocalAgentCLI(alone).run(["notes", "words"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "is it installed and enabled?" in shown.err


@pytest.mark.usefixtures("three")
def test_other_plugins_may_ask_for_the_notes(options: HostOptions) -> None:
    async def ask() -> Any:
        manager = PluginManager(Host.open(options))
        try:
            bus = manager.host.message_bus
            return [await bus.request("tests", "notes", which) for which in (None, {"last": 2})]
        finally:
            await manager.close()

    everything, last = asyncio.run(ask())
    assert [note["number"] for note in everything] == [1, 2, 3]
    assert last == everything[1:]


@pytest.fixture
def changing_title(home: Path) -> Iterator[None]:
    """Somebody who changes a setting again and again."""
    ended = threading.Event()
    new = home / "new title"

    def set_title(number: int) -> None:
        # At once, since half a file is none that fits.
        new.write_text(f"title: Board {number}\n", encoding="utf-8")
        new.replace(home / "notes.yaml")

    def change() -> None:
        for number in itertools.count(1):
            if ended.wait(0.2):
                return
            set_title(number)

    set_title(0)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(change)
        yield
        ended.set()


@pytest.mark.usefixtures("three", "changing_title")
def test_the_board_follows_the_settings(localagent: Run, capsys: Shown) -> None:
    assert localagent("notes", "board", "--times", "3") == 0
    shown = capsys.readouterr().out
    assert shown.count("Buy milk") == 3
    titles = {line.strip() for line in shown.splitlines() if line.strip().startswith("Board")}
    assert len(titles) == 3


@pytest.mark.usefixtures("three")
def test_what_was_done_is_in_the_log(home: Path) -> None:
    lines = [json.loads(line) for file in (home / "logs").glob("*") for line in file.read_text("utf-8").splitlines()]
    added = [line for line in lines if line["event"] == "note added"]
    assert [line["number"] for line in added] == [1, 2, 3]
    assert {line["plugin"] for line in added} == {"notes"}
