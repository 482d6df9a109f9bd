"""A service on this machine that answers as OpenAI's chat API does, alike each time, for a provider that speaks it."""

from __future__ import annotations

import contextlib
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from localagent.manifest.plain import is_mapping
from localagent_testing.conformance.bad_service import STAND_IN, serving

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from typing import Any

MODEL = "stand-in"
"""The one model that it has."""

THINKING = 0.1
"""Seconds before it answers, so that a request can be given up meanwhile."""


@contextlib.contextmanager
def chatting() -> Generator[str]:
    """The host and port of such a service, in threads of its own."""
    with _Server((STAND_IN, 0), _Chat) as server, serving(server) as place:
        yield place


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is what some rules are about."""


class _Chat(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.rstrip("/").endswith("/models"):
            self._say({"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        else:
            self._say({"error": {"message": f"there is no {self.path}"}}, status=404)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            request = json.loads(content)
        except ValueError:
            request = None
        if not is_mapping(request) or not self.path.rstrip("/").endswith("/chat/completions"):
            self._say({"error": {"message": "a chat completion is a JSON object, posted to /chat/completions"}}, 400)
            return
        time.sleep(THINKING)
        reply = f"You said: {_asked_in(request)}"
        if request.get("stream"):
            self._stream(_events(reply))
        else:
            self._say(_completion(reply))

    def _say(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, events: Iterator[str]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in events:
            line = f"data: {event}\n\n".encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        """Nobody reads it."""


def _asked_in(request: Mapping[str, Any]) -> Any:
    """What the last message says."""
    messages = [message for message in request.get("messages") or () if is_mapping(message)]
    return messages[-1].get("content") if messages else ""


_USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


def _completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "model": MODEL, "choices": [choice], "usage": _USAGE}


def _events(text: str) -> Iterator[str]:
    """The text word by word, with its blanks."""
    for number, word in enumerate(text.split(" ")):
        yield _event({"content": f" {word}" if number else word})
    yield _event({}, finish_reason="stop")
    yield "[DONE]"


def _event(delta: dict[str, str], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return json.dumps({"id": "1", "object": "chat.completion.chunk", "model": MODEL, "choices": [choice]})
