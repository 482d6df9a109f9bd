"""Operations that leave a trace in the log."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
import pytest_asyncio

from localagent import ObservablePlugin, PluginError, correlation_id

pytestmark = pytest.mark.asyncio


class Observed(ObservablePlugin):
    name = "my-plugin"
    seen: tuple[str, ...] = ()

    async def perform_operation(self, operation: str, **parameters: Any) -> Any:
        self.seen = (*self.seen, correlation_id.get())
        match operation:
            case "add":
                return parameters["a"] + parameters["b"]
            case "nest":
                return await self.execute_operation("add", a=1, b=2)
            case "wait":
                return await asyncio.sleep(60)
            case _:
                raise ConnectionError("gone")


@pytest_asyncio.fixture
async def plugin(context: Any, caplog: pytest.LogCaptureFixture) -> Observed:
    made = Observed()
    assert await made.initialize(context)
    caplog.set_level(logging.INFO)
    return made


async def test_an_operation_is_logged_with_duration_and_outcome(
    plugin: Observed, caplog: pytest.LogCaptureFixture
) -> None:
    assert await plugin.execute_operation("add", a=1, b=2) == 3
    begun, ended = caplog.records
    assert begun.parameters == {"a": 1, "b": 2}  # type: ignore[attr-defined] # given as extra
    assert (ended.operation, ended.outcome) == ("add", "done")  # type: ignore[attr-defined] # as above
    assert ended.duration >= 0  # type: ignore[attr-defined] # as above
    assert ended.getMessage().startswith("add: done after 0.0")


async def test_a_failure_is_logged_and_raised(plugin: Observed, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConnectionError):
        await plugin.execute_operation("fetch")
    ended = caplog.records[-1]
    assert ended.levelno == logging.ERROR
    assert ended.getMessage().endswith("ConnectionError: gone")


async def test_a_cancelled_operation_did_not_fail(plugin: Observed, caplog: pytest.LogCaptureFixture) -> None:
    running = asyncio.create_task(plugin.execute_operation("wait"))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert caplog.records[-1].outcome == "cancelled"  # type: ignore[attr-defined] # given as extra
    assert caplog.records[-1].levelno == logging.INFO


async def test_each_operation_has_a_correlation_id_that_ends_with_it(plugin: Observed) -> None:
    await plugin.execute_operation("add", a=1, b=2)
    await plugin.execute_operation("add", a=1, b=2)
    assert len({*plugin.seen, ""}) == 3
    assert correlation_id.get() == ""


async def test_an_operation_within_another_one_belongs_to_it(plugin: Observed) -> None:
    await plugin.execute_operation("nest")
    assert len(plugin.seen) == 2
    assert len({*plugin.seen}) == 1


async def test_a_correlation_id_that_is_there_is_kept(plugin: Observed) -> None:
    token = correlation_id.set("mine")
    await plugin.execute_operation("add", a=1, b=2)
    assert plugin.seen == ("mine",)
    assert plugin.add_correlation_id(None, "info", {"event": "x"}) == {"event": "x", "correlation_id": "mine"}
    correlation_id.reset(token)
    assert plugin.add_correlation_id(None, "info", {"event": "x"}) == {"event": "x"}


async def test_a_plugin_without_operations_says_so(context: Any) -> None:
    class Idle(ObservablePlugin):
        name = "my-plugin"

    plugin = Idle()
    assert await plugin.initialize(context)
    with pytest.raises(PluginError, match="there is no operation 'sing'"):
        await plugin.execute_operation("sing")
