"""What the testing kit costs: at the start of pytest, and for each test that has a host of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Contestant, Quantity, Row
from benchmarks.workshop import Workshop

_MANY = 200
"""Tests in a run that shows what one more test costs."""
_HEAD = "import localagent_testing.hosting\n"
"""What the first test with a host would import is no cost of each."""
_BARE = "def test_{number}(tmp_path, monkeypatch): pass\n"
_HOST = "def test_{number}(plugin_host, message_bus): message_bus.subscribe('news', print)\n"
_BARE_ASYNC = "async def test_{number}(tmp_path, monkeypatch): pass\n"
_HOST_ASYNC = "async def test_{number}(plugin_host, message_bus): await message_bus.broadcast('me', 'news', 1)\n"
_ASYNC = ("-p", "pytest_asyncio.plugin", "-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function")
_OURS = ("-p", "localagent_testing.pytest_plugin")
_SPIN = "import sys, time\nend = time.process_time() + float(sys.argv[1])\nwhile time.process_time() < end: pass\n"
_A_MILLISECOND_EACH = Quantity("a millisecond for each", less="no time at all")

ROWS = (
    Row("pytest with our plugin installed against without", Quantity("pytest, ours"), Quantity("pytest"), 1.10),
    Row(
        "one asynchronous test with a host against a bare one", Quantity("1 async host"), Quantity("1 async bare"), 1.25
    ),
    Row(
        "what a fresh host and bus add to a test, against a millisecond",
        Quantity("hosts", less="bare"),
        _A_MILLISECOND_EACH,
        1.0,
    ),
    Row(
        "what they add to an asynchronous test that broadcasts, against a millisecond",
        Quantity("async hosts", less="async bare"),
        _A_MILLISECOND_EACH,
    ),
)


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part, each over a folder of its own with one file of tests."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LOCALAGENT_"))}
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    python = (sys.executable, "-P")

    def pytest(name: str, tests: str, *words: str) -> Contestant:
        folder = workshop.work / name.replace(" ", "-").replace(",", "")
        folder.mkdir()
        Path(folder, "test_them.py").write_text(tests, encoding="utf-8")
        Path(folder, "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        # By default each run removes the folders of the third last one, which here was somebody else's.
        own = ("-p", "no:cacheprovider", f"--basetemp={workshop.memory / folder.name}")
        return Contestant(name, (*python, "-m", "pytest", *own, *words), env, folder)

    yield pytest("pytest", "def test_it(): pass\n")
    yield pytest("pytest, ours", "def test_it(): pass\n", *_OURS)
    yield pytest("1 async bare", _BARE_ASYNC.format(number=1), *_ASYNC, *_OURS)
    yield pytest("1 async host", _HOST_ASYNC.format(number=1), *_ASYNC, *_OURS)
    yield pytest("bare", _many(_BARE), *_OURS)
    yield pytest("hosts", _many(_HOST), *_OURS)
    yield pytest("async bare", _many(_BARE_ASYNC), *_ASYNC, *_OURS)
    yield pytest("async hosts", _many(_HOST_ASYNC), *_ASYNC, *_OURS)
    for name, seconds in (("a millisecond for each", _MANY / 1000), ("no time at all", 0.0)):
        yield Contestant(name, (*python, "-c", _SPIN, str(seconds)), env, workshop.work)


def _many(test: str) -> str:
    return _HEAD + "".join(test.format(number=number) for number in range(_MANY))
