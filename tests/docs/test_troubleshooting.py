"""Each symptom of the page on troubleshooting is made, and what is printed is what the page shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.told import HURRY, enable
from plain import GREETER_MANIFEST, MakePlugin, Run, command_plugin

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
SHOWN = {
    heading: block.splitlines()
    for heading, block in re.findall(
        r"^## ([^\n]+)\n\n```text\n(.*?)\n```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
}
SCHEMA = '{"properties": {"size": {"type": "integer"}, "api_key": {"type": "string"}}}'


@dataclass(frozen=True)
class Scene:
    """What symptoms are made with."""

    home: Path
    work: Path
    make_plugin: MakePlugin
    localagent: Run

    def greets(self, source: str = "", **files: str) -> str:
        """What ``greeter`` prints, made of this source and enabled."""
        self.make_plugin("greeter", source, **files)
        enable(self.home, "greeter", budgets=HURRY)
        return self.localagent("greeter").text

    def configured(self, text: str, **variables: str) -> str:
        """What ``greeter`` prints under this configuration."""
        self.make_plugin("greeter", config_schema__json=SCHEMA)
        (self.home / "config.yaml").write_text(text)
        return self.localagent("greeter", env=variables).text


@pytest.fixture
def scene(home: Path, work: Path, make_plugin: MakePlugin, localagent: Run) -> Scene:
    home.mkdir(exist_ok=True)
    return Scene(home, work, make_plugin, localagent)


def misspelt(scene: Scene) -> str:
    scene.greets()
    return scene.localagent("greter").text


def never_enabled(scene: Scene) -> str:
    scene.make_plugin("greeter")
    return scene.localagent("greeter").text


def untrusted(scene: Scene) -> str:
    scene.make_plugin("mine", into=scene.work / "dev-plugins")
    (scene.home / "config.yaml").write_text("development: {enabled: true}\n")
    return scene.localagent("mine").text


def without_module(scene: Scene) -> str:
    return scene.greets(command_plugin("greeter").replace("from localagent", "import requestz\nfrom localagent", 1))


def raises(scene: Scene) -> str:
    return scene.greets(command_plugin("greeter", command='raise ValueError("no luck")'))


def dies(scene: Scene) -> str:
    scene.greets(command_plugin("greeter", initialise="import os; os._exit(3)"))
    return scene.localagent("greeter").text


def hangs(scene: Scene) -> str:
    return scene.greets(command_plugin("greeter", initialise="import time; time.sleep(60)"))


def broken_configuration(scene: Scene) -> str:
    return scene.configured("plugins:\n  greeter: {enabled: true\n")


def wrong_type(scene: Scene) -> str:
    return scene.configured("plugins:\n  greeter:\n    enabled: true\n    config: {size: many}\n")


def undeclared_secret(scene: Scene) -> str:
    return scene.configured(
        'plugins:\n  greeter:\n    enabled: true\n    config: {api_key: "${env:GREETER_KEY}"}\n', GREETER_KEY="x"
    )


def endless_pattern(scene: Scene) -> str:
    schema = '{"properties": {"size": {"type": "string", "pattern": "^(a+)+$"}}}'
    scene.make_plugin("greeter", config_schema__json=schema)
    enable(scene.home, "greeter")
    return scene.localagent("greeter", env={"LOCALAGENT_GREETER_SIZE": "a" * 60 + "!"}).text


def same_name(scene: Scene) -> str:
    scene.greets()
    scene.make_plugin("other", command_plugin("greeter"))
    return scene.localagent("plugins", "list").text


def needs_another(scene: Scene) -> str:
    manifest = f"{GREETER_MANIFEST}dependencies:\n  plugins: [weather]\n"
    return scene.greets(**{"plugin-manifest__yaml": manifest})


def no_package(scene: Scene) -> str:
    return scene.localagent("plugins", "install", "nothing-there", "--index", "http://127.0.0.1:9/simple").text


def no_model(scene: Scene) -> str:
    return scene.localagent("ask", "hello").text


def no_workflow(scene: Scene) -> str:
    return scene.localagent("workflow", "run", "task", "--workflow", "plan-answer").text


def without_plugins(scene: Scene) -> str:
    scene.greets()
    return scene.localagent("greeter", env={"LOCALAGENT_NO_PLUGINS": "1"}).text


def prints(scene: Scene) -> str:
    assert scene.greets(f'print("loading")\n{command_plugin("greeter")}') == "hello from greeter\n"
    return (scene.home / "logs" / "greeter.log").read_text()


SYMPTOMS: dict[str, Callable[[Scene], str]] = {
    "A command is not there": misspelt,
    "A plugin was never enabled": never_enabled,
    "A development folder is not trusted": untrusted,
    "A module is missing": without_module,
    "A plugin raised an error": raises,
    "A plugin took the process down": dies,
    "A plugin takes too long": hangs,
    "The configuration cannot be read": broken_configuration,
    "A setting has the wrong type": wrong_type,
    "A secret is not declared": undeclared_secret,
    "A pattern in a settings schema never ends": endless_pattern,
    "Two plugins have the same name": same_name,
    "A plugin needs another one": needs_another,
    "A package cannot be found": no_package,
    "No language model answers": no_model,
    "A workflow is not there": no_workflow,
    "Nothing works any more": without_plugins,
    "A plugin's output is missing": prints,
}


def test_each_symptom_of_the_page_is_made() -> None:
    assert list(SHOWN) == list(SYMPTOMS)


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_what_the_page_shows_is_what_is_printed(symptom: str, scene: Scene) -> None:
    printed = SYMPTOMS[symptom](scene)
    for line in SHOWN[symptom]:
        assert re.search(f"^{re.escape(line).replace('…', '.*')}$", printed, re.MULTILINE), printed
