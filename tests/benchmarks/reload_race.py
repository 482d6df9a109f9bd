"""One way from a save to the new code, as a process: ``python reload_race.py WAY FOLDER TIMES``.

It prints the seconds from a save until the new code answers, the median of all; of ``ours, p95`` the 95th percentile.
``warm`` and ``fresh`` are ways from a save to the result of its tests, ``sleep`` is no way: it only waits so long.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

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
_TEST = "from one import words\n\ndef test_number():\n    assert words.NUMBER >= 0\n"


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
            await asyncio.sleep(0.3)
    return took


async def warm(folder: Path, times: int) -> list[float]:
    """The seconds of so many runs of the tests in forks."""
    from localagent_cli.watching.warm_tests import WarmTests

    tests = WarmTests()
    await tests.start()
    took = [(await tests.run(folder, [folder / "test_one.py"])).seconds for _ in range(times + 1)]
    await tests.stop()
    return took[1:]


def fresh(folder: Path, times: int) -> list[float]:
    """The seconds of so many runs of the tests in new processes."""
    took: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_one.py"]
        subprocess.run(argv, cwd=folder, check=True, capture_output=True)
        took.append(time.perf_counter() - began)
    return took


def main(way: str, place: str, times: int) -> None:
    folder = Path(place) / f"{way.replace(', ', '-')}-{os.getpid()}"
    plugin = folder / "one"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text("")
    (plugin / "plugin.py").write_text(_PLUGIN)
    (plugin / "words.py").write_text("NUMBER = 0\n")
    (folder / "test_one.py").write_text(_TEST)
    (folder / "pytest.ini").write_text("[pytest]\n")
    if way == "warm":
        took = asyncio.run(warm(folder, times))
    elif way == "fresh":
        took = fresh(folder, times)
    else:
        took = asyncio.run(race(way, folder, times))
    print(sorted(took)[round(len(took) * 0.95) - 1] if way.endswith("p95") else statistics.median(took))


if __name__ == "__main__":
    if sys.argv[1] == "sleep":
        print(float(sys.argv[3]))
    else:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
