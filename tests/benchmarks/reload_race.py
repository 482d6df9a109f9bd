"""One way from a save to the new code, as a process: ``python reload_race.py WAY FOLDER TIMES``.

It prints the seconds from a save until the new code answers, the median of all; of ``ours, p95`` the 95th percentile.
``watched`` and ``fresh`` are ways from a save of a new plugin to the result of its tests, ``sleep`` is no way: it only
tells so many seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

Ask = Callable[[], Awaitable[int]]

_PLUGIN = """
from localagent import CommandPlugin
from . import words

class Answering(CommandPlugin):
    name = "one"
    version = "1.0"

    async def initialize(self, context):
        context.message_bus.register_direct_handler("one", lambda message: words.NUMBER)
        return True

    def register_commands(self, app):
        @app.command("one")
        def one():
            print(words.NUMBER)
"""
_LOCALAGENT = (sys.executable, "-m", "localagent_cli")


@contextlib.asynccontextmanager
async def ours(folder: Path) -> AsyncIterator[Ask]:
    """A host that takes up what is saved."""
    from localagent import Host, HostOptions, PluginManager
    from localagent.host.reloading.saves import Saves
    from localagent.host.situation import Situation

    options = HostOptions(home=folder / "home", extra=(folder / "one",), installed=False)
    manager = PluginManager(Host(Situation.read(options, {})))
    if not await manager.load_plugin("one"):
        raise manager.errors["one"]
    stop = asyncio.Event()
    saves = Saves([folder / "one"])

    async def follow() -> None:
        async for batch in saves.batches(stop):
            await manager.reload(["one"], files=sorted(batch))

    async def ask() -> int:
        number: int = await manager.host.message_bus.request("bench", "one", None)
        return number

    task = asyncio.create_task(follow())
    yield ask
    stop.set()
    await task
    await manager.close()


@contextlib.asynccontextmanager
async def naive(folder: Path) -> AsyncIterator[Ask]:
    """What one would write without us: watchfiles with the same quiet time, and importlib.reload of what changed."""
    from watchfiles import awatch

    sys.path.insert(0, str(folder))
    words = importlib.import_module("one.words")
    stop = asyncio.Event()

    async def follow() -> None:
        async for _ in awatch(folder / "one", step=50, debounce=1000, stop_event=stop, rust_timeout=200):
            importlib.reload(words)

    async def ask() -> int:
        number: int = words.NUMBER
        return number

    task = asyncio.create_task(follow())
    yield ask
    stop.set()
    await task


@contextlib.asynccontextmanager
async def jurigged(folder: Path) -> AsyncIterator[Ask]:
    """The patcher of functions in running modules, with the same quiet time; it does not see a save by rename."""
    library = importlib.import_module("jurigged")
    sys.path.insert(0, str(folder))
    watcher = library.watch(str(folder / "one" / "*.py"), logger=lambda _event: None, debounce=0.05)
    words = importlib.import_module("one.words")

    async def ask() -> int:
        number: int = words.NUMBER
        return number

    yield ask
    watcher.stop()
    watcher.join()


_WAYS = {"naive": naive, "jurigged": jurigged}


async def race(way: str, folder: Path, times: int) -> list[float]:
    """The seconds of so many saves."""
    took: list[float] = []
    file = folder / "one" / "words.py"
    async with _WAYS.get(way, ours)(folder) as ask:
        await asyncio.sleep(0.5)
        for number in range(1, times + 1):
            began = time.perf_counter()
            # Of another size each time, as the naive way sees no other edit.
            file.write_text(f"NUMBER = {number}\n{'#' * number}\n")
            while await ask() != number:  # noqa: ASYNC110 - only the answer tells
                await asyncio.sleep(0.001)
            took.append(time.perf_counter() - began)
            # What comes sooner belongs to a burst.
            await asyncio.sleep(0.4)
    return took


def watched(folder: Path, times: int) -> list[float]:
    """The seconds from so many saves of a new plugin until ``dev watch`` tells what came of its tests."""
    plugin = _new_plugin(folder)
    argv = [*_LOCALAGENT, "dev", "watch", "--json", str(plugin)]
    took: list[float] = []
    with subprocess.Popen(argv, cwd=folder, env=_env(folder), stdout=subprocess.PIPE, text=True) as process:
        _event(process, "watching")
        for number in range(times + 1):
            # The process that runs the tests gets ready meanwhile, as while somebody looks at the code.
            time.sleep(2)
            began = time.perf_counter()
            _edit(plugin, number)
            if not _event(process, "tested")["passed"]:
                raise RuntimeError("the tests of a new plugin fail")
            took.append(time.perf_counter() - began)
        process.terminate()
    return took[1:]


def fresh(folder: Path, times: int) -> list[float]:
    """The seconds of so many runs of the same tests in new processes, each after a save."""
    from localagent_cli.watching.touched import touched_tests

    plugin = _new_plugin(folder)
    files = map(str, touched_tests(plugin, [plugin / "plugin.py"]))
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    took: list[float] = []
    for number in range(times + 1):
        _edit(plugin, number)
        began = time.perf_counter()
        subprocess.run(argv, cwd=plugin, env=_env(folder), check=True, capture_output=True)
        took.append(time.perf_counter() - began)
    return took[1:]


def _new_plugin(folder: Path) -> Path:
    """What `dev create-plugin` makes."""
    argv = [*_LOCALAGENT, "dev", "create-plugin", "project-analyzer", "command", "--into", "."]
    subprocess.run(argv, cwd=folder, env=_env(folder), check=True, capture_output=True)
    return folder / "project-analyzer"


def _env(folder: Path) -> dict[str, str]:
    return {**os.environ, "LOCALAGENT_HOME": str(folder / "home")}


def _edit(plugin: Path, number: int) -> None:
    file = plugin / "plugin.py"
    file.write_text(f"{file.read_text()}\nEDIT = {number}\n")


def _event(process: subprocess.Popen[str], kind: str) -> dict[str, Any]:
    """The next event of this kind."""
    if process.stdout is None:
        raise RuntimeError("nobody reads what it tells")
    return next(event for event in map(json.loads, process.stdout) if event["event"] == kind)


_TESTING = {"watched": watched, "fresh": fresh}


def main(way: str, place: str, times: int) -> None:
    folder = Path(place) / f"{way.replace(', ', '-')}-{os.getpid()}"
    plugin = folder / "one"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text("")
    (plugin / "plugin.py").write_text(_PLUGIN)
    (plugin / "words.py").write_text("NUMBER = 0\n")
    took = _TESTING[way](folder, times) if way in _TESTING else asyncio.run(race(way, folder, times))
    print(sorted(took)[round(len(took) * 0.95) - 1] if way.endswith("p95") else statistics.median(took))


if __name__ == "__main__":
    if sys.argv[1] == "sleep":
        print(float(sys.argv[3]))
    else:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
