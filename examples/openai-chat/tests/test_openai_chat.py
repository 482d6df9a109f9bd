import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from localagent import HostOptions
from localagent_cli import LocalAgentCLI

Ask = Callable[..., int]
Shown = pytest.CaptureFixture[str]
KEY = "canary-4711"
WORDS = ("Hello", " there", ".")


def event(text: str, finish_reason: str | None = None) -> bytes:
    choice = {"delta": {"content": text}, "finish_reason": finish_reason}
    return b"data: %b\n\n" % json.dumps({"model": "small", "choices": [choice]}).encode()


STREAM = b"".join([*map(event, WORDS), event("", "stop"), b"data: [DONE]\n\n"])
WHOLE = {"model": "small", "choices": [{"message": {"content": "".join(WORDS)}, "finish_reason": "stop"}]}


@dataclass
class Server:
    """An OpenAI server on this machine.

    Attributes:
        url: its address.
        stream, whole: what it answers, piece by piece or at once.
        status: how it answers; with any other than 200 it says no more.
        asked, keys: the questions that came, and the header ``Authorization`` of each.
    """

    url: str = ""
    stream: bytes = STREAM
    whole: bytes = json.dumps(WHOLE).encode()
    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def answer(self, question: bytes, key: str | None) -> tuple[str, bytes]:
        self.asked.append(json.loads(question))
        self.keys.append(key)
        if self.asked[-1].get("stream"):
            return "text/event-stream", self.stream
        return "application/json", self.whole


@pytest.fixture
def server() -> Iterator[Server]:
    serving = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.say("application/json", b'{"data": [{"id": "small"}, {"id": "large"}]}')

        def do_POST(self) -> None:
            question = self.rfile.read(int(self.headers["Content-Length"]))
            self.say(*serving.answer(question, self.headers["Authorization"]))

        def say(self, kind: str, body: bytes) -> None:
            self.send_response(serving.status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        serving.url = f"http://127.0.0.1:{listening.server_port}/v1"
        thread = Thread(target=listening.serve_forever)
        thread.start()
        yield serving
        listening.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which the provider is set up for the server."""
    monkeypatch.setenv("LOCALAGENT_PLUGINS_ENABLED", "openai-chat")
    monkeypatch.setenv("MY_KEY", KEY)
    settings = {"base_url": server.url, "api_key": "${env:MY_KEY}", "instructions": "Be brief.", "max_retries": 0}
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "config.yaml").write_text(json.dumps({"providers": {"openai-chat": settings}}), encoding="utf-8")
    return folder


@pytest.fixture
def ask(home: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks on the command line, with the plugin from this folder, or where it is installed."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    root = Path(__file__).parents[1]
    options = HostOptions(home=home, extra=(root,) if (root / "plugin.py").is_file() else ())
    return lambda *words: LocalAgentCLI(options).run(["ask", "Say hello", *words])


def test_an_answer_comes_piece_by_piece(ask: Ask, server: Server, capsys: Shown) -> None:
    assert ask() == 0
    assert capsys.readouterr().out == "Hello there.\n"
    assert server.asked[0]["stream"] is True


def test_an_answer_comes_at_once(ask: Ask, server: Server, capsys: Shown) -> None:
    assert ask("--no-stream", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["text"], told["model"], told["provider"]) == ("Hello there.", "small", "openai-chat")
    assert "stream" not in server.asked[0]


def test_instructions_come_before_the_question(ask: Ask, server: Server) -> None:
    assert ask() == 0
    assert server.asked[0]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Say hello"},
    ]


def test_the_model_is_the_servers_first_unless_one_is_named(ask: Ask, server: Server) -> None:
    assert ask() == 0
    assert ask("--model", "large") == 0
    assert [asked["model"] for asked in server.asked] == ["small", "large"]


def test_what_came_of_an_answer_that_breaks_off_is_kept(ask: Ask, server: Server, capsys: Shown) -> None:
    server.stream = event("Hello")
    assert ask() == 1
    assert capsys.readouterr().out == "Hello\n"


@pytest.mark.parametrize("whole", [b"{}", b"[]", b'{"choices": []}', b"no json"])
def test_an_answer_that_is_none_is_told(ask: Ask, server: Server, whole: bytes, capsys: Shown) -> None:
    server.whole = whole
    assert ask("--no-stream") == 1
    assert "openai-chat" in capsys.readouterr().err


def test_the_key_reaches_the_server_and_nobody_else(ask: Ask, server: Server, home: Path, capsys: Shown) -> None:
    assert ask() == 0
    server.status = 401
    assert ask() == 2
    assert set(server.keys) <= {f"Bearer {KEY}"}
    shown = capsys.readouterr()
    assert "refuses the key" in shown.err
    logged = "".join(file.read_text("utf-8") for file in (home / "logs").glob("*"))
    assert KEY not in shown.out + shown.err + logged
