"""The provider ``scripted``: answers from a file instead of a model, for tests and demonstrations."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import (
    AuthenticationFailed,
    BadResponse,
    ConfigError,
    ConnectionFailed,
    ContextTooLong,
    ProviderTimeout,
    RateLimited,
)
from localagent.manifest.plain import is_list, is_mapping
from localagent.plugins.provider import BaseProvider, CompletionResponse, StreamChunk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from localagent.errors import ProviderError
    from localagent.manifest.document import Document
    from localagent.plugins.provider import CompletionRequest

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "file": {
            "type": "string",
            "description": "The answers: a text file is one answer, a YAML or JSON file has a list 'answers'",
        },
        "piece": {"type": "integer", "minimum": 1, "default": 4, "description": "Characters of each streamed piece"},
        "delay": {"type": "number", "minimum": 0, "default": 0, "description": "Seconds before each streamed piece"},
    },
    "required": ["file"],
    "additionalProperties": False,
}
_NAME = "scripted"
_TEXT_FILES = (".txt", ".md", "")
_FAILURES: dict[str, Callable[[], ProviderError]] = {
    "authentication": lambda: AuthenticationFailed("the script refuses the key", provider=_NAME),
    "rate-limit": lambda: RateLimited("the script limits the rate", provider=_NAME, retry_after=1.0),
    "time-out": lambda: ProviderTimeout("the script takes too long", provider=_NAME),
    "connection": lambda: ConnectionFailed("the script breaks the connection", provider=_NAME, url="script:"),
    "bad-response": lambda: BadResponse("the script gives nonsense", provider=_NAME),
    "context": lambda: ContextTooLong("the script finds the prompt too long", provider=_NAME),
}
"""What a script may fail with, by the word it uses."""


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """One answer of a script.

    Attributes:
        text: the answer.
        match: a text that must occur in the prompt; empty lets the answer serve in its turn.
        delay: seconds before each piece; None leaves that to the settings.
        fail: what it fails with after its text; empty if it does not.
        finish_reason: why the answer ends.
    """

    text: str = ""
    match: str = ""
    delay: float | None = None
    fail: str = ""
    finish_reason: str = "stop"


class ScriptedProvider(BaseProvider):
    """Gives the answers of a script: the first whose `match` occurs in the prompt, else the next without one.

    After the last one it begins again. The model of each response is ``scripted:FILE``.
    """

    async def initialize(self, config: dict[str, Any]) -> bool:
        """Read the script.

        Raises:
            ConfigError: it cannot be read, or has an answer that is none.
            ManifestError: it is no strict YAML.
        """
        self._file = _file(config["file"])
        self._answers = read_script(self._file)
        self._turn = 0
        return True

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """The next answer, in one piece."""
        answer = self._next(prompt_of(request))
        await asyncio.sleep(self._delay_of(answer))
        if answer.fail:
            raise _failure(answer.fail)
        return self._response(answer, request)

    async def stream_complete(self, request: CompletionRequest) -> AsyncIterator[str]:
        """The next answer in pieces; one that fails does so after them."""
        answer = self._next(prompt_of(request))
        size: int = self.config["piece"]
        for start in range(0, len(answer.text), size):
            await asyncio.sleep(self._delay_of(answer))
            yield StreamChunk(answer.text[start : start + size])
        if answer.fail:
            raise _failure(answer.fail)
        yield StreamChunk(response=self._response(answer, request))

    async def health_check(self) -> dict[str, Any]:
        """``{"healthy", "scripted", "answers"}``, the last a number."""
        return {"healthy": True, "scripted": True, "answers": len(self._answers)}

    async def count_available_models(self) -> int:
        """One: the script."""
        return 1

    def _next(self, prompt: str) -> ScriptedAnswer:
        matching = next((each for each in self._answers if each.match and each.match in prompt), None)
        if matching is not None:
            return matching
        in_turn = [each for each in self._answers if not each.match]
        if not in_turn:
            raise BadResponse(f"the script {self._file} has no answer to this prompt", provider=_NAME, setting="file")
        self._turn += 1
        return in_turn[(self._turn - 1) % len(in_turn)]

    def _delay_of(self, answer: ScriptedAnswer) -> float:
        return float(self.config["delay"] if answer.delay is None else answer.delay)

    def _response(self, answer: ScriptedAnswer, request: CompletionRequest) -> CompletionResponse:
        return CompletionResponse(
            answer.text,
            model=f"{_NAME}:{self._file.name}",
            finish_reason=answer.finish_reason,
            prompt_tokens=len(prompt_of(request).split()),
            completion_tokens=len(answer.text.split()),
            raw={"scripted": True},
        )


def _failure(word: str) -> ProviderError:
    return _FAILURES[word]()


def prompt_of(request: CompletionRequest) -> str:
    """What was asked last."""
    return str(request.messages[-1].get("content") or "") if request.messages else request.prompt


def read_script(file: Path) -> tuple[ScriptedAnswer, ...]:
    """The answers in a file, at least one.

    Raises:
        ConfigError: the file cannot be read, or has an answer that is none; with its place.
        ManifestError: it is no strict YAML.
    """
    if not file.is_file():
        raise ConfigError(
            f"the script {file} does not exist", fix="localagent providers setup scripted --set file=ANSWERS.yaml"
        )
    if file.suffix.lower() in _TEXT_FILES:
        return (ScriptedAnswer(_text_of(file)),)
    from localagent.manifest.document import read_document

    document = read_document(file)
    answers = document.data.get("answers")
    if not is_list(answers) or not answers:
        raise _refused(document, ("answers",), "'answers' must be a list of texts or mappings, with at least one")
    return tuple(_answer(document, number, each) for number, each in enumerate(answers))


def _file(text: str) -> Path:
    return Path(text).expanduser()


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").rstrip("\n")
    except UnicodeDecodeError as error:
        raise ConfigError(f"it is not UTF-8 at byte {error.start}", file=file) from error


def _answer(document: Document, number: int, written: Any) -> ScriptedAnswer:
    place = ("answers", number)
    if isinstance(written, str):
        return ScriptedAnswer(written)
    if not is_mapping(written):
        raise _refused(document, place, "an answer is a text or a mapping")
    _check(document, place, written)
    return ScriptedAnswer(**written)


def _check(document: Document, place: tuple[str | int, ...], written: Mapping[str, Any]) -> None:
    from localagent.plugins.config_schema import violations_of

    for violation in violations_of(written, _ANSWER):
        inside = "".join(f"/{key}" for key in violation.path)
        raise _refused(document, (*place, *violation.path), f"in an answer: {inside or '/'}: {violation.message}")


def _refused(document: Document, path: tuple[str | int, ...], message: str) -> ConfigError:
    place = document.where(path)
    return ConfigError(message, file=place.file, line=place.line, column=place.column)


_ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "match": {"type": "string", "minLength": 1},
        "delay": {"type": "number", "minimum": 0},
        "fail": {"enum": sorted(_FAILURES)},
        "finish_reason": {"type": "string"},
    },
    "additionalProperties": False,
}
