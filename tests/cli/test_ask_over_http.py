"""A question on the command line to a server: what is printed, and what is said where none answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopback import Loopback, echo_headers, running, status, stream
from plain import Run

KEY = "sk-canary-4711"
PATH = "/v1/chat/completions"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with running() as served:
        yield served


@pytest.fixture
def asking(server: Loopback, localagent: Run, home: Path) -> Run:
    """The command line with a server on loopback as its provider, and a key."""
    home.mkdir()
    settings = {"base_url": server.url + "/v1", "api_key": "${env:MY_KEY}", "timeout": 20}
    (home / "config.yaml").write_text(json.dumps({"providers": {"openai-compatible": settings}}))

    def run(*words: str | Path, **how: str) -> object:
        return localagent(*words, env={"MY_KEY": KEY, **how})

    return run  # type: ignore[return-value] # with fewer options


def event(text: str, finish: str | None = None) -> bytes:
    told = {"model": "tiny", "choices": [{"delta": {"content": text}, "finish_reason": finish}]}
    return b"data: " + json.dumps(told).encode() + b"\n\n"


def test_an_answer_is_streamed(asking: Run, server: Loopback) -> None:
    server.answer(PATH, stream([event("Hello "), event("there."), event("", "stop"), b"data: [DONE]\n\n"]))
    done = asking("ask", "hi", "--model", "other")
    assert (done.code, done.out, done.err) == (0, "Hello there.\n", "")
    assert (server.asked[0].json["model"], server.asked[0].headers["authorization"]) == ("other", f"Bearer {KEY}")
    told = json.loads(asking("ask", "hi", "--json").out)
    assert (told["text"], told["model"], told["provider"]) == ("Hello there.", "tiny", "openai-compatible")


def test_a_server_that_is_not_there_is_named_with_its_setting(asking: Run) -> None:
    done = asking("ask", "hi", LOCALAGENT_OPENAI_COMPATIBLE_BASE_URL="http://127.0.0.1:1/v1")
    assert (done.code, done.out) == (5, "")
    assert done.err == (
        "error openai-compatible: http://127.0.0.1:1/v1 cannot be reached: Connection refused\n"
        "fix: localagent providers setup openai-compatible --set base_url=VALUE\n"
    )


def test_a_key_that_is_refused_is_never_shown(asking: Run, server: Loopback, home: Path) -> None:
    server.answer(PATH, echo_headers("authorization"))
    done = asking("--debug", "ask", "hi")
    assert done.code == 2
    assert "the service refuses the key" in done.err
    assert "--set api_key=VALUE" in done.err
    logs = "".join(file.read_text() for file in (home / "logs").glob("*"))
    assert KEY not in done.text + logs


@pytest.mark.parametrize(
    ("code", "exit_code", "message"),
    [
        (429, 5, "the service wants fewer requests"),
        (500, 1, "answers with status 500: it is broken"),
        (400, 1, "answers with status 400: it is broken"),
        (413, 2, "fix: send less, or choose a model that reads more"),
    ],
)
def test_what_the_server_says_decides_the_exit_code(
    asking: Run, server: Loopback, code: int, exit_code: int, message: str
) -> None:
    server.answer(PATH, status(code, {"error": "it is broken"}, retry_after="0"))
    done = asking("ask", "hi")
    assert (done.code, done.out) == (exit_code, "")
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_cut_answer_is_kept(asking: Run, server: Loopback) -> None:
    server.answer(PATH, stream([event("half of it")], ending="cut"))
    done = asking("ask", "hi")
    assert (done.code, done.out) == (1, "half of it\n")
    assert done.err.splitlines()[0].endswith(
        "breaks the connection: peer closed connection without sending complete message body (incomplete chunked read)"
    )
    assert done.err.endswith("the answer is incomplete\n")


def test_ctrl_c_closes_the_connection(asking: Run, server: Loopback) -> None:
    server.answer(PATH, stream([event("one "), event("two ")], ending="open"))
    with subprocess.Popen(
        [sys.executable, "-m", "localagent_cli", "ask", "hi"],
        env={**os.environ, "MY_KEY": KEY},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, (first + out).endswith("\n"), "Traceback" in err) == (130, True, False)
    assert server.all_gone.wait(30)


def test_ollama_is_set_up_without_any_setting(localagent: Run, home: Path, server: Loopback) -> None:
    home.mkdir()
    server.answer("/api/tags", status(200, {"models": [{"name": "tiny"}]}))
    env = {"LOCALAGENT_OLLAMA_BASE_URL": server.url}
    done = localagent("providers", "setup", "ollama", env=env)
    assert done.code == 0
    assert done.out.startswith("ollama: healthy (")
    assert "models 1" in done.out
    assert (home / "config.yaml").read_text() == "providers:\n  ollama: {}\n  default: ollama\n"


def test_an_address_that_is_none_is_refused_before_it_is_written(localagent: Run, home: Path) -> None:
    done = localagent("providers", "setup", "openai-compatible", "--set", "base_url=127.0.0.1:8080")
    assert done.code == 2
    assert "/base_url" in done.err
    assert not (home / "config.yaml").exists()
