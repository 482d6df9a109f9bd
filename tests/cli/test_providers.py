"""Providers as the command line lists them, checks them and sets them up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from plain import ECHO_PROVIDER, MakePlugin, Run


def test_built_in_providers_and_those_of_plugins_are_listed(
    localagent: Run, home: Path, make_plugin: MakePlugin
) -> None:
    make_plugin("echo-provider", ECHO_PROVIDER)
    (home / "config.yaml").write_text("providers: {default: absent, fallback: [scripted], scripted: {file: x}}\n")
    rows = {row["name"]: row for row in json.loads(localagent("providers", "list", "--json").out)}
    assert {"echo-provider", "embedded", "ollama", "openai-compatible", "scripted"} <= rows.keys()
    scripted = rows["scripted"]
    assert (scripted["use"], scripted["settings"], scripted["source"]) == ("fallback 1", "set", "built in")
    assert (rows["echo-provider"]["state"], rows["echo-provider"]["use"]) == ("disabled", None)
    table = localagent("providers", "list").out
    assert "echo-provider" in table
    assert "fallback 1" in table


@pytest.mark.parametrize(
    ("base", "method", "gives"),
    [
        ("WorkflowPlugin", "get_workflow_components", "{'orchestrators': {'alike': object}}"),
        ("UIPlugin", "get_ui_components", "{'alike': str}"),
    ],
)
def test_what_offers_something_else_of_its_own_name_is_no_provider(
    base: str, method: str, gives: str, localagent: Run, make_plugin: MakePlugin
) -> None:
    code = f"""
from localagent import {base}

class Plugin({base}):
    name = "alike"

    def {method}(self):
        return {gives}
"""
    make_plugin("alike", code)
    assert localagent("plugins", "enable", "alike").code == 0

    assert "1 offer" in localagent("plugins", "info", "alike").out
    assert "alike" not in localagent("providers", "list").out
    refused = localagent("ask", "hi", "--provider", "alike")
    assert (refused.code, "no provider 'alike'" in refused.err) == (3, True), refused.err


def test_a_built_in_provider_is_disabled_and_enabled_as_any_plugin(localagent: Run, work: Path) -> None:
    (work / "answer.txt").write_text("yes")
    settings = {"LOCALAGENT_SCRIPTED_FILE": "answer.txt"}
    assert localagent("ask", "hi", "--provider", "scripted", env=settings).out == "yes\n"
    assert localagent("plugins", "disable", "scripted").code == 0
    off = localagent("ask", "hi", "--provider", "scripted", env=settings)
    assert off.code == 3
    assert "fix: localagent plugins enable scripted" in off.err
    assert localagent("plugins", "enable", "scripted").code == 0
    assert localagent("ask", "hi", "--provider", "scripted", env=settings).out == "yes\n"


def test_what_is_built_in_is_explained_and_never_removed(localagent: Run) -> None:
    told = localagent("plugins", "info", "scripted")
    assert (told.code, told.out.startswith("scripted 1.0.0\nAnswers from a file")) == (0, True)
    refused = localagent("plugins", "uninstall", "scripted", "--yes")
    assert refused.code == 4
    assert "'scripted' is a part of LocalAgent; it is disabled now" in refused.err
    assert localagent("--set", "scripted.file=a.txt", "plugins", "list").code == 0


def test_health_tells_of_each_provider_that_is_set_up(localagent: Run, home: Path, work: Path) -> None:
    home.mkdir()
    (work / "answer.txt").write_text("yes")
    none = localagent("providers", "health")
    assert none.code == 2
    assert "no provider of a language model is set up" in none.err
    (home / "config.yaml").write_text("providers: {scripted: {file: answer.txt}}\n")
    done = localagent("providers", "health")
    assert done.code == 0
    assert done.out.startswith("scripted: healthy (")
    (row,) = json.loads(localagent("providers", "health", "scripted", "--json").out)
    assert (row["healthy"], row["facts"]["answers"], row["problem"]) == (True, 1, "")
    (work / "answer.txt").unlink()
    broken = localagent("providers", "health")
    assert broken.code == 1
    assert "scripted: NOT healthy: the script answer.txt does not exist" in broken.out
    assert localagent("providers", "health", "scriptd").code == 3


def test_setting_up_keeps_comments_checks_and_makes_the_first_the_default(
    localagent: Run, home: Path, work: Path
) -> None:
    home.mkdir()
    (work / "answer.txt").write_text("yes")
    (home / "config.yaml").write_text("# mine\nplugins: {}  # none yet\n")
    done = localagent("providers", "setup", "scripted", "--set", "file=answer.txt", "--set", "piece=2")
    assert done.code == 0
    assert done.out.startswith("scripted: healthy (")
    assert done.err == (
        "set providers.scripted.file\nset providers.scripted.piece\nset providers.default scripted\n"
        'try: localagent ask "Say hello"\n'
    )
    assert (home / "config.yaml").read_text() == (
        "# mine\nplugins: {}  # none yet\n"
        "providers:\n  scripted:\n    file: answer.txt\n    piece: 2\n  default: scripted\n"
    )
    assert localagent("ask", "hi").out == "yes\n"


def test_a_key_is_given_as_a_reference_and_never_shown(
    localagent: Run, home: Path, make_plugin: MakePlugin, work: Path
) -> None:
    make_plugin("echo-provider", ECHO_PROVIDER)
    assert localagent("plugins", "enable", "echo-provider").code == 0
    env = {"MY_WORD": "hunter22-and-more"}
    setup = localagent("providers", "setup", "echo-provider", "--set", "word=${env:MY_WORD}", env=env)
    assert setup.code == 0
    assert "word: ${env:MY_WORD}" in (home / "config.yaml").read_text()
    asked = localagent("ask", "?", "--no-stream", env=env)
    assert (asked.code, asked.out) == (0, "***?\n")
    unset = localagent("ask", "?")
    assert unset.code == 2
    assert "MY_WORD is not set" in unset.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ("scripted",),
            2,
            "the provider 'scripted' needs file, and there is no terminal to ask on\nfix: add --set file=",
        ),
        (("scripted", "--set", "file"), 2, "'--set file' gives no setting"),
        (("scripted", "--set", "fil=x"), 2, "there is no setting 'fil'\nfix: did you mean 'file'?"),
        (("scripted", "--set", "file=x", "--set", "piece=many"), 2, "--set piece must be an integer"),
        (("scripted", "--set", "file=x", "--set", "piece=0"), 2, "/piece: 0 is less than the minimum of 1"),
        (("scriptd",), 3, "there is no provider 'scriptd'\nfix: did you mean 'scripted'?"),
    ],
)
def test_what_cannot_be_set_up_changes_nothing(
    localagent: Run, home: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    done = localagent("providers", "setup", *words)
    assert done.code == code
    assert message in done.err
    assert not (home / "config.yaml").exists()


def test_settings_are_written_even_where_the_provider_cannot_be_reached_yet(localagent: Run, home: Path) -> None:
    done = localagent("providers", "setup", "scripted", "--set", "file=later.txt")
    assert done.code == 1
    assert "NOT healthy: the script later.txt does not exist" in done.out
    assert "file: later.txt" in (home / "config.yaml").read_text()
    assert localagent("providers", "setup", "scripted", "--set", "file=later.txt", "--no-check").code == 0


def test_asking_and_listing_load_nothing_of_what_they_do_not_use(localagent: Run) -> None:
    code = (
        "import sys; from localagent_cli.main import main; main(['providers', 'list']);"
        "sys.exit(any(name in sys.modules for name in ('httpx2', 'localagent.providers.flow', 'asyncio', 'rich')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0
