"""The provider ``embedded``: a language model on this machine, by llama.cpp."""

from __future__ import annotations

import importlib.util
import os
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, MissingExtra, ProviderError, SystemProblem
from localagent.plugins.provider import BaseProvider, CompletionResponse, unhealthy
from localagent.providers.llama import NAME, ModelSettings
from localagent.providers.llama_client import LlamaClient
from localagent.providers.weights import SMOLLM2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from localagent.plugins.provider import CompletionRequest

_MAGIC = b"GGUF"
"""How every model file begins (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md)."""


def schema_for(folder: Path) -> dict[str, Any]:
    """The JSON Schema of its settings.

    Args:
        folder: where the weights lie that ``localagent providers setup embedded`` fetches.
    """
    return {
        "type": "object",
        "properties": {
            "model_path": {
                "type": "string",
                "default": os.fspath(SMOLLM2.file_in(folder)),
                "description": "A model in the format GGUF; by default the small one that 'setup' fetches",
            },
            "context_size": {
                "type": "integer",
                "minimum": 16,
                "default": 2048,
                "description": "Tokens of prompt and answer together",
            },
            "threads": {
                "type": "integer",
                "minimum": 1,
                "default": 1,
                "description": "Threads that compute; more than there are idle cores make it slower",
            },
            "max_tokens": {
                "type": "integer",
                "minimum": 1,
                "default": 512,
                "description": "Tokens of an answer, where the request does not say",
            },
            "seed": {
                "type": "integer",
                "minimum": 0,
                "maximum": 4_294_967_294,
                "description": "The same one gives the same answers",
            },
        },
        "additionalProperties": False,
    }


class EmbeddedProvider(BaseProvider):
    """Asks a model that llama.cpp runs; it is loaded when the first request comes, and asked one request at a time."""

    async def initialize(self, config: dict[str, Any]) -> bool:
        """Look for library and model; neither is loaded yet.

        Raises:
            MissingExtra: llama-cpp-python is not installed.
            ConfigError: the file of the settings is no model.
            SystemProblem: the weights were not fetched yet, or cannot be read.
        """
        self._settings = _settings_of(config)
        self._client = LlamaClient(self._settings)
        require_library()
        require_model(Path(self._settings.file))
        return True

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """The whole answer.

        Raises:
            ContextTooLong: the prompt leaves no room for an answer.
            ProviderError: the model cannot do what the request wants, or its process ended.
            ConfigError: it cannot be loaded.
        """
        self._refuse_what_cannot_be(request)
        response = CompletionResponse()
        async with aclosing(self._client.ask(request)) as pieces:
            async for piece in pieces:
                response = piece.response or response
        return response

    async def stream_complete(self, request: CompletionRequest) -> AsyncIterator[str]:
        """The answer token by token; closing it, or a cancel, ends the model's work at the next one.

        Raises:
            ProviderError: as `complete`; so ConfigError.
        """
        self._refuse_what_cannot_be(request)
        async with aclosing(self._client.ask(request)) as pieces:
            async for piece in pieces:
                yield piece

    async def health_check(self) -> dict[str, Any]:
        """``{"healthy", "model", "loaded", "context_size", "threads"}``; what was not asked yet is not loaded."""
        try:
            require_model(Path(self._settings.file))
        except ConfigError as error:
            return unhealthy(error)
        return {
            "healthy": True,
            "model": self._settings.model,
            "loaded": self._client.is_running,
            "context_size": self._settings.context_size,
            "threads": self._settings.threads,
        }

    async def count_available_models(self) -> int:
        """One: the file."""
        return 1

    async def cleanup(self) -> None:
        """End the model's process."""
        self._client.close()

    def _refuse_what_cannot_be(self, request: CompletionRequest) -> None:
        if request.tools:
            raise ProviderError("the embedded model calls no tools", provider=NAME)
        if request.model not in (None, self._settings.model):
            raise ProviderError(
                f"there is no model '{request.model}', only '{self._settings.model}'",
                provider=NAME,
                setting="model_path",
            )


def _settings_of(config: Mapping[str, Any]) -> ModelSettings:
    return ModelSettings(
        os.fspath(Path(config["model_path"]).expanduser()),
        context_size=config["context_size"],
        threads=config["threads"],
        max_tokens=config["max_tokens"],
        seed=config.get("seed"),
    )


def require_library() -> None:
    """Refuse to go on without llama-cpp-python, which is not imported for that.

    Raises:
        MissingExtra: it is not installed.
    """
    if importlib.util.find_spec("llama_cpp") is None:
        raise MissingExtra("local", needed_for="the embedded model")


def require_model(file: Path) -> None:
    """Refuse to go on without a file that begins as a model does.

    Raises:
        ConfigError: it is another kind of file.
        SystemProblem: it is not there, or cannot be read.
    """
    try:
        with file.open("rb") as stream:
            is_model = stream.read(len(_MAGIC)) == _MAGIC
    except FileNotFoundError as error:
        if file.name == SMOLLM2.file_name:
            raise SystemProblem(
                "the weights of the embedded model were not fetched yet",
                plugin=NAME,
                fix=f"localagent providers setup {NAME}",
            ) from error
        raise _no_model(f"there is no file {file}") from error
    except OSError as error:
        raise SystemProblem(f"cannot read: {error.strerror}", file=file) from error
    if not is_model:
        raise _no_model(f"{file} is no model in the format GGUF")


def _no_model(message: str) -> ConfigError:
    return ConfigError(message, plugin=NAME, fix=f"localagent providers setup {NAME} --set model_path=FILE.gguf")
