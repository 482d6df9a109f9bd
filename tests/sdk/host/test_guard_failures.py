"""The one way into plugin code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localagent.errors import PluginFailed
from localagent.host.guard import Guard


def raising(error: BaseException) -> Callable[[], None]:
    def function() -> None:
        raise error

    return function


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """The file of a plugin whose third line fails."""
    file = tmp_path / "plugin.py"
    file.write_text("def fail(call=None):\n    if call: call()\n    raise ValueError('from the plugin')\n")
    return file


def function_of(file: Path) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec(compile(file.read_text(), str(file), "exec"), names)  # noqa: S102 - as an import would
    fail: Callable[..., Any] = names["fail"]
    return fail


def test_what_works_gives_its_result() -> None:
    assert Guard("hello").call("command", lambda a, b: a + b, 1, 2) == 3


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no"), "command: ValueError: no"),
        (ValueError("first\nsecond"), "command: ValueError: first"),
        (ValueError(), "command: ValueError"),
        (SystemExit(3), "command: asked the whole process to exit (SystemExit(3))"),
        (GeneratorExit(), "command: GeneratorExit"),
        (MemoryError(), "command: MemoryError"),
        (RecursionError("too deep"), "command: RecursionError: too deep"),
        (BaseExceptionGroup("many", [KeyError("a")]), "command: ExceptionGroup: many (1 sub-exception)"),
        (asyncio.CancelledError(), "command: CancelledError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_whatever_a_plugin_raises_is_a_failure_of_that_plugin(error: BaseException, message: str) -> None:
    with pytest.raises(PluginFailed) as failure:
        Guard("hello").call("command", raising(error))
    assert failure.value.message == message
    assert (failure.value.plugin, failure.value.step) == ("hello", "command")
    assert failure.value.__cause__ is error


class Wordless(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)

    __repr__ = __str__


@pytest.mark.parametrize("error", [Wordless(), SystemExit(Wordless()), ModuleNotFoundError("no", name=5)])  # type: ignore[arg-type] # what the test is about
def test_an_error_that_cannot_tell_its_text_is_told_by_its_class(error: BaseException) -> None:
    with pytest.raises(PluginFailed) as failure:
        Guard("hello").call("command", raising(error))
    assert failure.value.message == f"command: {type(error).__name__}"


def test_an_interruption_while_an_error_tells_its_text_passes() -> None:
    class Slow(Exception):
        def __str__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Guard("hello").call("command", raising(Slow()))


def test_what_means_no_failure_here_passes() -> None:
    with pytest.raises(LookupError):
        Guard("hello").call("command", raising(KeyError("a")), passing=(LookupError,))
    with pytest.raises(PluginFailed):
        Guard("hello").call("command", raising(ValueError("a")), passing=(LookupError,))


def test_a_missing_module_is_told_with_what_installs_it() -> None:
    with pytest.raises(PluginFailed, match=r"needs the module 'not_there\.at_all', which is not installed") as failure:
        Guard("hello").call("import", raising(ModuleNotFoundError("No module", name="not_there.at_all")))
    assert failure.value.fix == "python -m pip install not_there"


def test_a_syntax_error_is_told_at_its_own_place(tmp_path: Path) -> None:
    file = tmp_path / "plugin.py"
    file.write_text("a = 1\ndef broken(:\n")
    with pytest.raises(PluginFailed, match="import: SyntaxError: ") as failure:
        Guard("hello", tmp_path).call("import", function_of, file)
    assert failure.value.place == f"{file}:2"


def test_the_line_of_the_plugin_is_told(plugin: Path) -> None:
    with pytest.raises(PluginFailed) as failure:
        Guard("hello", plugin.parent).call("command", function_of(plugin))
    assert failure.value.place == f"{plugin}:3"


def test_the_plugins_line_is_told_even_if_a_library_failed_for_it(plugin: Path) -> None:
    with pytest.raises(PluginFailed) as failure:
        Guard("hello", plugin).call("command", function_of(plugin), raising(OSError("deep down")))
    assert failure.value.place == f"{plugin}:2"


def test_without_a_known_folder_the_last_line_outside_the_host_is_told(plugin: Path) -> None:
    with pytest.raises(PluginFailed) as failure:
        Guard("hello").call("command", function_of(plugin))
    assert failure.value.place == f"{plugin}:3"


def test_an_error_without_a_trace_has_no_place_but_its_plugin() -> None:
    failure = Guard("hello").failure("command", ValueError("no"))
    assert (failure.file, failure.line, failure.place) == (None, None, "hello")


@pytest.mark.asyncio
async def test_sync_and_async_functions_are_called_alike() -> None:
    async def later(number: int) -> int:
        await asyncio.sleep(0)
        return number

    guard = Guard("hello")
    assert await guard.call_async("hook", later, 1) == 1
    assert await guard.call_async("hook", lambda: 2) == 2
    assert await guard.call_async("hook", lambda: later(3)) == 3


@pytest.mark.asyncio
async def test_a_failure_while_awaiting_is_one_of_the_plugin(plugin: Path) -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        function_of(plugin)()

    with pytest.raises(PluginFailed, match="hook: ValueError: from the plugin") as failure:
        await Guard("hello", plugin).call_async("hook", fail)
    assert failure.value.place == f"{plugin}:3"


@pytest.mark.asyncio
async def test_a_cancellation_that_the_plugin_made_up_is_its_failure() -> None:
    with pytest.raises(PluginFailed, match="hook: CancelledError"):
        await Guard("hello").call_async("hook", raising(asyncio.CancelledError()))


@pytest.mark.asyncio
async def test_a_cancellation_by_the_host_passes() -> None:
    began = asyncio.Event()

    async def wait() -> None:
        began.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(Guard("hello").call_async("hook", wait))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
