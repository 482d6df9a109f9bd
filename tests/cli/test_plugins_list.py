"""The list of plugins is the same whether plugins were looked at or the index was asked."""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from localagent.host.situation import HostOptions, Situation
from localagent.host.survey import keep_warm, survey
from localagent.manifest.names import BUILTIN_COMMANDS
from localagent_cli import warm
from plain import Finished, MakePlugin, Run, command_line, command_plugin, plugin_maker
from terminal import on_terminal

_SETTLING = 0.12
LIST = [sys.executable, "-m", "localagent_cli", "plugins", "list"]
ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}


def forget(home: Path) -> None:
    for file in (home / "cache").glob("index-*"):
        file.unlink()


def furnish(localagent: Run, make_plugin: MakePlugin, home: Path, work: Path) -> Path:
    """Make plugins in many states; gives the folder of one that is enabled."""
    folder = make_plugin("runs", command_plugin("runs").replace("A plugin for tests.", "Läuft: プラグイン"))
    make_plugin("sleeps")
    make_plugin("breaks", "raise ValueError('odd')\nclass BreaksPlugin:\n    name = 'breaks'\n")
    make_plugin("grabs", command_plugin("grabs").replace('@app.command("grabs")', '@app.command("doctor")'))
    make_plugin("stranger", into=work / "dev-plugins")
    make_plugin("lonely", command_plugin("lonely").replace("version =", "dependencies = ('absent>=2',)\n    version ="))
    (home / "development.yaml").write_text("development: {debug_mode: false}\n")
    for name in ("runs", "breaks", "grabs", "lonely"):
        localagent("plugins", "enable", name)
    time.sleep(_SETTLING)
    return folder


@pytest.fixture
def zoo(localagent: Run, make_plugin: MakePlugin, home: Path, work: Path) -> Path:
    """Plugins in many states; gives the folder of one that is enabled."""
    return furnish(localagent, make_plugin, home, work)


@dataclass(frozen=True)
class Shown:
    """A home with plugins in many states, which tests only look at."""

    home: Path
    work: Path
    run: Run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    folder = tmp_path_factory.mktemp("zoo")
    home, work = folder / "home", folder / "work"
    work.mkdir()
    run = command_line(work, home)
    furnish(run, plugin_maker(home), home, work)
    return Shown(home, work, run)


@pytest.fixture
def shown(made: Shown, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Made once, and looked at from the current folder that it belongs to."""
    monkeypatch.chdir(made.work)
    return made


@pytest.mark.parametrize("env", [{}, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize(
    "words", [("list",), ("list", "--json"), ("list", "--timings"), ("--list",), ("--list", "--json")], ids=" ".join
)
@pytest.mark.usefixtures("home")
def test_cold_and_warm_lists_are_the_same(shown: Shown, words: tuple[str, ...], env: dict[str, str]) -> None:
    forget(shown.home)
    cold = shown.run("plugins", *words, env=env)
    assert list((shown.home / "cache").glob("index-*-list.json"))
    assert shown.run("plugins", *words, env=env) == cold
    assert cold.code == 0
    assert "stranger" in cold.out
    assert ("quarantined" in cold.err, "untrusted stranger" in cold.err) == (False, "--json" not in words)


def test_an_empty_list_is_the_same_cold_and_warm(localagent: Run) -> None:
    lists: list[Finished] = []
    for _ in range(3):
        lists.append(localagent("plugins", "list"))
        time.sleep(_SETTLING)
    assert lists[0] == lists[1] == lists[2]
    assert lists[0].err.startswith("no plugin was found\nfix: ")
    assert localagent("plugins", "list", "--json").out == "[]\n"


def test_a_warm_list_looks_at_no_plugin(localagent: Run, home: Path, zoo: Path) -> None:
    localagent("plugins", "list")
    (file,) = (home / "cache").glob("index-*-list.json")
    head, content = file.read_text().splitlines()
    kept = json.loads(content[:-1])
    kept["plugins"] = [kept["plugins"][0] | {"name": "planted"}]
    file.write_text(f"{head}\n{json.dumps(kept)}]")
    assert "planted" in localagent("plugins", "list").out
    (zoo / "plugin.py").touch()
    assert "planted" not in localagent("plugins", "list").out


@pytest.mark.usefixtures("zoo")
def test_what_is_doubtful_in_a_file_is_told_each_time(localagent: Run, home: Path) -> None:
    (home / "development.yaml").write_text("development_mode: true\n")
    for _ in range(3):
        time.sleep(_SETTLING)
        assert "did you mean 'development'?" in localagent("plugins", "list").err


@pytest.mark.usefixtures("zoo")
def test_a_warm_list_sees_every_decision_of_the_user(localagent: Run, home: Path) -> None:
    def states() -> dict[str, str]:
        localagent("plugins", "list")
        time.sleep(_SETTLING)
        listed = json.loads(localagent("plugins", "list", "--json").out)
        return {each["name"]: each["state"] for each in listed}

    assert states()["runs"] == "enabled"
    localagent("plugins", "disable", "runs")
    assert states()["runs"] == "disabled"
    localagent("dev", "trust", "dev-plugins")
    assert states()["stranger"] != "untrusted"
    (home / "config.yaml").write_text("plugins: {sleeps: {enabled: true}}\n")
    assert states()["sleeps"] == "enabled"
    (home / "config.yaml").write_text("plugins: [\n")
    assert states()["sleeps"] == "disabled"
    assert "recovery mode" in localagent("plugins", "list").err


def test_what_changed_while_it_was_looked_at_is_not_kept(home: Path, work: Path, make_plugin: MakePlugin) -> None:
    make_plugin("mine")
    time.sleep(_SETTLING)
    situation = Situation.read(HostOptions(home=home, reserved=BUILTIN_COMMANDS))
    picture = survey(situation)
    time.sleep(_SETTLING)
    (home / "config.yaml").write_text("plugins: {mine: {enabled: true}}\n")
    time.sleep(_SETTLING)
    keep_warm(picture, situation, {"list": warm.parts(picture)["list"]})
    assert warm.read("list", situation.settings.environ, str(home)) is None


def test_a_host_with_other_reserved_names_leaves_no_trace(home: Path, work: Path, make_plugin: MakePlugin) -> None:
    make_plugin("mine")
    time.sleep(_SETTLING)
    situation = Situation.read(HostOptions(home=home))
    warm.keep(survey(situation), situation)
    assert warm.read("list", situation.settings.environ, str(home)) is None


@pytest.mark.usefixtures("home")
def test_a_terminal_gets_colours_and_no_line_that_does_not_fit(shown: Shown) -> None:
    own = {"LOCALAGENT_HOME": str(shown.home)}
    drawn = on_terminal(LIST, columns=20, env=own)
    assert "state: enabled" in re.sub(r"\x1b\[\d*m", "", drawn)
    assert "\x1b[32m" in drawn
    table = re.sub(r"\x1b\[\d*m", "", drawn).partition("untrusted stranger:")[0].splitlines()
    assert max(map(len, table)) <= 20
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in on_terminal(LIST, columns=80, env={**own, **env})


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.usefixtures("home")
def test_the_table_comes_before_what_explains_it(shown: Shown, unbuffered: str) -> None:
    env = {"LOCALAGENT_HOME": str(shown.home), "PYTHONUNBUFFERED": unbuffered}
    drawn = on_terminal(LIST, columns=200, env=env)
    assert drawn.index("stranger") < drawn.index("untrusted stranger:")


def test_a_pipe_gets_one_line_a_plugin_however_long(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    folder = make_plugin("x" * 60)
    listed = localagent("plugins", "list", env={"COLUMNS": "20"})
    assert f"{'x' * 60}  disabled  command  1.2.3    {folder}" in listed.out.splitlines()
