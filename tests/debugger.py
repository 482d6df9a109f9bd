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


class Events:
    """What sessions were told, until somebody takes it."""

    def __init__(self) -> None:
        self._told: list[tuple[Debugger, Message]] = []
        self._news = threading.Condition()

    def put(self, session: Debugger, event: Message) -> None:
        """Keep what a session was told."""
        with self._news:
            self._told.append((session, event))
            self._news.notify_all()

    def take(self, is_wanted: Callable[[Debugger, Message], bool]) -> tuple[Debugger, Message]:
        """Wait for the first that is wanted; the others stay."""
        with self._news:
            self._news.wait_for(lambda: any(is_wanted(*each) for each in self._told), PATIENCE)
            place = next((place for place, each in enumerate(self._told) if is_wanted(*each)), None)
            assert place is not None, self._told[-5:]
            return self._told.pop(place)


class Debugger:
    """One session with an adapter, and those with the processes that its program starts.

    Args:
        receive: what the adapter says.
        send: what it is told.
        hang_up: ends the connection.
        events: where events are kept; those of a process that another one started lie with the other one's.

    Attributes:
        output: what the program printed in its terminal, once it ended.
    """

    def __init__(
        self, receive: IO[bytes], send: IO[bytes], hang_up: Callable[[], object], events: Events | None = None
    ) -> None:
        self.output = ""
        self._events = events or Events()
        self._breakpoints: dict[Path, Sequence[int]] = {}
        self._standing = self
        self._send = send
        self._hang_up = hang_up
        self._receive = receive
        self._numbers = itertools.count(1)
        self._replies: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._children = contextlib.ExitStack()
        self._program: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def begin(self, way: str, settings: Mapping[str, Any], breakpoints: Mapping[Path, Sequence[int]]) -> None:
        """Attach to a process or launch one, with breakpoints at lines of files."""
        self.ask("initialize", adapterID="debugpy", pathFormat="path", supportsRunInTerminalRequest=True)
        self.tell(way, dict(settings))
        self.event("initialized")
        for file, lines in breakpoints.items():
            self.set_breakpoints(file, *lines)
        self.ask("configurationDone")

    def set_breakpoints(self, file: Path, *lines: int) -> None:
        """Have the breakpoints of a file at these lines, and at no others.

        They are those of the program, of the process that stands still, and of all that are started from now on.
        """
        self._breakpoints[file] = lines
        for session in {self, self._standing}:
            session.ask("setBreakpoints", source={"path": str(file)}, breakpoints=[{"line": line} for line in lines])

    def stopped_at(self) -> tuple[Path, int, str]:
        """Wait until the program, or a process that it started, stands still; gives file, line and function."""
        self._standing, stopped = self._next(lambda _, event: event["event"] == "stopped")
        frame = self._standing.ask("stackTrace", threadId=stopped["threadId"])["stackFrames"][0]
        return Path(frame["source"]["path"]), frame["line"], frame["name"]

    def go_on(self) -> None:
        """Let what stands still run on."""
        standing, self._standing = self._standing, self
        standing.tell("continue", {"threadId": 1})

    def ended(self) -> int:
        """Wait until a launched program ends; gives its exit code."""
        code: int = self.event("exited")["exitCode"]
        if self._program is not None:
            self.output, _ = self._program.communicate(timeout=PATIENCE)
        return code

    def event(self, name: str) -> Message:
        """The body of the next event of that name."""
        return self._next(lambda session, event: session is self and event["event"] == name)[1]

    def _next(self, is_wanted: Callable[[Debugger, Message], bool]) -> tuple[Debugger, Message]:
        """Whose event comes next, and its body; processes that are started meanwhile have the same breakpoints."""
        while True:
            session, event = self._events.take(
                lambda session, event: event["event"] == "debugpyAttach" or is_wanted(session, event)
            )
            body: Message = event.get("body", {})
            if event["event"] != "debugpyAttach":
                return session, body
            child = self._children.enter_context(attached(body["connect"]["port"], self._events))
            child.begin("attach", body, self._breakpoints)

    def ask(self, command: str, *, patience: float = PATIENCE, **arguments: Any) -> Message:
        """Send a request and wait for its answer."""
        number = self.tell(command, arguments)
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

    def tell(self, command: str, arguments: Message) -> int:
        """Send a request; gives its number."""
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
            self._events.put(self, message)
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
def attached(port: int, events: Events | None = None) -> Generator[Debugger]:
    """A session with a process that listens on this port of 127.0.0.1; not yet begun."""
    with (
        socket.create_connection(("127.0.0.1", port)) as connection,
        connection.makefile("rb") as receive,
        connection.makefile("wb") as send,
    ):
        debugger = Debugger(receive, send, partial(_hang_up, connection), events)
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
