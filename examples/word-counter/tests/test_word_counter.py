import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from localagent import Host, HostOptions, PluginManager, RemoteError
from localagent_cli import LocalAgentCLI

Run = Callable[..., int]


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostOptions:
    """A home of its own, with the plugin from this folder; from where it is installed, if the folder has only tests."""
    monkeypatch.setenv("LOCALAGENT_PLUGINS_ENABLED", "word-counter")
    root = Path(__file__).parents[1]
    return HostOptions(home=tmp_path / "home", extra=(root,) if (root / "plugin.py").is_file() else ())


@pytest.fixture
def localagent(options: HostOptions) -> Run:
    """Runs a command as a run of its own."""
    return lambda *words: LocalAgentCLI(options).run(words)


@pytest.fixture
def texts(tmp_path: Path) -> list[str]:
    (tmp_path / "one.txt").write_text("Milk and bread. The milk!", encoding="utf-8")
    (tmp_path / "two.txt").write_text("Don't buy café-crème, buy milk", encoding="utf-8")
    return [str(tmp_path / "one.txt"), str(tmp_path / "two.txt")]


def ask(options: HostOptions, data: Any) -> Any:
    """Ask as another plugin would, which finds it not loaded yet."""

    async def request() -> Any:
        manager = PluginManager(Host.open(options))
        try:
            return await manager.host.message_bus.request("tests", "word-counter", data)
        finally:
            await manager.close()

    return asyncio.run(request())


def test_words_of_all_files_are_counted(localagent: Run, texts: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert localagent("count-words", *texts) == 0
    assert capsys.readouterr().out == "10 words; most frequent: milk (3), buy (2), bread (1)\n"


def test_programs_get_json(localagent: Run, texts: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert localagent("count-words", texts[1], "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"words": 5, "frequent": {"buy": 2, "café-crème": 1, "don't": 1}}


def test_a_file_that_was_changed_is_counted_again(
    localagent: Run, texts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for text, words in (("one two", 2), ("one two", 2), ("one two three", 3)):
        Path(texts[0]).write_text(text, encoding="utf-8")
        assert localagent("count-words", texts[0]) == 0
        assert capsys.readouterr().out.startswith(f"{words} words")


def test_settings_are_obeyed(
    localagent: Run, texts: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOCALAGENT_WORD_COUNTER_SHOWN", "1")
    monkeypatch.setenv("LOCALAGENT_WORD_COUNTER_IGNORED", '["Milk"]')
    assert localagent("count-words", *texts) == 0
    assert capsys.readouterr().out == "10 words; most frequent: buy (2)\n"


def test_a_file_without_words_has_none(localagent: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.txt").touch()
    assert localagent("count-words", str(tmp_path / "empty.txt")) == 0
    assert capsys.readouterr().out == "0 words; most frequent: none\n"


def test_another_plugin_gets_an_answer(options: HostOptions) -> None:
    answer = ask(options, {"texts": ["milk and bread", "milk"]})
    assert answer == {"words": 4, "frequent": {"milk": 2, "bread": 1}}


@pytest.mark.parametrize("data", [None, {}, {"texts": [1]}, "milk"])
def test_a_question_of_another_form_is_refused(options: HostOptions, data: Any) -> None:
    with pytest.raises(RemoteError, match="with nothing but texts"):
        ask(options, data)
