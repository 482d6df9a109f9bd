"""The process that a model lives in: requests come as lines of JSON on standard input, answers go to standard output.

llama.cpp ends its process where it does not know what to do, for instance when nothing fits the grammar of a schema.
So it gets one of its own.

The first line is the settings. Each other one is ``{"id", "request"}``, or ``{"stop": id}``. For a request there are
lines ``{"id", "piece"}``, and a last one with ``response`` or ``error`` in the place of the piece.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TextIO

from localagent.errors import LocalAgentError
from localagent.plugins.provider import CompletionRequest
from localagent.providers.llama import Llama, ModelSettings

if TYPE_CHECKING:
    from collections.abc import Iterable


class Desk:
    """Where requests wait for their turn, and where it is known which are not wanted any more."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._stopped: set[int] = set()

    def read(self, lines: Iterable[str]) -> None:
        """Take lines until there are no more, which means that nobody is there any more to answer to."""
        for line in lines:
            told = json.loads(line)
            if "stop" in told:
                self._stopped.add(told["stop"])
            else:
                self._waiting.put(told)
        os._exit(0)

    def next(self) -> dict[str, Any]:
        """The next request; waits for it."""
        return self._waiting.get()

    def is_stopped(self, number: int) -> bool:
        """Whether nobody wants the answer to a request any more."""
        return number in self._stopped


class Answers:
    """The lines that go out.

    Args:
        stream: where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def tell(self, number: int, **told: object) -> None:
        """Write a line about a request."""
        self._stream.write(json.dumps({"id": number, **told}) + "\n")
        self._stream.flush()


def main() -> None:
    """Answer requests until standard input ends."""
    answers = Answers(_own_output())
    settings = ModelSettings(**json.loads(sys.stdin.readline()))
    desk = Desk()
    threading.Thread(target=desk.read, args=(sys.stdin,), daemon=True).start()
    model: Llama | None = None
    while True:
        item = desk.next()
        number: int = item["id"]
        try:
            model = model or Llama(settings)
            answer(number, CompletionRequest.from_dict(item["request"]), model, desk, answers)
        except LocalAgentError as error:
            about = {"message": error.message, "setting": getattr(error, "setting", ""), "fix": error.fix}
            answers.tell(number, error=type(error).__name__, **about)


def answer(number: int, request: CompletionRequest, model: Llama, desk: Desk, answers: Answers) -> None:
    """Answer one request."""
    response = model.answer(
        request,
        show=lambda piece: answers.tell(number, piece=piece),
        is_stopped=lambda: desk.is_stopped(number),
    )
    answers.tell(number, response=response.to_dict())


def _own_output() -> TextIO:
    """Standard output for the lines alone: whatever else is printed goes to standard error."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own
