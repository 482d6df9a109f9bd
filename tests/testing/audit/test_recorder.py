"""What a plugin does to the machine is recorded with the line that did it; what is somebody else's is not."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localagent.host.guard import Guard
from localagent.host.loading import load
from localagent_testing.audit.recorder import Recorder
from localagent_testing.conformance.target import source_target

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from localagent_testing.audit.uses import Use
    from testing.conftest import Workshop

HEAD = """
import asyncio, ctypes, os, pathlib, shutil, socket, subprocess, threading, urllib.request
"""
BEHAVIOURS = """
def register_commands(self, app): pass

def read(self, folder, port): pathlib.Path(folder, "there").read_text()
def write(self, folder, port): pathlib.Path(folder, "new").write_text("")
def delete(self, folder, port): os.remove(f"{folder}/there")
def list_files(self, folder, port): sorted(pathlib.Path(folder).iterdir())
def connect(self, folder, port): socket.create_connection(("127.0.0.1", port)).close()
def bind(self, folder, port):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
def look_up(self, folder, port): socket.getaddrinfo("localhost", 80)
def start_program(self, folder, port): subprocess.run(["true"])
def ask_shell(self, folder, port): os.system("true 'a b'")
def fork(self, folder, port):
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
def read_variable(self, folder, port): os.environ.get("AUDIT_READ")
def write_variable(self, folder, port):
    os.environ["AUDIT_WRITTEN"] = "1"
def load_library(self, folder, port): ctypes.CDLL(None)
"""

SEEN = {
    "read": ("files", "reads", "{folder}/there", "open"),
    "write": ("files", "writes", "{folder}/new", "open"),
    "delete": ("files", "writes", "{folder}/there", "os.remove"),
    "list_files": ("files", "reads", "{folder}", "os.listdir"),
    "connect": ("network", "connects to", "127.0.0.1", "socket.connect"),
    "bind": ("network", "listens at", "127.0.0.1", "socket.bind"),
    "look_up": ("network", "looks up", "localhost", "socket.getaddrinfo"),
    "start_program": ("process", "starts", "true", "subprocess.Popen"),
    "ask_shell": ("process", "starts", "true", "os.system"),
    "fork": ("process", "forks", "python", "os.fork"),
    "read_variable": ("env", "reads", "AUDIT_READ", "os.environ"),
    "write_variable": ("env", "sets", "AUDIT_WRITTEN", "os.environ"),
    "load_library": ("native", "loads", "the running program", "ctypes.dlopen"),
}


@dataclass(frozen=True)
class Audited:
    """A plugin whose methods are recorded."""

    plugin: Any
    recorder: Recorder
    folder: Path

    def do(self, body: str, *arguments: Any) -> tuple[Use, ...]:
        """What a method leads to."""
        before = len(self.recorder.uses)
        getattr(self.plugin, body)(*arguments)
        return self.recorder.uses[before:]


@contextmanager
def audited(folder: Path) -> Generator[Audited]:
    (spec,) = source_target(folder.resolve()).specs
    recorder = Recorder(spec)
    recorder.start()
    try:
        yield Audited(load(spec, Guard(spec.name, spec.code_root)), recorder, folder)
    finally:
        recorder.stop()


def line_of(folder: Path, text: str) -> int:
    lines = (folder / "plugin.py").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("behaviour", SEEN)
def test_a_behaviour_is_recorded_with_its_line(
    behaviour: str, workshop: Workshop, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUDIT_WRITTEN", raising=False)
    data = tmp_path / "data"
    data.mkdir()
    (data / "there").touch()
    with audited(workshop.plugin(BEHAVIOURS, head=HEAD)) as plugin:
        uses = plugin.do(behaviour, data, port)
    kind, does, detail, event = SEEN[behaviour]
    found = [use for use in uses if (use.kind, use.does, use.detail) == (kind, does, detail.format(folder=data))]
    assert event in {use.event for use in found}
    assert {use.kind for use in uses} == {kind}
    assert found[0].file == str(plugin.folder / "plugin.py")
    assert found[0].line >= line_of(plugin.folder, f"def {behaviour}(")
    monkeypatch.delenv("AUDIT_WRITTEN", raising=False)


def test_what_a_library_in_c_does_by_itself_is_not_seen(workshop: Workshop, tmp_path: Path) -> None:
    """The limit that the documentation names: only that the library was loaded is known."""
    body = """
    def register_commands(self, app): pass
    def write(self, path):
        libc = ctypes.CDLL(None)
        libc.close(libc.open(str(path).encode(), os.O_CREAT | os.O_WRONLY, 0o600))
    """
    with audited(workshop.plugin(body, head=HEAD)) as plugin:
        uses = plugin.do("write", tmp_path / "unseen")
    assert (tmp_path / "unseen").exists()
    assert {(use.kind, use.event) for use in uses} == {("native", "ctypes.dlopen")}


def test_what_others_do_is_not_the_plugins(workshop: Workshop, tmp_path: Path) -> None:
    with audited(workshop.plugin()) as plugin:
        (tmp_path / "mine").write_text("")
        os.environ.get("AUDIT_READ")
    assert plugin.recorder.uses == ()


def test_tests_and_libraries_within_the_folder_are_not_the_plugin(workshop: Workshop, tmp_path: Path) -> None:
    helper = "def touch(path):\n    open(path, 'w').close()\n"
    folder = workshop.plugin(files={"tests/test_it.py": helper, "venv/lib/site-packages/lib.py": helper})
    with audited(folder) as plugin:
        for file in ("tests/test_it.py", "venv/lib/site-packages/lib.py"):
            names: dict[str, Any] = {}
            exec(compile((folder / file).read_text(), folder / file, "exec"), names)  # noqa: S102 - our own text
            names["touch"](tmp_path / "touched")
    assert plugin.recorder.uses == ()


def test_nothing_is_recorded_before_the_start_and_after_the_end(workshop: Workshop, tmp_path: Path) -> None:
    with audited(workshop.plugin(BEHAVIOURS, head=HEAD)) as plugin:
        pass
    assert plugin.do("write", tmp_path, 0) == ()
    assert plugin.do("read_variable", tmp_path, 0) == ()


def test_threads_that_run_a_library_belong_to_who_started_them(workshop: Workshop, tmp_path: Path) -> None:
    body = """
    def register_commands(self, app): pass
    def start(self, path):
        thread = threading.Thread(target=path.write_text, args=("",))
        thread.start()
        thread.join()
    """
    threads = threading.active_count()
    with audited(workshop.plugin(body, head=HEAD)) as plugin:
        uses = plugin.do("start", tmp_path / "written")
    assert [(use.does, use.line) for use in uses] == [("writes", line_of(plugin.folder, "thread.start()"))]
    assert threading.active_count() == threads


def test_tasks_and_threads_of_asyncio_belong_to_whose_guard_they_run_under(workshop: Workshop, tmp_path: Path) -> None:
    body = """
    def register_commands(self, app): pass
    async def start(self, path, port):
        await asyncio.to_thread(path.write_text, "")
        _, writer = await asyncio.create_task(asyncio.open_connection("127.0.0.1", port))
        writer.close()
    """
    guard = Guard("greeter")

    async def run(plugin: Any) -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await guard.call_async("command", plugin.start, tmp_path / "written", port)

    with audited(workshop.plugin(body, head=HEAD)) as plugin:
        asyncio.run(run(plugin.plugin))
    assert {(use.kind, use.does, use.detail) for use in plugin.recorder.uses} == {
        ("files", "writes", str(tmp_path / "written")),
        ("network", "connects to", "127.0.0.1"),
    }


def test_what_happens_while_modules_are_imported_is_no_use_of_files(workshop: Workshop) -> None:
    folder = workshop.plugin(
        head="import wave, sqlite3, ctypes\nfrom . import beside", files={"beside.py": "import html\n"}
    )
    with audited(folder) as plugin:
        pass
    assert {use.kind for use in plugin.recorder.uses} <= {"native"}


def test_a_copy_of_the_environment_is_a_use_of_all_of_it(workshop: Workshop) -> None:
    body = """
    def register_commands(self, app): pass
    def copy(self):
        dict(os.environ)
    """
    with audited(workshop.plugin(body, head=HEAD)) as plugin:
        uses = plugin.do("copy")
    assert ("env", "reads", "*") in {(use.kind, use.does, use.detail) for use in uses}


def test_a_removed_tree_is_one_use(workshop: Workshop, tmp_path: Path) -> None:
    body = """
    def register_commands(self, app): pass
    def remove(self, folder): shutil.rmtree(folder)
    """
    tree = tmp_path / "tree"
    (tree / "below").mkdir(parents=True)
    (tree / "below" / "file").touch()
    with audited(workshop.plugin(body, head=HEAD)) as plugin:
        uses = plugin.do("remove", tree)
    assert {(use.does, use.detail, use.event) for use in uses} == {("writes", str(tree), "shutil.rmtree")}
