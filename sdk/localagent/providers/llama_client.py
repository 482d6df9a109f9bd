"""Asks the process that a model lives in; starts it when the first request comes, and anew where it ended."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from itertools import count
from typing import IO, TYPE_CHECKING, Any, cast

from localagent.errors import (
    BadResponse,
    ConfigError,
    ContextTooLong,
    LocalAgentError,
    ProviderError,
    SystemProblem,
)
from localagent.plugins.provider import CompletionResponse, StreamChunk
from localagent.providers.llama import NAME, ModelSettings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from localagent.plugins.provider import CompletionRequest

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from localagent.providers.llama_process import main; main()"
)
_OF_PROVIDERS: dict[str, type[ProviderError]] = {
    each.__name__: each for each in (ProviderError, BadResponse, ContextTooLong)
}
_OTHERS: dict[str, type[LocalAgentError]] = {each.__name__: each for each in (ConfigError, SystemProblem)}


class LlamaClient:
    """A model in a process of its own, asked one request at a time: the others wait for their turn.

    Args:
        settings: how it is loaded and asked.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._turn = asyncio.Lock()
        self._numbers = count(1)
        self._child: _Child | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._child is not None and self._child.is_alive

    async def ask(self, request: CompletionRequest) -> AsyncGenerator[StreamChunk]:
        """The answer piece by piece, the last one with the response; closing this ends the model's work on it.

        Raises:
            ProviderError: the model cannot do what the request wants, or its process ended.
            ConfigError: it cannot be loaded.
            SystemProblem: llama.cpp cannot be loaded.
        """
        async with self._turn:
            child = self._running()
            number = next(self._numbers)
            # What a caller noted for itself stays here: it may be anything.
            child.write({"id": number, "request": dataclasses.replace(request, metadata={}).to_dict()})
            is_over = False
            try:
                async for line in child.lines_about(number):
                    is_over = "piece" not in line
                    yield _piece(line)
            finally:
                if not is_over and child.is_alive:
                    child.write({"stop": number})

    def close(self) -> None:
        """End the process, whatever it does."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _running(self) -> _Child:
        if self._child is None or not self._child.is_alive:
            self.close()
            self._child = _Child(self._settings)
        return self._child


class _Child:
    """The process and the ways to it, which belong to no event loop, so that it may outlive one."""

    def __init__(self, settings: ModelSettings) -> None:
        with ExitStack() as opened:
            self._complaints = opened.enter_context(tempfile.TemporaryFile())
            self._process = opened.enter_context(
                subprocess.Popen(
                    [sys.executable, "-I", "-c", _BOOT, json.dumps(sys.path)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._complaints,
                    # Without it, llama.cpp calls a debugger when it gives up.
                    env={**os.environ, "GGML_NO_BACKTRACE": "1"},
                    # Ctrl-C is for the host, which stops the answer.
                    start_new_session=True,
                )
            )
            # Of one thread each, so that lines stay in order.
            self._writer = ThreadPoolExecutor(1, thread_name_prefix="localagent-model-requests")
            self._reader = ThreadPoolExecutor(1, thread_name_prefix="localagent-model-answers")
            self._opened = opened.pop_all()
        self.write(dataclasses.asdict(settings))

    @property
    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def write(self, told: dict[str, Any]) -> None:
        """Write a line, behind the reader's back: a long one waits until the process is ready to read."""
        self._writer.submit(self._write, json.dumps(told, default=str).encode() + b"\n")

    async def lines_about(self, number: int) -> AsyncIterator[dict[str, Any]]:
        """The lines about one request, up to its last; late ones about another, which was given up, are left out.

        Who leaves earlier still waits for one line in a thread; there is one, as every request is answered.

        Raises:
            ProviderError: the process ended before.
        """
        loop = asyncio.get_running_loop()
        stream = cast("IO[bytes]", self._process.stdout)
        while line := await loop.run_in_executor(self._reader, stream.readline):
            told: dict[str, Any] = json.loads(line)
            if told["id"] == number:
                yield told
                if "piece" not in told:
                    return
        how = _how_ended(await asyncio.to_thread(self._process.wait))
        raise ProviderError(
            f"llama.cpp gave up and ended its process ({how}): {self._last_complaint()}",
            provider=NAME,
            fix="ask something else; the next question starts it anew",
        )

    def end(self) -> None:
        """Kill the process, which has nothing to lose."""
        self._process.kill()
        # Without the process neither of them has anything to wait for.
        self._writer.shutdown(cancel_futures=True)
        self._reader.shutdown()
        with suppress(BrokenPipeError):
            self._opened.close()

    def _write(self, line: bytes) -> None:
        stream = cast("IO[bytes]", self._process.stdin)
        # Where the process is gone, reading its answer will tell.
        with suppress(BrokenPipeError):
            stream.write(line)
            stream.flush()

    def _last_complaint(self) -> str:
        if self._complaints.closed:
            return "it was told to"
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it did not say why")


def _piece(line: dict[str, Any]) -> StreamChunk:
    if "error" in line:
        raise _error(line)
    if "response" in line:
        return StreamChunk(response=CompletionResponse.from_dict(line["response"]))
    return StreamChunk(line["piece"])


def _error(line: dict[str, Any]) -> LocalAgentError:
    kind, message, fix = line["error"], line["message"], line["fix"]
    if kind in _OTHERS:
        return _OTHERS[kind](message, plugin=NAME, fix=fix)
    return _OF_PROVIDERS.get(kind, ProviderError)(message, provider=NAME, setting=line["setting"], fix=fix)


def _how_ended(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
