"""Plugins by name from a real index, with pip and with uv: from an empty home and back to it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.packaging.conftest import Workshop, needs_uv
from cli.packaging.test_plugin_changes import IN_NETWORK, locked
from localagent.host import environments, lock
from localagent.services.home import Home
from plain import Run

pytestmark = pytest.mark.slow

TOOLS = ["pip", pytest.param("uv", marks=needs_uv)]


@dataclass(frozen=True)
class Index:
    """A pypiserver on loopback.

    Attributes:
        url: of its simple index.
        folder: whose archives it offers.
    """

    url: str
    folder: Path

    def offer(self, *wheels: Path) -> None:
        for wheel in wheels:
            shutil.copy(wheel, self.folder)


@pytest.fixture
def index(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """A real index; nothing of pip's and uv's own configuration or cache has a say."""
    folder = tmp_path / "offered"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pypiserver", "run", "-i", "127.0.0.1", "-p", str(port), "--disable-fallback"]
    with subprocess.Popen(
        [*command, "--backend", "simple-dir", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/simple/")
            yield Index(f"http://127.0.0.1:{port}/simple/", folder)
        finally:
            server.terminate()


def wait_for(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - on loopback
        except urllib.error.URLError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"{url} does not answer")


def kept(home: Path) -> dict[str, bytes]:
    """The files of a home by path; what is learned anew at any time and who held a lock are no plugin's."""
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.name != ".holder" and not path.name.endswith(".lock")
        and path.relative_to(home).parts[0] not in ("cache", "logs")
    }  # fmt: skip


@pytest.mark.parametrize("tool", TOOLS)
def test_by_name_upgrade_back_and_out_leaves_nothing(
    localagent: Run, workshop: Workshop, home: Path, index: Index, tool: str
) -> None:
    index.offer(
        workshop.plugin_wheel(version="1.0.0", requires=("la-dep<2",)),
        workshop.library("la-dep", "1.0"),
        workshop.plugin_wheel("passing"),
    )
    with_tool = ("--index", index.url, "--resolver", tool)
    assert localagent("plugins", "install", "passing", *with_tool, "--yes").code == 0
    assert localagent("plugins", "uninstall", "passing", "--yes").code == 0
    before = kept(home)

    done = localagent("plugins", "install", "demo", *with_tool, "--yes")
    assert done.code == 0, done.err
    assert f"plugin: demo 1.0.0 from demo in {index.url}" in done.err
    assert "needs: la-dep 1.0" in done.err
    assert localagent("demo").out == "demo 1.0.0\n"
    line = lock.installed(Home(home))["demo"]
    assert (line.source, line.index_url, len(line.sha256)) == ("demo==1.0.0", index.url, 64)
    same = localagent("plugins", "install", "demo", *with_tool, "--yes")
    assert (same.code, "installed already" in same.err) == (0, True)

    index.offer(
        workshop.plugin_wheel(version="1.0.1", requires=("la-dep>=2",)),
        workshop.library("la-dep", "2.0"),
    )
    done = localagent("plugins", "upgrade", "demo", "--resolver", tool, "--index", index.url)
    assert done.code == 0, done.err
    assert localagent("demo").out == "demo 1.0.1\n"
    assert locked(home) == {"demo": "1.0.1", "la-dep": "2.0"}
    assert localagent("plugins", "lock").code == 0

    assert localagent("plugins", "rollback").err == "demo: 1.0.1 -> 1.0.0\n"
    assert localagent("demo").out == "demo 1.0.0\n"
    assert locked(home) == {"demo": "1.0.0", "la-dep": "1.0"}
    assert localagent("plugins", "uninstall", "demo", "--yes").code == 0
    assert kept(home) == before


@pytest.mark.parametrize("tool", TOOLS)
def test_conflict_is_refused_before_any_change_naming_both_sides(
    localagent: Run, workshop: Workshop, home: Path, index: Index, tool: str
) -> None:
    index.offer(
        workshop.plugin_wheel("one", requires=("la-dep<2",)),
        workshop.plugin_wheel("two", requires=("la-dep>=2",)),
        workshop.plugin_wheel("three", requires=("rich<1",)),
        workshop.library("la-dep", "1.0"),
        workshop.library("la-dep", "2.0"),
    )
    with_tool = ("--index", index.url, "--resolver", tool, "--yes")
    assert localagent("plugins", "install", "one", *with_tool).code == 0
    before = kept(home)

    done = localagent("plugins", "install", "two", *with_tool)
    assert done.code == 4, done.err
    assert all(side in done.err for side in ("two", "la-dep>=2", "la-dep==1.0"))
    done = localagent("plugins", "install", "three", *with_tool)
    assert done.code == 4, done.err
    assert all(side in done.err for side in ("three", "rich<1", "rich=="))
    assert kept(home) == before


@pytest.mark.parametrize("tool", TOOLS)
def test_name_that_the_index_has_not_is_told(localagent: Run, index: Index, tool: str) -> None:
    done = localagent("plugins", "install", "la-nowhere", "--index", index.url, "--resolver", tool, "--yes")

    assert (done.code, "la-nowhere" in done.err, "Traceback" in done.err) == (5, True, False)
    assert "the name of its distribution, which may be localagent-la-nowhere" in " ".join(done.err.split())


def test_another_project_of_a_plugins_name_is_told_apart(
    localagent: Run, workshop: Workshop, home: Path, index: Index
) -> None:
    index.offer(workshop.library("weather", "0.5"))
    done = localagent("plugins", "install", "weather", "--index", index.url, "--yes")

    assert done.code == 2, done.err
    assert "error: weather==0.5: no plugin: neither a manifest nor an entry point" in done.err
    assert "fix: tell its author, or install localagent-weather, which may be what you mean" in done.err


@pytest.mark.parametrize("tool", TOOLS)
def test_plugin_may_need_one_that_only_lies_in_the_environment(
    localagent: Run, workshop: Workshop, home: Path, index: Index, tool: str
) -> None:
    assert localagent("plugins", "install", workshop.plugin_wheel("base"), "--yes").code == 0
    index.offer(workshop.plugin_wheel("top", requires=("base", "la-dep")), workshop.library("la-dep", "1.0"))

    done = localagent("plugins", "install", "top", "--index", index.url, "--resolver", tool, "--yes")
    assert done.code == 0, done.err
    assert locked(home) == {"base": "1.0", "top": "1.0", "la-dep": "1.0"}


def test_index_of_the_installation_is_asked_again_and_more_rights_need_consent(
    localagent: Run, workshop: Workshop, index: Index
) -> None:
    index.offer(workshop.plugin_wheel(version="1.0.0"))
    assert localagent("plugins", "install", "demo", "--index", index.url, "--yes").code == 0
    index.offer(workshop.plugin_wheel(version="1.0.1", extra=IN_NETWORK))

    refused = localagent("plugins", "upgrade")
    assert (refused.code, "demo 1.0.1 newly wants network: example.org" in refused.err) == (4, True), refused.err
    assert localagent("demo").out == "demo 1.0.0\n"
    assert localagent("plugins", "upgrade", "--yes").code == 0
    assert localagent("demo").out == "demo 1.0.1\n"


def test_sync_takes_the_locked_version_from_the_index(
    localagent: Run, workshop: Workshop, home: Path, index: Index
) -> None:
    index.offer(workshop.plugin_wheel(version="1.0.0", requires=("la-dep",)), workshop.library("la-dep", "1.0"))
    assert localagent("plugins", "install", "demo", "--index", index.url, "--yes").code == 0
    index.offer(workshop.plugin_wheel(version="1.0.1"), workshop.library("la-dep", "2.0"))
    environments.host_folder(home).rename(home / "gone")

    done = localagent("plugins", "sync", "--yes")
    assert done.code == 0, done.err
    assert localagent("demo").out == "demo 1.0.0\n"
    assert locked(home) == {"demo": "1.0.0", "la-dep": "1.0"}


@dataclass(frozen=True)
class PythonWithoutPip:
    """Runs code in a Python that finds neither a pip nor the one that comes with Python."""

    folder: Path

    def run(self, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "ensurepip").mkdir()
        (self.folder / "ensurepip" / "__init__.py").touch()
        begin = (
            "import os, sys\n"
            "from localagent.errors import SystemProblem\n"
            "from localagent_cli.packaging import resolver, uv\n"
            "without = [entry for entry in sys.path if not os.path.exists(os.path.join(entry, 'pip'))]\n"
            f"sys.path[:] = [{str(self.folder)!r}, *without]\n"
        )
        return subprocess.run(
            [sys.executable, "-c", begin + code],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def without_pip(tmp_path: Path) -> PythonWithoutPip:
    return PythonWithoutPip(tmp_path)


@needs_uv
def test_uv_is_asked_where_there_is_no_pip_at_all(without_pip: PythonWithoutPip) -> None:
    run = without_pip.run("print(type(resolver.choose(None)).__name__)\n")
    assert run.stdout == "Uv\n", run.stderr


@pytest.mark.parametrize(
    ("tool", "said"),
    [(None, "neither pip nor uv; install uv"), ("pip", "no pip; "), ("uv", "no uv; python -m pip install uv")],
)
def test_what_is_missing_is_named_where_nothing_can_choose(
    without_pip: PythonWithoutPip, tool: str | None, said: str
) -> None:
    # uv is looked for beside the running Python, too.
    code = (
        f"sys.executable = {str(without_pip.folder / 'python')!r}\n"
        f"try: resolver.choose({tool!r})\n"
        "except SystemProblem as error: print(error.message, error.fix, sep='; ')\n"
    )
    run = without_pip.run(code, PATH=os.devnull)
    what, fix = said.split("; ")
    message, shown = run.stdout.strip().split("; ", 1)
    assert what in message, run.stderr
    assert fix in shown
