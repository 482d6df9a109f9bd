"""Settings as a user of the command line meets them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from plain import MakePlugin, Run, command_plugin

pytestmark = pytest.mark.slow

SCHEMA = """
{"properties": {
  "size": {"type": "integer", "default": 1, "minimum": 1},
  "api_key": {"type": "string", "default": ""}
}}
"""
LIVE = """
import asyncio
from localagent import CommandPlugin

class Plugin(CommandPlugin):
    name = "sized"

    async def initialize(self, context):
        self.done = asyncio.Event()
        context.config.add_watcher(self.changed)
        return True

    def changed(self, old, new):
        print(old["size"], new["size"], sorted(new.changed), self.config["size"], flush=True)
        if new["size"] == 13:
            raise ValueError("an unlucky size")
        if new["size"] == 9:
            self.done.set()

    def register_commands(self, app):
        @app.command("sized")
        async def sized():
            print("ready", flush=True)
            await asyncio.wait_for(self.done.wait(), 60)
"""


@pytest.fixture
def sized(localagent: Run, make_plugin: MakePlugin) -> Run:
    """The command line with a plugin that prints its settings."""
    make_plugin("sized", command_plugin("sized", command="print(self.config)"), config_schema__json=SCHEMA)
    assert localagent("plugins", "enable", "sized").code == 0
    return localagent


@pytest.mark.parametrize("words", [("--set", "sized.size=7"), ("--set=sized.size=7",)])
def test_a_setting_given_on_the_command_line_counts_for_this_run(sized: Run, words: tuple[str, ...]) -> None:
    assert sized(*words, "sized", env={"LOCALAGENT_SIZED_SIZE": "5"}).out == "{'size': 7, 'api_key': ''}\n"
    assert sized("sized", env={"LOCALAGENT_SIZED_SIZE": "5"}).out == "{'size': 5, 'api_key': ''}\n"
    assert sized("sized").out == "{'size': 1, 'api_key': ''}\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--set", "sized", "sized"), 2, "error: '--set sized' gives no setting"),
        (("--set",), 2, "the option --set needs a value"),
        (("--set", "siezd.size=1", "sized"), 3, "did you mean 'sized'?"),
        (("--set", "sized.size=many", "sized"), 2, "--set sized.size must be an integer, not 'many'"),
        (
            ("--set", "sized.size=0", "sized"),
            2,
            "/size: 0 is less than the minimum of 1 (command line --set sized.size)",
        ),
    ],
)
def test_what_cannot_be_given_is_told(sized: Run, words: tuple[str, ...], code: int, message: str) -> None:
    done = sized(*words)
    assert done.code == code
    assert message in done.err
    assert done.out == ""


def test_settings_given_for_a_folder_that_is_named_for_this_run_count(
    sized: Run, make_plugin: MakePlugin, work: Path
) -> None:
    folder = make_plugin("other", command_plugin("other", command="print(self.config)"), into=work)
    assert sized("--set", "other.a=1", "dev", "run", folder, "--", "other").out == "{'a': 1}\n"


def test_a_file_that_does_not_fit_is_told_with_its_line_and_turns_off_only_that_plugin(
    sized: Run, make_plugin: MakePlugin, home: Path
) -> None:
    make_plugin("well")
    sized("plugins", "enable", "well")
    (home / "sized.yaml").write_text("# mine\nsize: x\napi_key: 5\n")
    done = sized("sized")
    assert done.code == 3
    file = home / "sized.yaml"
    assert done.err.splitlines()[0] == (
        f"error {file}:3:10: sized: settings: /api_key: 5 is not of type 'string' ({file}:3:10); "
        f"/size: 'x' is not of type 'integer' ({file}:2:7)"
    )
    assert sized("well").code == 0


def test_a_variable_that_cannot_be_understood_is_wrong_input(sized: Run) -> None:
    done = sized("sized", env={"LOCALAGENT_SIZED_SIZE": "many"})
    assert done.code == 2
    assert "LOCALAGENT_SIZED_SIZE must be an integer, not 'many'" in done.err
    assert "fix: correct or unset LOCALAGENT_SIZED_SIZE" in done.err


def test_a_variable_that_is_nearly_a_settings_name_is_warned_of(sized: Run) -> None:
    done = sized("sized", env={"LOCALAGENT_SIZED_SIZ": "5"})
    assert done.code == 0
    assert "LOCALAGENT_SIZED_SIZ names no setting of 'sized'; did you mean 'size'?" in done.err


def test_showing_settings_that_do_not_fit_shows_them_and_fails(sized: Run, home: Path) -> None:
    (home / "sized.yaml").write_text("size: x\n")
    done = sized("config", "show", "sized")
    assert done.code == 2
    assert "size: x" in done.out
    assert f"error {home / 'sized.yaml'}:1:7: /size: 'x' is not of type 'integer'" in done.err


def test_a_value_that_does_not_fit_is_set_and_warned_of(sized: Run, home: Path) -> None:
    done = sized("config", "set", "plugins.sized.config.size", "big")
    place = f"{home / 'config.yaml'}:4:13"
    told = f"set plugins.sized.config.size\nwarning: /size: 'big' is not of type 'integer' ({place})\n"
    assert (done.code, done.out, done.err) == (0, "", told)
    assert sized("config", "set", "plugins.sized.config.size", "3").err == "set plugins.sized.config.size\n"
    for key in ("plugins.sizde.config.size", "plugins.sizde.enabled", "plugins.sizde"):
        assert "did you mean 'sized'?" in sized("config", "set", key, "3").err


def test_doctor_tells_of_settings_that_do_not_fit(sized: Run, home: Path) -> None:
    assert "settings of sized" not in sized("doctor").text
    (home / "sized.yaml").write_text("size: x\n")
    done = sized("doctor", "--json")
    assert done.code == 1
    (wrong,) = [each for each in json.loads(done.out) if each["verdict"] == "wrong"]
    assert wrong["what"] == "settings of sized"
    assert wrong["detail"] == f"{home / 'sized.yaml'}:1:7: /size: 'x' is not of type 'integer'"
    assert wrong["fix"] == f"correct or remove it in {home / 'sized.yaml'}"


def test_origins_are_data_too_and_secrets_stay_hidden(sized: Run, home: Path) -> None:
    (home / "sized.yaml").write_text("api_key: a-secret-of-mine\n")
    done = sized("config", "show", "sized", "--origin", "--json")
    assert json.loads(done.out) == [
        {
            "key": "size",
            "value": 1,
            "origin": {"kind": "default", "file": None, "line": None, "column": None, "name": ""},
        },
        {
            "key": "api_key",
            "value": "***",
            "origin": {"kind": "file", "file": str(home / "sized.yaml"), "line": 1, "column": 10, "name": ""},
        },
    ]


def test_the_whole_configuration_has_origins(sized: Run, home: Path) -> None:
    assert sized("config", "show", "--origin").out == "# nothing is set\n"
    (home / "config.yaml").write_text("budgets:\n  handler: 3\n")
    assert sized("config", "show", "--origin").out == f"budgets.handler  3  {home / 'config.yaml'}:2:12\n"


IN_CODE = """
from localagent import CommandPlugin

class Plugin(CommandPlugin):
    name = "coded"

    def get_config_schema(self):
        return {"properties": {"size": {"type": "integer", "default": 4}}}

    def register_commands(self, app):
        @app.command("coded")
        def coded():
            pass
"""


def test_a_schema_that_only_the_plugins_code_knows_counts_once_it_was_enabled(
    localagent: Run, make_plugin: MakePlugin
) -> None:
    make_plugin("coded", IN_CODE)
    assert localagent("config", "show", "coded").out == "# nothing is set\n"
    localagent("plugins", "enable", "coded")
    assert localagent("config", "show", "coded", "--origin").out == "size  4  default\n"
    done = localagent("config", "show", "coded", "--origin", env={"LOCALAGENT_CODED_SIZE": "5"})
    assert done.out == "size  5  environment LOCALAGENT_CODED_SIZE\n"


def test_references_to_secrets_are_shown_as_they_are_written(sized: Run, home: Path) -> None:
    (home / "sized.yaml").write_text("api_key: ${env:A_SECRET}\n")
    done = sized("config", "show", "sized", "--origin", env={"A_SECRET": "the-value-of-it"})
    assert '"${env:A_SECRET}"' in done.out
    assert "the-value-of-it" not in done.text


def test_a_running_command_follows_its_settings(sized: Run, home: Path) -> None:
    (home / "plugins" / "sized" / "plugin.py").write_text(LIVE)
    sized("plugins", "enable", "sized")
    argv = [sys.executable, "-m", "localagent_cli", "sized"]
    with subprocess.Popen(argv, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for text, told in (("size: 2\n", "1 2"), ("size: 13\n", "2 13"), ("size: 9\n", "2 9")):
            (home / "sized.yaml").write_text(text)
            old, new = told.split()
            assert process.stdout.readline() == f"{old} {new} ['size'] {new}\n"
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert "the settings of 'sized' stay as they were" in err
    assert "ValueError: an unlucky size" in err


def test_a_key_of_development_mode_that_means_nothing_is_told_and_stops_nothing(sized: Run, home: Path) -> None:
    (home / "development.yaml").write_text("development:\n  verbose_loging: true\n")
    done = sized("sized")
    assert done.code == 0
    place = f"{home / 'development.yaml'}:2:3"
    expected = f"warning: {place}: 'development.verbose_loging' means nothing; did you mean 'verbose_logging'?"
    assert expected in done.err


@pytest.mark.parametrize(("key", "shown"), [("verbose_logging", True), ("debug_mode", True), ("hot_reload", False)])
def test_lines_that_only_inform_are_shown_where_development_mode_says_so(
    sized: Run, home: Path, key: str, *, shown: bool
) -> None:
    body = command_plugin("sized", command="self.logger.info('only to inform')")
    (home / "plugins" / "sized" / "plugin.py").write_text(body)
    sized("plugins", "enable", "sized")
    (home / "development.yaml").write_text(f"development:\n  {key}: true\n")
    assert ("only to inform" in sized("sized").err) is shown
