"""A debugger as an editor has it: it speaks the Debug Adapter Protocol, sets breakpoints and reaches them."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

PATIENCE = 60.0
Message = dict[str, Any]


class Debugger:
    """One session with an adapter.

    Attributes:
        output: what the program printed in its terminal, once it ended.
    """

    def __init__(self, receive: IO[bytes], send: IO[bytes], hang_up: Callable[[], object]) -> None:
        self.output = ""
        self._send = send
        self._hang_up = hang_up
        self._receive = receive
        self._numbers = itertools.count(1)
        self._replies: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._children = contextlib.ExitStack()
        self._program: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def begin(self, way: str, settings: Mapping[str, Any], breakpoints: Mapping[Path, Sequence[int]]) -> None:
        """Attach to a process or launch one, with breakpoints at lines of files."""
        self.ask("initialize", adapterID="debugpy", pathFormat="path", supportsRunInTerminalRequest=True)
        self._tell(way, dict(settings))
        self.event("initialized")
        for file, lines in breakpoints.items():
            self.set_breakpoints(file, *lines)
        self.ask("configurationDone")

    def set_breakpoints(self, file: Path, *lines: int) -> None:
        """Have the breakpoints of a file at these lines, and at no others."""
        self.ask("setBreakpoints", source={"path": str(file)}, breakpoints=[{"line": line} for line in lines])

    def stopped_at(self) -> tuple[Path, int, str]:
        """Wait until the program stands still; gives file, line and function."""
        thread = self.event("stopped")["threadId"]
        frame = self.ask("stackTrace", threadId=thread)["stackFrames"][0]
        return Path(frame["source"]["path"]), frame["line"], frame["name"]

    def go_on(self) -> None:
        """Let the program run on."""
        self._tell("continue", {"threadId": 1})

    def ended(self) -> int:
        """Wait until a launched program ends; gives its exit code."""
        code: int = self.event("exited")["exitCode"]
        if self._program is not None:
            self.output, _ = self._program.communicate(timeout=PATIENCE)
        return code

    def event(self, name: str) -> Message:
        """The body of the next event of that name; processes that the program starts meanwhile run on."""
        while True:
            event = self._events.get(timeout=PATIENCE)
            body: Message = event.get("body", {})
            if event["event"] == name:
                return body
            if event["event"] == "debugpyAttach":
                self._let_run(body)

    def _let_run(self, settings: Message) -> None:
        child = self._children.enter_context(attached(settings["connect"]["port"]))
        child.begin("attach", settings, {})

    def ask(self, command: str, *, patience: float = PATIENCE, **arguments: Any) -> Message:
        """Send a request and wait for its answer."""
        number = self._tell(command, arguments)
        while True:
            reply = self._replies.get(timeout=patience)
            if reply["request_seq"] == number:
                assert reply["success"], reply
                body: Message = reply.get("body", {})
                return body

    def close(self) -> None:
        """End the session; a launched program ends with it."""
        self._children.close()
        with contextlib.suppress(OSError, ValueError, queue.Empty):
            self.ask("disconnect", patience=5, terminateDebuggee=self._program is not None)
        self._hang_up()
        self._thread.join(PATIENCE)
        if self._program is not None:
            self._program.kill()
            self._program.communicate()

    def _tell(self, command: str, arguments: Message) -> int:
        number = next(self._numbers)
        self._write({"seq": number, "type": "request", "command": command, "arguments": arguments})
        return number

    def _write(self, message: Message) -> None:
        text = json.dumps(message).encode()
        self._send.write(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
        self._send.flush()

    def _read(self) -> None:
        while header := self._receive.readline():
            if not header.lower().startswith(b"content-length:"):
                continue
            length = int(header.split(b":")[1])
            while self._receive.readline().strip():
                pass
            self._take(json.loads(self._receive.read(length)))

    def _take(self, message: Message) -> None:
        if message["type"] == "event":
            self._events.put(message)
        elif message["type"] == "response":
            self._replies.put(message)
        elif message["command"] == "runInTerminal":
            asked = message["arguments"]
            self._program = subprocess.Popen(
                asked["args"],
                cwd=asked.get("cwd"),
                env={
                    **os.environ,
                    **{name: value for name, value in asked.get("env", {}).items() if value is not None},
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            reply = {"seq": next(self._numbers), "type": "response", "request_seq": message["seq"]}
            body = {"processId": self._program.pid}
            self._write({**reply, "success": True, "command": "runInTerminal", "body": body})


def _hang_up(connection: socket.socket) -> None:
    # The other side may have done so before.
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def attached(port: int) -> Generator[Debugger]:
    """A session with a process that listens on this port of 127.0.0.1; not yet begun."""
    with (
        socket.create_connection(("127.0.0.1", port)) as connection,
        connection.makefile("rb") as receive,
        connection.makefile("wb") as send,
    ):
        debugger = Debugger(receive, send, partial(_hang_up, connection))
        try:
            yield debugger
        finally:
            debugger.close()


@contextlib.contextmanager
def launching() -> Generator[Debugger]:
    """A session with an adapter of its own, which can launch a program; not yet begun."""
    adapter = subprocess.Popen(
        [sys.executable, "-m", "debugpy.adapter"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=-1
    )
    assert adapter.stdin is not None
    assert adapter.stdout is not None
    debugger = Debugger(adapter.stdout, adapter.stdin, adapter.terminate)
    try:
        yield debugger
    finally:
        debugger.close()
        adapter.wait(PATIENCE)
        adapter.stdin.close()
        adapter.stdout.close()
