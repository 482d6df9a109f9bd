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

Run = Callable[..., int]
Shown = pytest.CaptureFixture[str]
CANARY = "canary-4711"


@dataclass
class Service:
    """A service on this machine: the newest release of each project, and what it was asked with.

    Attributes:
        url: its address.
        tags: the newest release by project; an empty one stands for an answer that nobody understands.
        tokens: the header ``Authorization`` of each question.
    """

    url: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    tokens: list[str | None] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, bytes]:
        project = path.removeprefix("/repos/").removesuffix("/releases/latest")
        tag = self.tags.get(project)
        if tag is None:
            return 404, b"{}"
        release = {"tag_name": tag, "html_url": f"{self.url}/{project}"}
        return 200, json.dumps(release).encode() if tag else b"out of order"


@pytest.fixture
def service() -> Iterator[Service]:
    told = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.tokens.append(self.headers["Authorization"])
            code, body = told.answer(self.path)
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield told
        server.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with settings for the service."""
    monkeypatch.setenv("LOCALAGENT_PLUGINS_ENABLED", "release-watch")
    monkeypatch.setenv("RELEASE_WATCH_TOKEN", CANARY)
    folder = tmp_path / "home"
    folder.mkdir()
    settings = {"service": service.url, "projects": ["ada/engine", "ada/notes"], "token": "${env:RELEASE_WATCH_TOKEN}"}
    (folder / "release-watch.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return folder


@pytest.fixture
def localagent(home: Path) -> Run:
    """Runs a command as a run of its own, with the plugin from this folder, or where it is installed."""
    root = Path(__file__).parents[1]
    options = HostOptions(home=home, extra=(root,) if (root / "plugin.py").is_file() else ())
    return lambda *words: LocalAgentCLI(options).run(words)


def test_a_release_is_shown_once(localagent: Run, service: Service, capsys: Shown) -> None:
    service.tags["ada/engine"] = "v1.0"
    assert localagent("new-releases") == 0
    assert capsys.readouterr().out == f"ada/engine v1.0  {service.url}/ada/engine\n"
    assert localagent("new-releases") == 0
    assert capsys.readouterr().out == "nothing new\n"
    service.tags["ada/engine"] = "v1.1"
    assert localagent("new-releases", "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["tag"] == "v1.1"


def test_what_is_kept_or_forgotten_is_shown_again(localagent: Run, service: Service, capsys: Shown) -> None:
    service.tags["ada/notes"] = "v2"
    for words in (["new-releases", "--keep"], ["new-releases"], ["forget-releases"], ["new-releases"]):
        assert localagent(*words) == 0
    assert capsys.readouterr().out.count("ada/notes v2") == 3


def test_one_project_that_cannot_be_asked_hides_no_other(localagent: Run, service: Service, capsys: Shown) -> None:
    service.tags.update({"ada/engine": "", "ada/notes": "v2"})
    assert localagent("new-releases") == 0
    shown = capsys.readouterr()
    assert "ada/notes v2" in shown.out
    assert "no answer about ada/engine" in shown.err


def test_the_token_reaches_the_service_and_nobody_else(
    localagent: Run, service: Service, home: Path, capsys: Shown
) -> None:
    service.tags["ada/engine"] = ""
    assert localagent("new-releases") == 0
    assert service.tokens == [f"Bearer {CANARY}"] * 2
    shown = capsys.readouterr()
    logged = "".join(file.read_text("utf-8") for file in (home / "logs").iterdir())
    assert CANARY not in shown.out + shown.err + logged


def test_a_token_in_plain_text_is_refused(localagent: Run, home: Path, service: Service, capsys: Shown) -> None:
    settings = json.dumps({"service": service.url, "projects": [], "token": "in plain text"})
    (home / "release-watch.yaml").write_text(settings, encoding="utf-8")
    assert localagent("new-releases") != 0
    assert "the settings hold the token itself" in capsys.readouterr().err


def test_without_projects_the_missing_setting_is_named(localagent: Run, home: Path, capsys: Shown) -> None:
    (home / "release-watch.yaml").unlink()
    assert localagent("new-releases") != 0
    assert "projects" in capsys.readouterr().err
