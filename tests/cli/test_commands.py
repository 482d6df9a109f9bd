"""The command line as a user meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from plain import MakePlugin, Run, command_plugin

TWO_WAYS = """
import asyncio
from app.cli.plugins.framework import CommandPlugin

class Plugin(CommandPlugin):
    name = "two-ways"

    def register_commands(self, app):
        @app.command("sync-way")
        def sync_way():
            "Uses asyncio.run, as plain functions may."
            asyncio.run(asyncio.sleep(0))
            self.context.run(asyncio.sleep(0))
            print("sync done")

        @app.command("async-way")
        async def async_way():
            "Runs on the host's loop."
            await asyncio.sleep(0)
            print("async done")
"""


def test_synchronous_and_asynchronous_commands_run(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("two-ways", TWO_WAYS)
    localagent("plugins", "enable", "two-ways")
    assert localagent("sync-way").out == "sync done\n"
    assert localagent("async-way").out == "async done\n"
    assert localagent("two-ways:async-way").out == "async done\n"


def test_a_misspelt_command_suggests_near_ones(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("greeter")
    localagent("plugins", "enable", "greeter")
    wrong = localagent("greter")
    assert wrong.code == 2
    assert wrong.err == "error: there is no command 'greter'\nfix: did you mean 'greeter'?\n"
    assert localagent("plugin").err.endswith("did you mean 'plugins'?\n")
    assert localagent("--onyl", "x").err.endswith("did you mean '--only'?\n")


def test_the_name_of_a_plugin_that_was_never_enabled_leads_to_enabling_it(
    localagent: Run, make_plugin: MakePlugin
) -> None:
    make_plugin("greeter")
    for _ in range(2):  # the second time from what is kept of the first
        refused = localagent("greeter")
        assert refused.code == 3
        assert "the plugin 'greeter' is disabled: it was never enabled" in refused.err
        assert refused.err.endswith("fix: localagent plugins enable greeter\n")


def test_a_wrong_option_names_the_help_that_explains_it(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("greeter")
    localagent("plugins", "enable", "greeter")
    wrong = localagent("greeter", "--whom", "x")
    assert wrong.code == 2
    assert wrong.err.endswith("fix: localagent greeter --help\n")
    assert "--who" in localagent("greeter", "--help").out


def test_a_plugins_exit_code_is_the_commands(localagent: Run, make_plugin: MakePlugin) -> None:
    for name, body in {"exits": "import typer; raise typer.Exit(7)", "leaves": "raise SystemExit(9)"}.items():
        make_plugin(name, command_plugin(name, command=body))
        localagent("plugins", "enable", name)
    assert localagent("exits").code == 7
    assert localagent("leaves").code == 9


def test_a_failing_command_shows_no_trace_without_debug(localagent: Run, make_plugin: MakePlugin) -> None:
    folder = make_plugin("fails", command_plugin("fails", command="raise ValueError('odd')"))
    localagent("plugins", "enable", "fails")
    assert localagent("fails").err == f"error {folder}/plugin.py:16: fails 1.2.3: command: ValueError: odd\n"
    assert "Traceback" in localagent("--debug", "fails").err


def test_a_trace_begins_with_the_plugins_own_lines(localagent: Run, make_plugin: MakePlugin) -> None:
    folder = make_plugin("fails", command_plugin("fails", command="inner()") + "\ndef inner():\n    return {}['x']\n")
    localagent("plugins", "enable", "fails")
    told = localagent("--debug", "fails").err
    frames = [line.strip() for line in told.splitlines() if line.strip().startswith("File ")]
    own = [number for number, frame in enumerate(frames) if str(folder) in frame]
    assert own == [0, 1], told
    assert told.index("KeyError: 'x'") < told.index("The host came there by:") < told.index("localagent_cli")


def test_debug_shows_no_trace_where_nothing_was_raised_but_our_own_words(localagent: Run) -> None:
    told = localagent("plugins", "info", "nobody").err
    assert told.startswith("error: there is no plugin 'nobody'\n")
    assert localagent("--debug", "plugins", "info", "nobody").err == told


def test_a_plugin_cannot_take_a_built_in_command(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("grabber", command_plugin("grabber").replace('@app.command("grabber")', '@app.command("doctor")'))
    localagent("plugins", "enable", "grabber")
    assert "interpreter" in localagent("doctor").out
    assert localagent("grabber:doctor").out == "hello from grabber\n"
    assert "grabber:doctor" in localagent("--help").out
    assert "shadowed command grabber:doctor" in localagent("plugins", "list").err


def test_two_plugins_with_one_command_are_both_named(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("first", command_plugin("first").replace('@app.command("first")', '@app.command("greet")'))
    make_plugin("second", command_plugin("second").replace('@app.command("second")', '@app.command("greet")'))
    localagent("plugins", "enable", "first")
    localagent("plugins", "enable", "second")
    assert localagent("greet").out == "hello from first\n"
    assert localagent("second:greet").out == "hello from second\n"
    assert "shadowed command second:greet: 'greet' belongs to first" in localagent("plugins", "list").err


def test_a_plugin_run_from_its_folder_needs_no_consent(
    localagent: Run, make_plugin: MakePlugin, tmp_path: Path
) -> None:
    folder = make_plugin("fresh", into=tmp_path / "anywhere")
    assert localagent("dev", "run", folder, "--", "fresh", "--who", "me").out == "hello from me\n"
    assert localagent("dev", "run", "--", "fresh", cwd=folder).out == "hello from fresh\n"
    assert localagent("plugins", "list", "--json").out.strip() == "[]"
    assert localagent("dev", "run", tmp_path / "nowhere", "--", "fresh").code == 2


def test_a_folder_saved_twice_within_a_second_runs_what_was_saved_last(
    localagent: Run, make_plugin: MakePlugin, tmp_path: Path
) -> None:
    folder = make_plugin("fresh", into=tmp_path / "anywhere")
    source = folder / "plugin.py"
    saved = source.stat()
    with_bytecode = {"PYTHONDONTWRITEBYTECODE": ""}
    assert localagent("dev", "run", folder, "--", "fresh", env=with_bytecode).out == "hello from fresh\n"
    source.write_text(source.read_text().replace("hello", "HELLO"))
    os.utime(source, ns=(saved.st_atime_ns, saved.st_mtime_ns))
    assert localagent("dev", "run", folder, "--", "fresh", env=with_bytecode).out == "HELLO from fresh\n"


def test_settings_are_set_shown_and_unset_keeping_comments(localagent: Run, home: Path) -> None:
    home.mkdir()
    (home / "config.yaml").write_text("# mine\nproviders: {}  # none yet\n")
    assert localagent("config", "set", "plugins.greeter.config.times", "3").code == 0
    text = (home / "config.yaml").read_text()
    assert "# mine" in text
    assert "# none yet" in text
    assert json.loads(localagent("config", "show", "--json").out)["plugins"]["greeter"]["config"] == {"times": 3}
    assert localagent("config", "unset", "plugins.greeter.config.times").code == 0
    assert "plugins" not in (home / "config.yaml").read_text()
    assert localagent("config", "unset", "plugins.greeter.config.times").code == 2
    assert localagent("config", "path").out.strip() == str(home / "config.yaml")


def test_unsetting_the_last_value_leaves_a_configuration_that_can_be_read(localagent: Run, home: Path) -> None:
    localagent("config", "set", "a.b", "1.0e+16")
    assert json.loads(localagent("config", "show", "--json").out) == {"a": {"b": 1e16}}
    localagent("config", "unset", "a.b")
    assert localagent("plugins", "list").err.startswith("no plugin was found")
    (home / "config.yaml").write_text("# only a comment\n")
    assert localagent("config", "set", "a", "x").code == 0
    assert "# only a comment" in (home / "config.yaml").read_text()


def test_an_unreadable_configuration_means_recovery_mode(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    make_plugin("mine")
    localagent("plugins", "enable", "mine")
    (home / "config.yaml").write_text("plugins: [unclosed\n")
    listed = localagent("plugins", "list")
    assert listed.code == 0
    assert "recovery mode" in listed.err
    assert "config.yaml:" in listed.err
    assert localagent("mine").code == 2
    assert localagent("plugins", "disable", "mine").code == 0
    assert localagent("config", "set", "a.b", "1").code == 2
    assert (home / "config.yaml").read_text() == "plugins: [unclosed\n"


@pytest.mark.parametrize("text", ["development: {debug_mode: perhaps}\n", "development: [unclosed\n"])
def test_an_unreadable_development_file_means_recovery_mode_too(
    localagent: Run, make_plugin: MakePlugin, home: Path, text: str
) -> None:
    make_plugin("mine")
    localagent("plugins", "enable", "mine")
    (home / "development.yaml").write_text(text)
    for words in (("plugins", "list"), ("--help",), ("plugins", "info", "mine"), ("plugins", "disable", "mine")):
        done = localagent(*words)
        assert (done.code, "development.yaml:" in done.err) == (0, True), words
    assert localagent("mine").code == 2
    doctor = localagent("doctor")
    assert (doctor.code, "development.yaml:" in doctor.out) == (1, True)


def test_a_command_that_typer_refuses_is_the_plugins_failure(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("odd", command_plugin("odd").replace("who: str", "who: object"))
    enabled = localagent("plugins", "enable", "odd")
    assert enabled.code == 3
    assert "register: " in enabled.err
    assert "Traceback" not in enabled.err


def test_help_fits_a_narrow_terminal_and_a_plain_one(localagent: Run) -> None:
    narrow = localagent("--help", env={"COLUMNS": "20"})
    assert max(map(len, narrow.out.splitlines())) <= 20
    plain = localagent("--help", env={"LC_ALL": "C", "PYTHONIOENCODING": "ascii"})
    assert plain.code == 0
    assert plain.out.isascii()
    assert "\x1b" not in plain.out


def test_a_reader_that_goes_away_makes_no_noise(home: Path, work: Path) -> None:
    script = f"{sys.executable} -m localagent_cli --help | head -1"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert done.stderr == ""


def test_looking_writes_nothing_but_the_index(localagent: Run, home: Path) -> None:
    for words in (["--help"], ["plugins", "list"], ["doctor"], ["config", "show"]):
        localagent(*words)
    assert [entry.name for entry in home.iterdir()] == ["cache"]
    assert all(entry.name.startswith(("index-", "installed-")) for entry in (home / "cache").iterdir())


@pytest.mark.parametrize("words", [["plugins", "info", "nothing"], ["plugins", "enable", "nothing"]])
def test_an_absent_plugin_is_exit_code_three(localagent: Run, words: list[str]) -> None:
    absent = localagent(*words)
    assert absent.code == 3
    assert "there is no plugin 'nothing'" in absent.err
