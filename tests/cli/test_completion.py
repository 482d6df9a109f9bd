"""Tab completes what exists, in each shell's own form, and never says anything else."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from typer.main import get_group

from localagent_cli import builtin_commands
from localagent_cli.command_words import tree
from localagent_cli.completion import answer
from plain import Finished, MakePlugin, Run, command_line, command_plugin, plugin_maker

BUILTINS = list(builtin_commands.BUILTINS)
EVIL = 'It\'s "fine": $(touch owned) `touch owned` \\" ); touch owned; ('


@pytest.fixture(scope="module")
def greeters_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that tests only look at: with a plugin whose command is ``greet``, beside one that was never enabled."""
    folder = tmp_path_factory.mktemp("greeter")
    home = folder / "home"
    make_plugin, localagent = plugin_maker(home), command_line(folder, home)
    make_plugin("sleeper")
    make_plugin("greeter", command_plugin("greeter").replace('@app.command("greeter")', '@app.command("greet")'))
    localagent("plugins", "enable", "greeter")
    localagent("--help")
    return home


@pytest.fixture
def greeter(greeters_home: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALAGENT_HOME", str(greeters_home))


@pytest.fixture
def complete(localagent: Run) -> Run:
    """What a shell is told about a line whose cursor is at its end."""

    def ask(line: str, shell: str = "bash", **env: str) -> Finished:
        words = line.split(" ")
        asked = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1), "_TYPER_COMPLETE_ARGS": line}
        return localagent(env={"_LOCALAGENT_COMPLETE": f"complete_{shell}", **asked, **env})

    return ask


def words_of(finished: Finished) -> list[str]:
    assert (finished.code, finished.err) == (0, "")
    return finished.out.splitlines()


@pytest.mark.usefixtures("greeter")
def test_the_first_word_is_a_command_of_the_host_or_of_an_enabled_plugin(complete: Run) -> None:
    first = words_of(complete("localagent "))
    assert first[: len(BUILTINS)] == BUILTINS
    assert first[-1] == "greet"
    assert words_of(complete("localagent gre")) == ["greet"]
    assert words_of(complete("localagent --debug --only greeter gre")) == ["greet"]
    assert words_of(complete("localagent --no")) == ["--no-plugins"]


@pytest.mark.usefixtures("greeter")
@pytest.mark.parametrize(
    "before", ["info", "enable", "disable", "uninstall", "test", "--enable", "--test", "info --json"]
)
def test_plugins_are_completed_where_one_is_to_be_named(complete: Run, before: str) -> None:
    assert words_of(complete(f"localagent plugins {before} ")) == ["greeter", "sleeper"]
    assert words_of(complete(f"localagent plugins {before} s")) == ["sleeper"]


@pytest.mark.usefixtures("greeter")
@pytest.mark.parametrize("before", ["ask --provider", "ask hi -p", "providers health", "providers setup"])
def test_providers_are_completed_where_one_is_to_be_named(complete: Run, before: str) -> None:
    assert {"embedded", "ollama", "openai-compatible", "scripted"} <= set(words_of(complete(f"localagent {before} ")))
    assert words_of(complete(f"localagent {before} sc")) == ["scripted"]


@pytest.mark.usefixtures("home")
def test_words_of_built_in_commands_come_from_their_apps(complete: Run) -> None:
    for _ in range(2):
        assert {"list", "info", "enable"} < set(words_of(complete("localagent plugins ")))
        assert words_of(complete("localagent plugins li")) == ["list"]
        assert words_of(complete("localagent plugins list --j")) == ["--json"]
        assert words_of(complete("localagent plugins list --json extra ")) == []


def test_choices_hidden_words_and_many_values_are_read_off_typer() -> None:
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    def paint(
        names: list[str],
        *,
        colour: Annotated[Literal["red", "blue"], typer.Option(help="Which", metavar="COLOUR")] = "red",
        secret: Annotated[bool, typer.Option(hidden=True)] = False,
        dry: Annotated[bool, typer.Option("--dry/--wet")] = False,
    ) -> None:
        """Paint something."""

    app.command(hidden=True)(lambda: None)
    found = tree(get_group(app))
    assert list(found["commands"]) == ["paint"]
    painted = found["commands"]["paint"]
    colour, dry, _ = painted["options"]
    assert colour == {"names": ["--colour"], "help": "Which", "metavar": "COLOUR", "choices": ["red", "blue"]}
    assert (dry["names"], dry["metavar"]) == (["--dry", "--wet"], "")
    assert painted["arguments"] == [{"metavar": "NAMES", "choices": [], "many": True}]


@pytest.mark.usefixtures("greeter")
def test_what_a_plugins_own_command_takes_is_left_to_file_names(complete: Run) -> None:
    assert words_of(complete("localagent greet ")) == []
    assert words_of(complete("localagent greet --w")) == []
    assert complete("localagent greet ", "zsh").out == "_files\n"
    assert complete("localagent greet ", "fish", _TYPER_COMPLETE_FISH_ACTION="is-args").code == 1


@pytest.mark.usefixtures("greeter")
def test_each_shell_is_told_in_its_own_form(complete: Run) -> None:
    assert complete("localagent gr", "zsh").out == '_arguments \'*: :(("greet":"Greet somebody."))\'\n'
    assert complete("localagent gr", "fish", _TYPER_COMPLETE_FISH_ACTION="get-args").out == "greet\tGreet somebody.\n"
    assert complete("localagent gr", "fish", _TYPER_COMPLETE_FISH_ACTION="is-args").code == 0
    assert complete("localagent gr", "powershell").out == "greet:::Greet somebody.\n"


def test_a_help_text_cannot_give_orders_to_a_shell(
    complete: Run, localagent: Run, make_plugin: MakePlugin, work: Path
) -> None:
    make_plugin("evil", command_plugin("evil").replace('"Greet somebody."', repr(EVIL)))
    make_plugin("worse", command_plugin("worse").replace('@app.command("worse")', '@app.command("a;touch owned")'))
    localagent("plugins", "enable", "evil")
    localagent("plugins", "enable", "worse")
    localagent("--help")
    told = complete("localagent ", "zsh").out
    assert "touch owned;" in told
    assert '"evil"' in told
    assert "a;touch" not in told
    # Within single quotes any shell reads alike; zsh evaluates the argument once more.
    once = shlex.split(told)
    assert once[:1] == ["_arguments"]
    assert len(once) == 2
    subprocess.run(["bash", "-c", f"list=({once[1][6:-2]})"], cwd=work, check=True)
    assert not (work / "owned").exists()


@pytest.mark.parametrize(
    "env",
    [
        {"_LOCALAGENT_COMPLETE": "complete_bash", "COMP_CWORD": "x"},
        {"_LOCALAGENT_COMPLETE": "complete_bash", "COMP_WORDS": "localagent 'pl", "COMP_CWORD": "7"},
        {"_LOCALAGENT_COMPLETE": "complete_tcsh"},
        {"_LOCALAGENT_COMPLETE": "nonsense"},
        {"_LOCALAGENT_COMPLETE": "source_tcsh"},
        {"_LOCALAGENT_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": "localagent zzz"},
    ],
    ids=str,
)
def test_whatever_is_wrong_nothing_is_said(localagent: Run, env: dict[str, str]) -> None:
    assert localagent(env=env) == Finished(0, "", "")


def test_a_broken_configuration_leaves_the_built_in_commands(complete: Run, home: Path) -> None:
    home.mkdir()
    (home / "config.yaml").write_text("plugins: [\n")
    assert words_of(complete("localagent ")) == BUILTINS
    (home / "development.yaml").write_text("[\n")
    assert words_of(complete("localagent plugins li")) == ["list"]
    assert words_of(complete("localagent plugins info ")) == []


def test_an_open_quote_is_part_of_the_last_word() -> None:
    asked = {"COMP_WORDS": "localagent\n'do", "COMP_CWORD": "1", "LOCALAGENT_HOME": os.devnull}
    assert answer("complete_bash", asked) == ("doctor", [], 0)


@pytest.mark.usefixtures("greeter")
def test_bash_itself_completes(localagent: Run, work: Path) -> None:
    program = work / "localagent"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m localagent_cli "$@"\n')
    program.chmod(0o755)
    script = localagent("--show-completion", "bash").out
    ask = f"COMP_WORDS=({program} plugins info gr); COMP_CWORD=3; _localagent_completion {program}"
    told = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\n{ask}; printf '%s\\n' ${{COMPREPLY[@]}}\ncomplete -p localagent"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "greeter\ncomplete -o default -F _localagent_completion localagent\n"


def test_installing_puts_the_script_where_the_shell_finds_it(localagent: Run, tmp_path: Path) -> None:
    user = tmp_path / "user"
    user.mkdir()
    done = localagent("--install-completion", "fish", env={"HOME": str(user)})
    script = user / ".config" / "fish" / "completions" / "localagent.fish"
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith(f"installed {script}\n")
    assert script.read_text().strip() == localagent("--show-completion=fish").out.strip()
    script.chmod(0o644)
    (user / ".bashrc").mkdir()
    refused = localagent("--install-completion", "bash", env={"HOME": str(user)})
    assert refused.code == 5
    assert "cannot install the completion script" in refused.err


def test_an_unknown_shell_is_named_with_those_there_are(localagent: Run) -> None:
    wrong = localagent("--show-completion", "tcsh")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("error: there is no completion for the shell 'tcsh'\nfix: name one of bash, zsh, fish")
