"""The embedded model as far as it goes without llama.cpp; the rest is in ``tests/local_model``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from localagent.errors import ConfigError, MissingExtra, SystemProblem
from localagent.plugins.config_schema import defaults_of, violations_of
from localagent.plugins.provider import CompletionRequest
from localagent.providers.embedded import EmbeddedProvider, require_library, require_model, schema_for
from localagent.providers.llama import ModelSettings
from localagent.providers.llama_client import LlamaClient
from localagent.providers.weights import SMOLLM2
from plain import Run

without_llama = pytest.mark.skipif(
    importlib.util.find_spec("llama_cpp") is not None, reason="tells what happens where llama-cpp-python is missing"
)


def settings(folder: Path, **more: object) -> dict[str, Any]:
    return defaults_of(schema_for(folder)) | more


def test_the_model_is_by_default_the_one_that_setup_fetches(tmp_path: Path) -> None:
    assert settings(tmp_path) == {
        "model_path": str(SMOLLM2.file_in(tmp_path)),
        "context_size": 2048,
        "threads": 1,
        "max_tokens": 512,
    }


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"context_size": 1}, {"seed": -1}, {"modelpath": "x"}])
def test_settings_that_cannot_be_are_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    assert violations_of(settings(tmp_path, **wrong), schema_for(tmp_path))


@without_llama
@pytest.mark.asyncio
async def test_without_the_extra_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    provider = EmbeddedProvider(settings(tmp_path))
    with pytest.raises(MissingExtra) as caught:
        await provider.initialize(settings(tmp_path))
    assert caught.value.message == "the embedded model needs the extra 'local', which is not installed"
    assert caught.value.fix == "python -m pip install 'localagent[local]'"
    await provider.cleanup()


@without_llama
def test_the_command_line_says_what_to_install(localagent: Run) -> None:
    done = localagent("ask", "hi", "--provider", "embedded")
    assert (done.code, done.out) == (5, "")
    assert done.err == (
        "error: the embedded model needs the extra 'local', which is not installed\n"
        "fix: python -m pip install 'localagent[local]'\n"
    )


@without_llama
def test_the_library_is_looked_for_and_not_imported() -> None:
    with pytest.raises(MissingExtra):
        require_library()


def test_weights_that_were_not_fetched_name_the_command_that_does(tmp_path: Path) -> None:
    with pytest.raises(SystemProblem, match="were not fetched yet") as caught:
        require_model(SMOLLM2.file_in(tmp_path))
    assert caught.value.fix == "localagent providers setup embedded"


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("absent.gguf", ConfigError, "there is no file"),
        ("page.gguf", ConfigError, "is no model in the format GGUF"),
        ("empty.gguf", ConfigError, "is no model in the format GGUF"),
        ("folder", SystemProblem, "cannot read"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, name: str, error: type[Exception], message: str) -> None:
    (tmp_path / "page.gguf").write_text("<html>")
    (tmp_path / "empty.gguf").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(error, match=message):
        require_model(tmp_path / name)


def test_a_file_that_begins_as_a_model_does_will_do(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF\x03")
    require_model(tmp_path / "model.gguf")


@without_llama
@pytest.mark.asyncio
async def test_what_goes_wrong_in_the_models_process_is_told_here(tmp_path: Path) -> None:
    client = LlamaClient(ModelSettings("absent.gguf", context_size=64, threads=1, max_tokens=8))
    for _ in range(2):
        with pytest.raises(SystemProblem, match="llama-cpp-python cannot be loaded: No module named 'llama_cpp'"):
            _ = [piece async for piece in client.ask(CompletionRequest("hi", metadata={"any": object()}))]
    assert client.is_running
    client.close()
    assert not client.is_running
