"""A question on the command line, and the answer as it comes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from plain import ECHO_PROVIDER, MakePlugin, Run
from terminal import on_terminal

pytestmark = pytest.mark.slow

SCRIPT = """
answers:
  - {match: cut, text: half of it, fail: connection}
  - {match: down, fail: connection}
  - {match: key, fail: authentication}
  - {match: number, text: '{"number": 7}'}
  - {match: steer, text: "safe\\e[2Jtext"}
  - {match: slow, text: one two three four, delay: 0.2}
  - {match: nothing, text: ""}
  - {match: rain in Spain, text: it was read}
  - Hello there.
"""


@pytest.fixture
def scripted(localagent: Run, home: Path) -> Run:
    """The command line with a script as the default provider."""
    home.mkdir()
    (home / "script.yaml").write_text(SCRIPT)
    (home / "config.yaml").write_text(f"providers: {{scripted: {{file: '{home / 'script.yaml'}'}}}}\n")
    return localagent


def test_an_answer_is_printed_with_a_line_end(scripted: Run) -> None:
    assert scripted("ask", "hi") == scripted("ask", "hi", "--no-stream")
    done = scripted("ask", "hi")
    assert (done.code, done.out, done.err) == (0, "Hello there.\n", "")


def test_without_a_provider_two_lines_say_how_to_get_one(localagent: Run) -> None:
    done = localagent("ask", "hi")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "error: no provider of a language model is set up\n"
        "fix: localagent providers setup ollama   ('localagent providers list' shows what else there is)\n"
    )


@pytest.mark.parametrize("how", [(), ("--no-stream",)])
def test_json_is_one_object(scripted: Run, how: tuple[str, ...]) -> None:
    told = json.loads(scripted("ask", "hi", "--json", *how).out)
    assert told.pop("latency") >= 0
    assert told == {
        "text": "Hello there.",
        "model": "scripted:script.yaml",
        "provider": "scripted",
        "finish_reason": "stop",
        "complete": True,
        "tokens": {"prompt": 1, "completion": 2},
    }


def test_what_is_piped_in_and_files_belong_to_the_question(scripted: Run, work: Path) -> None:
    assert scripted("ask", "what is this?", stdin="the rain in Spain").out == "it was read\n"
    (work / "notes.txt").write_text("the rain in Spain\n")
    assert scripted("ask", "what is this?", "-f", "notes.txt").out == "it was read\n"
    assert scripted("ask", "rain in Spain", "--system", "be brief").out == "it was read\n"


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_an_answer_that_breaks_off_is_kept_and_called_incomplete(scripted: Run, how: tuple[str, ...]) -> None:
    done = scripted("ask", "cut", *how)
    assert done.code == 1
    assert done.err.endswith("the script breaks the connection\nthe answer is incomplete\n")
    if how:
        told = json.loads(done.out)
        assert (told["text"], told["complete"], told["finish_reason"]) == ("half of it", False, "incomplete")
    else:
        assert done.out == "half of it\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("down",), 5, "error scripted: the script breaks the connection"),
        (("key",), 2, "error scripted: the script refuses the key"),
        (("hi", "--provider", "scriptd"), 3, "did you mean 'scripted'?"),
        (("hi", "-f", "absent.txt"), 2, "there is no file absent.txt"),
        (("hi", "-f", "binary"), 2, "binary is not UTF-8 at byte 0"),
        (("hi", "--schema", "absent.json"), 2, "there is no file absent.json"),
        (("hi", "--schema", "wrong.json"), 2, "schema is not valid at /type"),
        (("hi", "--schema", "number.json"), 1, "the answer is no JSON"),
        (("number", "--schema", "text.json"), 1, "the answer does not fit the schema: /number: 7 is not of type"),
        ((), 2, "Missing argument 'PROMPT'"),
    ],
)
def test_what_goes_wrong_is_told_by_line_and_exit_code(
    scripted: Run, work: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    (work / "binary").write_bytes(b"\xff")
    (work / "wrong.json").write_text('{"type": "nonsense"}')
    (work / "number.json").write_text('{"type": "object"}')
    (work / "text.json").write_text('{"properties": {"number": {"type": "string"}}}')
    done = scripted("ask", *words)
    assert done.code == code
    assert message in done.err
    assert "Traceback" not in done.err


def test_an_answer_that_fits_its_schema_is_given_as_a_value(scripted: Run, work: Path) -> None:
    (work / "schema.yaml").write_text("properties: {number: {type: integer}}\n")
    done = scripted("ask", "a number", "--schema", "schema.yaml", "--json")
    assert (done.code, json.loads(done.out)["value"]) == (0, {"number": 7})
    assert scripted("ask", "a number", "--schema", "schema.yaml").out == '{"number": 7}\n'


def test_a_secret_is_masked_though_it_comes_in_pieces(scripted: Run) -> None:
    secret = {"LOCALAGENT_DEMO_API_KEY": "two three"}
    assert scripted("ask", "slow", env=secret).out == "one *** four\n"
    assert scripted("ask", "slow", env={"LOCALAGENT_DEMO_API_KEY": "four by"}).out == "one two three four\n"


def test_an_empty_answer_is_said_to_be_one(scripted: Run) -> None:
    done = scripted("ask", "nothing")
    assert (done.code, done.out, done.err) == (0, "", "the answer is empty (finish reason: stop)\n")


def test_the_next_provider_is_asked_and_named(scripted: Run, home: Path, make_plugin: MakePlugin) -> None:
    make_plugin("echo-provider", ECHO_PROVIDER)
    (home / "config.yaml").write_text(
        "plugins: {echo-provider: {enabled: true}}\n"
        "providers:\n  default: scripted\n  fallback: [echo-provider]\n"
        f"  scripted: {{file: '{home / 'script.yaml'}'}}\n  echo-provider: {{word: 'heard '}}\n"
    )
    done = scripted("ask", "down")
    assert (done.code, done.out) == (0, "heard down\n")
    assert "the provider 'scripted' cannot answer: the script breaks the connection; asking 'echo-provider'" in done.err
    assert json.loads(scripted("ask", "down", "--json").out)["provider"] == "echo-provider"
    assert scripted("ask", "down", "--provider", "scripted").code == 5


def test_a_plugins_provider_written_as_the_guide_does_answers(
    localagent: Run, home: Path, make_plugin: MakePlugin
) -> None:
    make_plugin("echo-provider", ECHO_PROVIDER)
    off = localagent("ask", "hi", "--provider", "echo-provider")
    assert off.code == 3
    assert "fix: localagent plugins enable echo-provider" in off.err
    assert localagent("plugins", "enable", "echo-provider").code == 0
    unset = localagent("ask", "hi", "--provider", "echo-provider")
    assert unset.code == 2
    assert "'word' is a required property" in unset.err
    assert "fix: localagent providers setup echo-provider --set KEY=VALUE" in unset.err
    env = {"LOCALAGENT_ECHO_PROVIDER_WORD": "I heard "}
    for how in ([], ["--no-stream"]):
        assert localagent("ask", "hi", "--provider", "echo-provider", *how, env=env).out == "I heard hi\n"


def interrupted(words: list[str], env: Mapping[str, str]) -> tuple[int, str, str]:
    """The end of a command that gets Ctrl-C once it said something."""
    argv = [sys.executable, "-m", "localagent_cli", *words]
    with subprocess.Popen(
        argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        return process.returncode, first + out, err


@pytest.mark.usefixtures("scripted")
def test_ctrl_c_ends_the_line_and_the_command() -> None:
    code, out, err = interrupted(["ask", "slow"], os.environ)
    assert code == 130
    assert "one two three four".startswith(out.removesuffix("\n"))
    assert out.endswith("\n")
    assert "Traceback" not in err


@pytest.mark.usefixtures("scripted")
def test_an_answer_cannot_steer_the_terminal() -> None:
    shown = on_terminal([sys.executable, "-m", "localagent_cli", "ask", "steer"], columns=80)
    assert shown == "safe[2Jtext\n"


def test_options_may_stand_before_or_after_the_question(scripted: Run) -> None:
    assert scripted("ask", "--json", "hi").code == scripted("ask", "hi", "--json").code == 0
    assert scripted("ask", "--help").out.startswith("Usage: localagent ask [OPTIONS]")
