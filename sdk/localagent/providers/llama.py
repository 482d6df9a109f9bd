"""A language model in memory, by llama.cpp: everything here blocks, and may end the process."""

from __future__ import annotations

import importlib
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import BadResponse, ConfigError, ContextTooLong, ProviderError, StreamCut, SystemProblem
from localagent.plugins.provider import CompletionResponse
from localagent.providers.stop_texts import StoppedText

if TYPE_CHECKING:
    from collections.abc import Callable

    from localagent.plugins.provider import CompletionRequest

NAME = "embedded"
"""The provider's name in messages."""
_STEP = 64
"""Tokens of a prompt that are read at once: nearly as fast as more, and nobody who stops waits long."""
_UNSUPPORTED = (AssertionError, AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""What the translation of a JSON Schema into a grammar raises where it does not know something."""

_LEVEL_ERROR = 3
"""GGML_LOG_LEVEL_ERROR of ggml.h, which has no name in llama-cpp-python."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How a model is loaded and asked.

    Attributes:
        file: the model, in the format GGUF.
        context_size: tokens of prompt and answer together.
        threads: that compute.
        max_tokens: of an answer, where the request does not say.
        seed: of the choice of tokens; None takes another one each time.
    """

    file: str
    context_size: int
    threads: int
    max_tokens: int
    seed: int | None = None

    @property
    def model(self) -> str:
        """The model's name."""
        return Path(self.file).stem


class Llama:
    """A model that was loaded.

    Raises:
        ConfigError: the file is no model that llama.cpp can load, or does not fit into memory with these settings.
        SystemProblem: llama.cpp itself cannot be loaded.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._library = _load_library()
        self._module: Any = self._library.module
        try:
            self._llama: Any = self._module.Llama(
                settings.file,
                n_ctx=settings.context_size,
                n_batch=min(_STEP, settings.context_size),
                n_threads=settings.threads,
                n_threads_batch=settings.threads,
                verbose=False,
            )
        except ValueError as error:
            raise ConfigError(
                f"llama.cpp cannot load {settings.file}: {self._library.last_error() or error}",
                plugin=NAME,
                fix=f"localagent providers setup {NAME} --set model_path=FILE.gguf",
            ) from error
        # llama.cpp rounds what it was told.
        self._room: int = min(settings.context_size, self._llama.n_ctx())
        self._vocabulary: Any = self._module.llama_model_get_vocab(self._llama.model)

    def answer(
        self, request: CompletionRequest, *, show: Callable[[str], object], is_stopped: Callable[[], bool]
    ) -> CompletionResponse:
        """The answer to a request.

        Args:
            request: what is asked.
            show: given each piece of the text once it is certain.
            is_stopped: asked before each token whether nobody wants more.

        Raises:
            ContextTooLong: the prompt leaves no room for an answer.
            ProviderError: the model cannot do what the request wants.
            StreamCut: it was stopped.
        """
        began = time.monotonic()
        prompt = self._prompt_of(request)
        grammar = self._grammar_of(request.schema) if request.schema is not None else None
        text = StoppedText(request.stop)
        count, finish_reason = 0, "length"
        try:
            self._read(prompt, is_stopped)
            for token in islice(self._tokens_after(prompt, request, grammar), self._longest(prompt, request)):
                if is_stopped():
                    raise StreamCut("the answer was stopped", provider=NAME, partial=text.text)
                if self._module.llama_vocab_is_eog(self._vocabulary, token):
                    finish_reason = "stop"
                    break
                count += 1
                _show(text.add(self._llama.detokenize([token])), show)
                if text.is_over:
                    finish_reason = "stop"
                    break
        except RuntimeError as error:
            raise BadResponse(
                f"llama.cpp gave up: {self._library.last_error() or error}", provider=NAME, setting="context_size"
            ) from error
        _show(text.rest(), show)
        return CompletionResponse(
            text.text,
            model=self._settings.model,
            finish_reason=finish_reason,
            prompt_tokens=len(prompt),
            completion_tokens=count,
            latency=time.monotonic() - began,
        )

    def close(self) -> None:
        """Give the memory back."""
        self._llama.close()

    def _prompt_of(self, request: CompletionRequest) -> list[int]:
        messages = list(request.messages) or [{"role": "user", "content": request.prompt}]
        template: str | None = self._llama.metadata.get("tokenizer.chat_template")
        if template is None:
            # A model without one continues a text.
            text = "\n\n".join(str(message.get("content") or "") for message in messages)
        else:
            text = self._in_template(template, messages)
        tokens: list[int] = self._llama.tokenize(text.encode(), add_bos=template is None, special=True)
        if len(tokens) >= self._room:
            raise ContextTooLong(
                f"the prompt has {len(tokens)} tokens, and {self._room} have to hold the answer too",
                provider=NAME,
                setting="context_size",
            )
        return tokens

    def _in_template(self, template: str, messages: list[dict[str, Any]]) -> str:
        from jinja2.exceptions import TemplateError

        formatter: Any = importlib.import_module("llama_cpp.llama_chat_format").Jinja2ChatFormatter
        bos, eos = (self._text_of(token) for token in (self._llama.token_bos(), self._llama.token_eos()))
        try:
            return str(formatter(template=template, bos_token=bos, eos_token=eos)(messages=messages).prompt)
        except (TemplateError, ValueError, TypeError) as error:
            raise ProviderError(f"the model's chat template refuses these messages: {error}", provider=NAME) from error

    def _text_of(self, token: int) -> str:
        return self._llama.detokenize([token], special=True).decode(errors="replace") if token >= 0 else ""

    def _grammar_of(self, schema: dict[str, Any]) -> Any:
        grammars: Any = importlib.import_module("llama_cpp.llama_grammar")
        try:
            text: str = grammars.json_schema_to_gbnf(json.dumps(schema))
        except _UNSUPPORTED as error:
            raise _no_grammar(str(error) or type(error).__name__) from error
        # llama-cpp-python would hand on the null that stands for a grammar which does not hold, and crash.
        trial = self._module.llama_sampler_init_grammar(self._vocabulary, text.encode(), b"root")
        if not trial:
            raise _no_grammar("the grammar made of it does not hold")
        self._module.llama_sampler_free(trial)
        return grammars.LlamaGrammar.from_string(text, verbose=False)

    def _longest(self, prompt: list[int], request: CompletionRequest) -> int:
        wanted = self._settings.max_tokens if request.max_tokens is None else max(request.max_tokens, 0)
        return min(wanted, self._room - len(prompt))

    def _read(self, prompt: list[int], is_stopped: Callable[[], bool]) -> None:
        """Read the prompt step by step; what generates then finds it read."""
        self._llama.reset()
        for start in range(0, len(prompt), _STEP):
            if is_stopped():
                raise StreamCut("the answer was stopped", provider=NAME)
            self._llama.eval(prompt[start : start + _STEP])

    def _tokens_after(self, prompt: list[int], request: CompletionRequest, grammar: Any) -> Any:
        self._llama.set_seed(secrets.randbits(31) if self._settings.seed is None else self._settings.seed)
        temperature = {} if request.temperature is None else {"temp": request.temperature}
        return self._llama.generate(prompt, grammar=grammar, **temperature)


@dataclass(frozen=True, slots=True)
class _Library:
    """llama-cpp-python, with what its messages go through: C code holds no reference of its own to that."""

    module: Any
    log_callback: Any
    errors: deque[str]

    def last_error(self) -> str:
        """What llama.cpp complained of last; empty where it did not."""
        return self.errors[-1] if self.errors else ""


def _load_library() -> _Library:
    try:
        module: Any = importlib.import_module("llama_cpp")
    except (ImportError, OSError, RuntimeError) as error:
        raise SystemProblem(
            f"llama-cpp-python cannot be loaded: {error}",
            fix="python -m pip install --force-reinstall --no-cache-dir llama-cpp-python",
        ) from error
    errors: deque[str] = deque(maxlen=1)

    def note(level: int, text: bytes, _: Any) -> None:
        if level == _LEVEL_ERROR:
            errors.append(text.decode(errors="replace").strip())

    callback = module.llama_log_callback(note)
    module.llama_log_set(callback, None)
    return _Library(module, callback, errors)


def _show(piece: str, show: Callable[[str], object]) -> None:
    if piece:
        show(piece)


def _no_grammar(reason: str) -> ProviderError:
    return ProviderError(f"llama.cpp cannot hold an answer to this schema: {reason}", provider=NAME)
