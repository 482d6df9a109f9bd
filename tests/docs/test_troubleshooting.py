"""The page on troubles quotes what is printed: each symptom is made with real files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from faults.told import HURRY, enable
from plain import GREETER_MANIFEST, Finished, MakePlugin, Run, command_plugin

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
SYMPTOM = re.compile(r"^## ([^\n]+)\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUOTED = dict(SYMPTOM.findall(PAGE.read_text("utf-8")))
SCHEMA = '{"properties": {"size": {"type": "integer", "default": 1}, "key": {"type": "string"}}}'


@dataclass(frozen=True)
class Place:
    """Where a symptom is made."""

    localagent: Run
    make_plugin: MakePlugin
    home: Path
    work: Path

    def greeter(self, source: str = "", *, settings: str = "", env: dict[str, str] | None = None) -> Finished:
        """Call the command of an enabled plugin of this source, with these settings as YAML."""
        self.make_plugin("greeter", source, config_schema__json=SCHEMA)
        enable(self.home, "greeter")
        if settings:
            text = f"plugins:\n  greeter:\n    enabled: true\n    config:\n      {settings}\n"
            (self.home / "config.yaml").write_text(text)
        return self.localagent("greeter", env=env)


Make = Callable[[Place], Finished]


def found_only(*words: str) -> Make:
    def make(place: Place) -> Finished:
        place.make_plugin("greeter")
        return place.localagent(*words)

    return make


def typed(*words: str) -> Make:
    return lambda place: place.localagent(*words)


def twice(make: Make) -> Make:
    def again(place: Place) -> Finished:
        make(place)
        return place.localagent("greeter")

    return again


def unreadable(place: Place) -> Finished:
    place.home.mkdir()
    (place.home / "config.yaml").write_text("plugins: [unclosed\n")
    return place.localagent("plugins", "list")


def no_manifest(place: Place) -> Finished:
    (place.work / "bare").mkdir()
    return place.localagent("dev", "validate", "bare")


def key_twice(place: Place) -> Finished:
    (place.work / "plugin-manifest.yaml").write_text(f'{GREETER_MANIFEST}version: "2"\n')
    return place.localagent("dev", "validate", "plugin-manifest.yaml")


def name_taken(place: Place) -> Finished:
    (place.work / "new-one").mkdir()
    (place.work / "new-one" / "mine.txt").write_text("mine")
    return place.localagent("dev", "create-plugin", "new-one", "command", "--into", ".")


def service_down(place: Place) -> Finished:
    place.home.mkdir()
    (place.home / "config.yaml").write_text("providers:\n  ollama:\n    base_url: http://127.0.0.1:9\n")
    return place.localagent("ask", "hi", "--provider", "ollama")


def nobody_agrees(place: Place) -> Finished:
    place.make_plugin("linked", into=place.work)
    assert place.localagent("plugins", "install", "-e", "linked", "--yes").code == 0
    return place.localagent("plugins", "uninstall", "linked")


def untrusted(place: Place) -> Finished:
    place.make_plugin("mine", into=place.work / "dev-plugins")
    place.home.mkdir()
    (place.home / "config.yaml").write_text("development: {enabled: true}\n")
    return place.localagent("mine")


def hangs(place: Place) -> Finished:
    place.make_plugin("greeter", command_plugin("greeter", initialise="import time; time.sleep(60)"))
    enable(place.home, "greeter", budgets=HURRY)
    return place.localagent("greeter")


def endless_pattern(place: Place) -> Finished:
    schema = '{"properties": {"size": {"type": "string", "pattern": "^(a+)+$"}}}'
    place.make_plugin("greeter", config_schema__json=schema)
    enable(place.home, "greeter")
    return place.localagent("greeter", env={"LOCALAGENT_GREETER_SIZE": "a" * 60 + "!"})


def same_name(place: Place) -> Finished:
    place.make_plugin("greeter")
    place.make_plugin("other", command_plugin("greeter"))
    enable(place.home, "greeter")
    return place.localagent("plugins", "list")


def needs_another(place: Place) -> Finished:
    manifest = f"{GREETER_MANIFEST}dependencies:\n  plugins: [weather]\n"
    place.make_plugin("greeter", **{"plugin-manifest__yaml": manifest})
    enable(place.home, "greeter")
    return place.localagent("greeter")


def prints(place: Place) -> Finished:
    done = place.greeter(f'print("loading")\n{command_plugin("greeter")}')
    assert done.text == "hello from greeter\n"
    return Finished(0, (place.home / "logs" / "greeter.log").read_text(), "")


SYMPTOMS: dict[str, Make] = {
    "A plugin was never enabled": found_only("greeter"),
    "A development folder is not trusted": untrusted,
    "There is no such plugin": found_only("plugins", "info", "greter"),
    "A command is misspelt": typed("plguins", "list"),
    "A module is not installed": lambda place: place.greeter("import no_such_module\n" + command_plugin("greeter")),
    "A plugin's file cannot be parsed": lambda place: place.greeter("def x(:\n"),
    "A plugin says that it is not ready": lambda place: place.greeter(
        command_plugin("greeter", initialise="return False")
    ),
    "A command fails within the plugin": lambda place: place.greeter(command_plugin("greeter", command="1/0")),
    "A plugin is in quarantine": twice(
        lambda place: place.greeter(command_plugin("greeter", initialise="import os; os._exit(9)"))
    ),
    "Everything is in recovery mode": unreadable,
    "A variable has the wrong type": lambda place: place.greeter(env={"LOCALAGENT_GREETER_SIZE": "many"}),
    "A variable has no effect": lambda place: place.greeter(env={"LOCALAGENT_GREETER_SIZ": "5"}),
    "A setting has the wrong type": lambda place: place.greeter(settings="size: many"),
    "A secret is not declared": lambda place: place.greeter(settings="key: ${env:MY_KEY}"),
    "A folder has no manifest": no_manifest,
    "A key of a manifest stands twice": key_twice,
    "A new plugin's name is refused": typed("dev", "create-plugin", "My Plugin", "command"),
    "The folder of a new plugin is taken": name_taken,
    "There is no model to ask": typed("ask", "hi"),
    "A model's service does not answer": service_down,
    "There is nothing to install": typed("plugins", "install", "./nothing.whl"),
    "Nobody is there to agree": nobody_agrees,
    "A plugin takes too long": hangs,
    "A pattern in a settings schema never ends": endless_pattern,
    "Two plugins have the same name": same_name,
    "A plugin needs another one": needs_another,
    "A package cannot be found": typed("plugins", "install", "nothing-there", "--index", "http://127.0.0.1:9/simple"),
    "A workflow is not there": typed("workflow", "run", "task", "--workflow", "plan-answer"),
    "Nothing works any more": lambda place: place.greeter(env={"LOCALAGENT_NO_PLUGINS": "1"}),
    "A plugin's output is missing": prints,
}


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_what_the_page_quotes_is_printed(
    symptom: str, localagent: Run, make_plugin: MakePlugin, home: Path, work: Path
) -> None:
    done = SYMPTOMS[symptom](Place(localagent, make_plugin, home, work))
    printed = done.text.replace(str(home), "~/.localagent").splitlines()
    quoted = [line.replace("[", "[[]").replace("…", "*") for line in QUOTED[symptom].splitlines()]
    assert [line for line in quoted if not any(fnmatchcase(seen, line) for seen in printed)] == [], done.text


def test_each_symptom_of_the_page_is_made() -> None:
    assert list(QUOTED) == list(SYMPTOMS)
    assert PAGE.read_text("utf-8").count("\n## ") == len(SYMPTOMS)
