"""What plugins store stays until somebody asks to have it removed; what they log says who spoke."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localagent.services.home import Home
from localagent.services.storage import Storage, storage_file
from plain import MakePlugin, Run

COUNTER = """
import logging

from localagent import CommandPlugin


class Counter(CommandPlugin):
    name = "counter"
    version = "1.0.0"
    description = "Counts its runs."

    async def initialize(self, context):
        self.context = context
        self.logger.info("hello", runs=context.storage.get("runs", 0))
        return True

    def register_commands(self, app):
        @app.command("count")
        def count():
            "Count."
            with self.context.storage.transaction() as storage:
                storage.set("runs", storage.get("runs", 0) + 1)
            print(self.context.storage.get("runs"))

        @app.command("later")
        async def later():
            "Log from a task."
            async def work():
                logging.getLogger("library").warning("in a task")
            await self.context.spawn(work())
            self.logger.debug("done")
"""


@pytest.fixture
def counter(make_plugin: MakePlugin, localagent: Run) -> None:
    make_plugin("counter", COUNTER)
    assert localagent("plugins", "enable", "counter").code == 0


def records(home: Path) -> list[dict[str, object]]:
    text = (home / "logs" / "localagent.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("counter")
def test_what_one_run_stores_the_next_run_finds(localagent: Run) -> None:
    assert [localagent("count").out for _ in range(3)] == ["1\n", "2\n", "3\n"]


@pytest.mark.usefixtures("counter")
def test_one_run_is_one_operation_in_the_log(localagent: Run, home: Path) -> None:
    done = localagent("later")
    assert done.err == "warning: counter: in a task\n"
    localagent("count")
    first, second, third = records(home)
    assert [(each["event"], each["plugin"], each["version"]) for each in (first, second, third)] == [
        ("hello", "counter", "1.0.0"),
        ("in a task", "counter", "1.0.0"),
        ("hello", "counter", "1.0.0"),
    ]
    assert first["correlation_id"] == second["correlation_id"] != third["correlation_id"]


@pytest.mark.usefixtures("counter")
def test_people_see_more_where_they_ask_for_it(localagent: Run) -> None:
    assert "info: counter: hello (runs=0)" in localagent("count", env={"LOCALAGENT_LOG_LEVEL": "info"}).err
    assert "debug: counter: done" in localagent("--debug", "later").err
    refused = localagent("count", env={"LOCALAGENT_LOG_LEVEL": "loud"})
    assert refused.code == 2
    assert refused.err.count("LOCALAGENT_LOG_LEVEL must be one of DEBUG, INFO") == 1


@pytest.mark.usefixtures("counter")
def test_data_stay_until_they_are_purged(localagent: Run, home: Path) -> None:
    localagent("count")
    kept = home / "data" / "counter"
    refused = localagent("plugins", "uninstall", "counter", "--purge", "--yes")
    assert refused.code == 4
    assert f"fix: rm -r {home}/plugins/counter && localagent plugins uninstall counter --purge" in refused.err
    assert kept.is_dir()
    for file in (home / "plugins" / "counter").iterdir():
        if file.is_file():
            file.unlink()
    assert localagent("plugins", "uninstall", "counter", "--purge").code == 4
    done = localagent("plugins", "uninstall", "counter", "--purge", "--yes")
    assert (done.code, done.err) == (0, "removed the data of counter\n")
    assert not kept.exists()


def test_only_the_data_of_a_name_are_purged(localagent: Run, home: Path) -> None:
    Storage(storage_file(Home(home), "other"), plugin="other", tell=print).set("a", 1)
    refused = localagent("plugins", "uninstall", "../data", "--purge", "--yes")
    assert refused.code == 2
    assert "cannot be a plugin's name" in refused.err
    assert localagent("plugins", "uninstall", "absent", "--purge", "--yes").code == 3
    assert (home / "data" / "other").is_dir()


def test_doctor_warns_of_secrets_that_others_may_read(localagent: Run, home: Path) -> None:
    home.mkdir()
    file = home / "config.yaml"
    file.write_text("plugins:\n  p:\n    config:\n      api_key: literal-secret\n")
    file.chmod(0o644)
    open_to_all = localagent("doctor")
    assert "others may read it, and it holds secrets" in open_to_all.text.replace("\n", " ")
    assert f"chmod 600 {file}" in open_to_all.text
    assert "literal-secret" not in open_to_all.text
    file.chmod(0o600)
    assert "chmod 600" not in localagent("doctor").text
    file.write_text("plugins:\n  p:\n    config:\n      api_key: ${env:KEY}\n")
    file.chmod(0o644)
    assert "chmod 600" not in localagent("doctor").text


@pytest.mark.parametrize(
    ("declared", "code"), [("permissions: {env: [TOKEN]}", 0), ("permissions: {env: [OTHER]}", 3), ("", 3)]
)
def test_a_plugin_gets_only_the_secrets_it_declared(
    localagent: Run, make_plugin: MakePlugin, home: Path, declared: str, code: int
) -> None:
    folder = make_plugin("counter", COUNTER.replace("print(self", "print(self.config['t'].reveal() == 'x' * 9, self"))
    manifest = "name: counter\nversion: 1.0.0\ndescription: Counts.\nplugin_types: [command]\n"
    entry = 'entry_points:\n  commands:\n    - {name: counter, class: "plugin:Counter"}\n'
    (folder / "plugin-manifest.yaml").write_text(f"{manifest}{entry}{declared}\n")
    (home / "config.yaml").write_text("plugins: {counter: {config: {t: '${env:TOKEN}'}}}\n")
    localagent("plugins", "enable", "counter")
    done = localagent("count", env={"TOKEN": "x" * 9})
    assert done.code == code, done
    if code:
        assert "the settings of 'counter' name the secret TOKEN, which its manifest does not declare" in done.err
        warned = localagent("count", env={"TOKEN": "x" * 9, "LOCALAGENT_DEV_MODE": "true"})
        assert warned.out == "True 1\n"
        assert warned.err.count("which its manifest does not declare") == 1
    else:
        assert done.out == "True 1\n"
        unset = localagent("count")
        assert unset.code == 2, "what is not set is the surroundings' configuration, and no fault of the plugin"
        assert "t -> ${env:TOKEN}: TOKEN is not set" in unset.err
        circle = localagent("count", env={"TOKEN": "${env:TOKEN}"})
        assert circle.code == 2
        assert "t -> ${env:TOKEN} -> ${env:TOKEN}: these refer to each other in a circle" in circle.err
