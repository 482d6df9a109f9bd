"""``dev watch`` while a plugin is edited, broken, mended, renamed, deleted and restored."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plain import Run
from rendering import render
from saving import WAYS, Save, reloads_of

pytestmark = pytest.mark.slow

PATIENCE = 60.0


class Watched:
    """A process that watches, and what it told so far."""

    def __init__(self, path: Path, *words: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "localagent_cli", "dev", "watch", "--json", str(path), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self._events: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._seen = 0
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def next(self, *kinds: str) -> dict[str, Any]:
        """The next event of one of these kinds."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with self._news:
                while self._seen < len(self._events):
                    event = self._events[self._seen]
                    self._seen += 1
                    if event["event"] in kinds:
                        return event
                self._news.wait(0.1)
            assert self.process.poll() is None, self._events[-5:]
        pytest.fail(f"none of {kinds} came: {self._events[-5:]}")

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self._thread.join(PATIENCE)
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event = json.loads(line) if line.startswith("{") else {"event": "text", "text": line}
            with self._news:
                self._events.append(event)
                self._news.notify_all()
        self.process.stdout.close()


@pytest.fixture
def analyser(home: Path, work: Path) -> Path:
    """The project analyser as it is made."""
    return render(work / "dev-plugins", "project-analyzer", "command", "flat")


@pytest.fixture
def watch() -> Iterator[Callable[..., Watched]]:
    """Watches a folder until the test is over."""
    begun: list[Watched] = []

    def begin(path: Path, *words: str) -> Watched:
        begun.append(Watched(path, *words, env={"PYTHONDONTWRITEBYTECODE": ""}))
        begun[-1].next("watching")
        return begun[-1]

    yield begin
    for each in begun:
        if each.process.poll() is None:
            each.end()


@pytest.mark.parametrize("save", WAYS)
def test_a_host_lives_through_all_that_is_done_to_a_plugin(
    analyser: Path, watch: Callable[..., Watched], save: Save
) -> None:
    """Edit, syntax error, mend, a schema the settings break, mend, rename the file, delete and restore the folder."""
    watched = watch(analyser, "--", "analyze-project", ".", "--detailed")
    plugin, schema = analyser / "plugin.py", analyser / "config_schema.json"
    source, schema_text = plugin.read_text(), schema.read_text()

    save(plugin, source.replace('"Largest files"', '"Files by size"'))
    assert watched.next("reloaded", "refused")["generation"] == 2
    assert watched.next("tested")["passed"]
    assert "Files by size" in watched.next("ran")["output"]

    save(plugin, f"{source}\nx = (\n")
    refused = watched.next("reloaded", "refused")
    assert (refused["event"], refused["generation"], refused["problem"]["stage"]) == ("refused", 2, "read")
    assert (refused["problem"]["file"], refused["problem"]["line"]) == (str(plugin), len(source.splitlines()) + 2)
    save(plugin, source)
    assert watched.next("reloaded", "refused")["generation"] == 3

    save(schema, json.dumps(json.loads(schema_text) | {"required": ["nobody_set_this"]}))
    refused = watched.next("reloaded", "refused")
    assert (refused["event"], refused["problem"]["stage"]) == ("refused", "settings")
    assert "nobody_set_this" in refused["problem"]["message"]
    save(schema, schema_text)
    assert watched.next("reloaded", "refused")["generation"] == 4

    plugin.rename(analyser / "renamed.py")
    refused = watched.next("reloaded", "refused")
    assert "there is no module 'project_analyzer.plugin'" in refused["problem"]["message"]
    (analyser / "renamed.py").rename(plugin)
    assert watched.next("reloaded", "refused")["generation"] == 5

    away = analyser.with_name("away")
    analyser.rename(away)
    assert watched.next("unloaded", "refused")["unloaded"] == ["project-analyzer"]
    away.rename(analyser)
    watched.next("loaded")

    shutil.copytree(analyser, away)
    shutil.rmtree(analyser)
    assert watched.next("unloaded", "refused")["unloaded"] == ["project-analyzer"]
    away.rename(analyser)
    watched.next("loaded")
    assert watched.next("tested")["passed"]


def test_a_command_is_run_after_each_save(analyser: Path, watch: Callable[..., Watched], work: Path) -> None:
    watched = watch(analyser, "--", "analyze-project", ".")
    file = analyser / "plugin.py"
    file.write_text(f"{file.read_text()}\n# edited\n")
    ran = watched.next("ran")
    assert (ran["command"], ran["code"]) == (["analyze-project", "."], 0)
    assert ran["output"]


def test_a_plugin_that_cannot_be_loaded_at_first_is_once_it_is_mended(
    analyser: Path, watch: Callable[..., Watched]
) -> None:
    file = analyser / "plugin.py"
    source = file.read_text()
    file.write_text("import os\nos._exit(7)\n" + source)
    watched = watch(analyser)
    file.write_text(source)
    watched.next("loaded")


@pytest.mark.parametrize("save", WAYS)
def test_many_saves_are_few_reloads_and_the_last_one_counts(
    analyser: Path, watch: Callable[..., Watched], save: Save
) -> None:
    watched = watch(analyser)
    file = analyser / "plugin.py"
    source = file.read_text()
    began = time.monotonic()
    for number in range(50):
        save(file, f"{source}\nNUMBER = {number}\n")
        time.sleep(0.04)
    seconds = time.monotonic() - began
    reloads = 1
    while (event := watched.next("reloaded", "tested"))["event"] == "reloaded":
        reloads = event["generation"] - 1
    assert reloads <= reloads_of(seconds)
    assert file.read_text().endswith("NUMBER = 49\n")


PATIENT = """
import asyncio
from pathlib import Path

from localagent import CommandPlugin

BESIDE = Path(__file__).parents[1]


class Patient(CommandPlugin):
    name = "patient"
    version = "1.0"

    def register_commands(self, app):
        pass

    async def cleanup(self):
        for _ in range(400):
            if (BESIDE / "tested").exists():
                (BESIDE / "seen").touch()
                return
            await asyncio.sleep(0.01)
"""


def test_tests_run_beside_the_reload(tmp_path: Path, home: Path, watch: Callable[..., Watched]) -> None:
    plugin = tmp_path / "patient"
    (plugin / "tests").mkdir(parents=True)
    (plugin / "plugin.py").write_text(PATIENT)
    test = "from pathlib import Path\n\ndef test_plugin():\n    Path('..', 'tested').touch()\n"
    (plugin / "tests" / "test_plugin.py").write_text(test)
    watched = watch(plugin)
    (plugin / "plugin.py").write_text(f"{PATIENT}\n# edited\n")
    watched.next("reloaded")
    assert (tmp_path / "seen").exists()
    assert watched.next("tested")["passed"]


def test_tests_of_what_does_not_load_are_not_told_of(analyser: Path, watch: Callable[..., Watched]) -> None:
    watched = watch(analyser)
    plugin = analyser / "plugin.py"
    source = plugin.read_text()
    plugin.write_text(f"{source}\nx = (\n")
    watched.next("refused")
    plugin.write_text(source)
    assert watched.next("reloaded", "tested")["event"] == "reloaded"
    assert watched.next("tested")["passed"]


def test_lines_are_plain_where_nobody_looks(analyser: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "localagent_cli", "dev", "watch", str(analyser)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = [process.stdout.readline(), process.stdout.readline()]
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=PATIENCE)
    assert lines == ["project-analyzer: ready\n", f"watching {analyser}\n"]
    assert (rest, process.returncode) == ("", 130)


def test_a_folder_without_a_plugin_is_refused(localagent: Run, work: Path) -> None:
    told = localagent("dev", "watch", work)
    assert told.code == 2
    assert "there is no plugin here" in told.err


def test_options_may_stand_behind_the_folder_too(analyser: Path, localagent: Run) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "localagent_cli", "dev", "watch", str(analyser), "--json", "--", "analyze-project"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "loaded"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert "Usage: localagent dev watch" in localagent("dev", "watch", analyser, "--help").out
    told = localagent("dev", "watch", analyser, "--jsno")
    assert (told.code, "no such option: --jsno" in told.err) == (2, True)
