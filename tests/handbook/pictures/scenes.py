"""Which pictures there are: of which command, after which preparations."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from handbook.pictures.stage import Stage, typed
from plain import command_plugin
from terminal import Pane

FOLDER = Path(__file__).parents[3] / "docs" / "pictures"
_LAB = "dev-plugins/word-lab"


@dataclass(frozen=True)
class Scene:
    """One picture.

    Attributes:
        name: of its file, without the ending.
        title: in the bar above.
        play: runs the command on an empty stage and gives what it shows.
        needs: a program beside Python.
    """

    name: str
    title: str
    play: Callable[[Stage], str]
    needs: str = ""

    @property
    def file(self) -> Path:
        """Where the picture lies."""
        return FOLDER / f"{self.name}.svg"


def help_page(stage: Stage) -> str:
    """What LocalAgent can do, with a plugin's command among the rest."""
    _with_greeter(stage)
    return stage.run("--help")


def new_plugin(stage: Stage) -> str:
    """A plugin made from nothing but a name and a kind."""
    return stage.run("dev", "create-plugin", "word-lab", "command")


def plugin_list(stage: Stage) -> str:
    """A broken plugin beside healthy ones."""
    stage.run("dev", "init")
    stage.run("dev", "create-plugin", "word-lab", "command")
    _with_greeter(stage)
    _with_broken_plugin(stage)
    return stage.run("plugins", "list")


def findings(stage: Stage) -> str:
    """Two slips, and what `dev validate` says of them."""
    stage.run("dev", "create-plugin", "word-lab", "command")
    _replace(stage.work / _LAB / "plugin-manifest.yaml", "license:", "licence:")
    _replace(stage.work / _LAB / "plugin.py", 'name = "word-lab"', 'name = "word-labs"')
    return stage.run("dev", "validate", _LAB)


def doctor(stage: Stage) -> str:
    """All that LocalAgent stands on, and the one thing that is wrong with it."""
    _with_greeter(stage)
    _with_broken_plugin(stage)
    return stage.run("doctor")


def trace(stage: Stage) -> str:
    """Where a command's time went."""
    _with_greeter(stage)
    # The first run after a change keeps the way to the command.
    stage.run("greeter")
    return stage.run("trace", "greeter", shows_folders=False)


def watch(stage: Stage) -> str:
    """A save that broke the plugin, after one that did not."""
    stage.run("dev", "create-plugin", "word-lab", "command")
    file = stage.work / _LAB / "plugin.py"
    source = file.read_text(encoding="utf-8")
    variables = [f"{name}={value}" for name, value in stage.variables.items() if name != "TERM"]
    words = ["dev", "watch", _LAB]
    start = ["env", "-u", "COLUMNS", "-u", "LINES", *variables, sys.executable, "-m", "localagent_cli", *words]
    pane = Pane(stage.user / "tmux", shlex.join(start), stage.work)
    try:
        pane.shows("ready", "q quit")
        file.write_text(f"{source}\n# edited\n", encoding="utf-8")
        pane.shows("word-lab  2", " passed")
        file.write_text(f"{source}\nwords = (\n", encoding="utf-8")
        pane.shows("the old code goes on", "was never closed")
        return typed(*words) + stage.as_everywhere(pane.in_colour())
    finally:
        pane.end()


SCENES = (
    Scene("help", "localagent --help", help_page),
    Scene("create-plugin", "localagent dev create-plugin", new_plugin),
    Scene("plugins-list", "localagent plugins list", plugin_list),
    Scene("validate", "localagent dev validate", findings),
    Scene("doctor", "localagent doctor", doctor),
    Scene("trace", "localagent trace", trace),
    Scene("watch", "localagent dev watch", watch, needs="tmux"),
)


def _with_greeter(stage: Stage) -> None:
    _with_plugin(stage, "greeter", command_plugin("greeter"))


def _with_broken_plugin(stage: Stage) -> None:
    _with_plugin(stage, "weather", f"import forecasts\n{command_plugin('weather')}")


def _with_plugin(stage: Stage, name: str, source: str) -> None:
    folder = stage.home / "plugins" / name
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(source, encoding="utf-8")
    stage.run("plugins", "enable", name)


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
