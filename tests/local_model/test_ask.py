"""The embedded model on the command line. It is tiny: what it says has a shape and rarely sense."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from plain import Run

pytestmark = pytest.mark.usefixtures("home_with_weights")

LONG = '{"type": "array", "items": {"type": "integer"}, "minItems": 1000}'
"""A schema that keeps the model writing until its tokens are used up."""


def test_it_is_set_up_and_streams_an_answer(localagent: Run) -> None:
    setup = localagent("providers", "setup", "embedded", "--set", "seed=7")
    assert setup.code == 0, setup.text
    assert "there already" in setup.err
    assert setup.out.startswith("embedded: healthy (")
    done = localagent("ask", "Say hello", "--provider", "embedded")
    assert (done.code, done.err) == (0, "")
    assert done.out.strip()
    assert localagent("ask", "Say hello").out == done.out


def test_an_answer_comes_piece_by_piece(work: Path) -> None:
    argv = [sys.executable, "-m", "localagent_cli", "ask", "Count from one to ten", "--provider", "embedded"]
    with subprocess.Popen(argv, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pieces = list(iter(lambda: os.read(process.stdout.fileno(), 65536), b""))  # type: ignore[union-attr] # see above
    assert process.returncode == 0
    assert len(pieces) > 2


def test_json_has_the_counts_of_tokens(localagent: Run) -> None:
    told = json.loads(localagent("ask", "Say hello", "--provider", "embedded", "--json").out)
    assert (told["provider"], told["model"]) == ("embedded", "SmolLM2-135M-Instruct.Q4_1")
    assert told["tokens"]["prompt"] > 3
    assert told["tokens"]["completion"] >= 1


def test_an_answer_fits_its_schema(localagent: Run, work: Path) -> None:
    properties = '"properties": {"age": {"type": "integer"}, "is_kind": {"type": "boolean"}}'
    (work / "person.json").write_text(f'{{"type": "object", {properties}, "required": ["age", "is_kind"]}}')
    told = json.loads(localagent("ask", "A person", "-p", "embedded", "--schema", "person.json", "--json").out)
    assert told["value"].keys() == {"age", "is_kind"}


def test_a_prompt_that_is_too_long_is_told(localagent: Run, work: Path) -> None:
    (work / "long.txt").write_text("word " * 4000)
    done = localagent("ask", "What is this?", "-f", "long.txt", "-p", "embedded")
    assert (done.code, done.out) == (2, "")
    assert "tokens, and 2048 have to hold the answer too" in done.err
    assert "fix: localagent providers setup embedded --set context_size=VALUE" in done.err


def test_ctrl_c_ends_the_answer_and_the_models_process(work: Path) -> None:
    (work / "long.json").write_text(LONG)
    words = ["ask", "Numbers", "-p", "embedded", "--schema", "long.json"]
    argv = [sys.executable, "-m", "localagent_cli", *words]
    with subprocess.Popen(
        argv, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        os.read(process.stdout.fileno(), 1)
        models = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in complaints
    assert models
    _, alive = psutil.wait_procs(models, timeout=60)
    assert alive == []


def test_the_models_process_does_not_outlive_a_host_that_is_killed(work: Path) -> None:
    (work / "long.json").write_text(LONG)
    argv = [sys.executable, "-m", "localagent_cli", "ask", "Numbers", "-p", "embedded", "--schema", "long.json"]
    with subprocess.Popen(argv, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        os.read(process.stdout.fileno(), 1)
        models = psutil.Process(process.pid).children()
        process.kill()
    assert models
    _, alive = psutil.wait_procs(models, timeout=60)
    assert alive == []
