"""One question to a provider: what is sent, and how the answer is shown while it comes."""

from __future__ import annotations

import json
import os
import sys
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import BadResponse, StreamCut, SystemProblem, UsageError
from localagent.plugins.provider import INCOMPLETE, CompletionRequest, CompletionResponse, StreamChunk
from localagent_cli import output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from localagent.providers.manager import ProviderManager

_KEPT_CONTROLS = "\n\t"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question.

    Attributes:
        response: the response; of an answer that broke off, with the text that came.
        provider: the provider that gave it.
        cut: why the answer is incomplete; None if it is whole.
    """

    response: CompletionResponse
    provider: str
    cut: StreamCut | None = None

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON values; ``latency`` in seconds, ``tokens`` as far as the provider counts them."""
        response = self.response
        return {
            "text": response.text,
            "model": response.model,
            "provider": self.provider,
            "finish_reason": response.finish_reason,
            "complete": self.cut is None,
            "tokens": {"prompt": response.prompt_tokens, "completion": response.completion_tokens},
            "latency": response.latency,
        }


class AnswerLine:
    """Standard output while an answer comes piece by piece."""

    def __init__(self) -> None:
        self._pieces = output.Pieces()
        self._last = ""
        self._is_terminal = sys.stdout.isatty()

    def show(self, piece: str) -> None:
        """Print a piece at once; to a terminal without the characters that would steer it."""
        told = harmless(piece) if self._is_terminal else piece
        if told:
            self._pieces.show(told)
            self._last = told[-1]

    def end(self) -> None:
        """Begin a new line, unless the answer did so itself or there was none."""
        self._pieces.end()
        if self._last not in ("", "\n"):
            output.show()
        self._last = ""


def harmless(text: str) -> str:
    """`text` without control characters, but for line breaks and tabs: a model's words are not the user's."""
    return "".join(char for char in text if char in _KEPT_CONTROLS or char.isprintable() or not _is_control(char))


def request_of(
    prompt: str,
    *,
    context: Sequence[tuple[str, str]] = (),
    system: str | None = None,
    model: str | None = None,
    schema: dict[str, Any] | None = None,
) -> CompletionRequest:
    """What is sent.

    Args:
        prompt: the question, which comes last.
        context: names and contents of texts that it is about.
        system: how the model is to answer.
        model: the model; None leaves it to the provider.
        schema: a JSON Schema that the answer must fit.
    """
    content = "\n\n".join([*(f"{name}:\n{text.rstrip()}" for name, text in context), prompt])
    if system is None:
        return CompletionRequest(content, model=model, schema=schema)
    messages = ({"role": "system", "content": system}, {"role": "user", "content": content})
    return CompletionRequest(messages=messages, model=model, schema=schema)


async def answer_of(
    providers: ProviderManager,
    request: CompletionRequest,
    *,
    provider: str | None,
    stream: bool,
    show: Callable[[str], object],
) -> Answer:
    """Ask, and show the answer as it comes; one that breaks off after a piece is given with what came.

    Args:
        providers: who may answer.
        request: what is asked.
        provider: who is to answer; None leaves it to the settings.
        stream: whether to take the answer piece by piece.
        show: given each piece, or the whole text.
    """
    asked: list[str] = []
    if not stream:
        response = await providers.complete(request, provider=provider, asking=asked.append)
        show(response.text)
        return Answer(response, asked[-1])
    told: list[str] = []
    whole = CompletionResponse()
    try:
        async with aclosing(providers.stream(request, provider=provider, asking=asked.append)) as pieces:
            async for piece in pieces:
                told.append(piece)
                show(piece)
                if isinstance(piece, StreamChunk) and piece.response is not None:
                    whole = piece.response
    except StreamCut as cut:
        came = CompletionResponse("".join(told), finish_reason=INCOMPLETE, incomplete=True)
        return Answer(came, asked[-1], cut)
    return Answer(whole, asked[-1])


def piped_text() -> str:
    """What another program sends on standard input; empty on a terminal.

    Raises:
        UsageError: it is no text.
    """
    if sys.stdin.isatty():
        return ""
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise _no_text("standard input", error) from error


def text_of(file: Path) -> str:
    """What a file that the question is about holds.

    Raises:
        UsageError: there is no such file, or it is no text.
        SystemProblem: it cannot be read.
    """
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise _no_text(os.fspath(file), error) from error
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError(f"there is no file {file}", fix="name a text file after -f") from error
    except OSError as error:
        raise SystemProblem(f"{file} cannot be read: {error.strerror}") from error


def read_answer_schema(file: Path) -> dict[str, Any]:
    """The JSON Schema in a JSON or YAML file.

    Raises:
        UsageError: there is no such file.
        ManifestError: the file cannot be understood.
        ConfigError: it holds no valid schema.
    """
    from localagent.manifest.document import read_document
    from localagent.plugins.config_schema import violations_of

    if not file.is_file():
        raise UsageError(f"there is no file {file}", fix="name a JSON Schema after --schema")
    schema = read_document(file).data
    violations_of({}, schema)
    return schema


def check_answer(answer: Answer, schema: Mapping[str, Any]) -> Any:
    """The value that an answer is, as JSON says it.

    Raises:
        BadResponse: it is no JSON, or does not fit the schema; all that is wrong is told.
    """
    from localagent.plugins.config_schema import violations_of

    try:
        value = json.loads(answer.response.text)
    except (ValueError, RecursionError) as error:
        raise BadResponse(f"the answer is no JSON: {error}", provider=answer.provider) from error
    found = violations_of(value, schema)
    if found:
        told = "; ".join(map(str, found))
        raise BadResponse(f"the answer does not fit the schema: {told}", provider=answer.provider)
    return value


def _is_control(char: str) -> bool:
    from unicodedata import category

    return category(char) == "Cc"


def _no_text(what: str, error: UnicodeDecodeError) -> UsageError:
    return UsageError(f"{what} is not UTF-8 at byte {error.start}", fix="give text")
