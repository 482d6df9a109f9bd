"""The performance tester: its figures are those of what happened."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import Any

import pytest
import typer

from localagent import CommandPlugin, Plugin, PluginFailed
from localagent_testing import PluginPerformanceTester, PluginTestFramework
from localagent_testing.figures import average, percentiles

KEEPING = 4_000_000
"""Bytes that the greedy command keeps each time it runs."""


class Worker(CommandPlugin):
    """A plugin that counts."""

    name = "worker"
    alive = 0
    seen: list[dict[str, Any]] = []  # noqa: RUF012 - shared by all instances on purpose

    def __init__(self) -> None:
        self.kept: list[bytearray] = []
        self.runs = 0

    async def initialize(self, context: Any) -> bool:
        Worker.alive += 1
        Worker.seen.append(self.config)
        self.loop = asyncio.get_running_loop()
        context.message_bus.register_direct_handler(self.name, print)
        return True

    async def cleanup(self) -> None:
        Worker.alive -= 1

    def get_config_schema(self) -> dict[str, Any]:
        return {"properties": {"size": {"type": "integer", "default": 1}}}

    def register_commands(self, app: typer.Typer) -> None:
        inner = typer.Typer()
        app.add_typer(inner, name="inner")

        @app.command("work")
        def work(*, exit_code: int = 0) -> None:
            self.runs += 1
            asyncio.run(asyncio.sleep(0))
            if self.runs % 2:
                raise typer.Exit(exit_code)

        @app.command("keep")
        def keep() -> None:
            self.kept.append(bytearray(KEEPING))

        @app.command("fail")
        def fail() -> None:
            raise ValueError("always")

        @inner.command("own")
        async def own() -> None:
            assert asyncio.get_running_loop() is self.loop
            assert threading.current_thread() is threading.main_thread()


@pytest.fixture
def framework() -> PluginTestFramework[Worker]:
    Worker.alive = 0
    Worker.seen.clear()
    return PluginTestFramework(Worker)


@pytest.mark.asyncio
async def test_instances_are_initialised_and_cleaned_up_with_the_plugins_settings(
    framework: PluginTestFramework[Worker],
) -> None:
    plugin = await framework.create_plugin_instance(worker={"config": {"size": 9}})
    tester = PluginPerformanceTester(plugin)
    figures = await tester.benchmark_initialization(4)
    assert Worker.alive == 1
    assert Worker.seen == [{"size": 9}] * 5
    assert 0 < figures["min_init_time"] <= figures["avg_init_time"] <= figures["max_init_time"]
    assert figures["p50_init_time"] <= figures["p95_init_time"] == figures["max_init_time"]
    assert tester.metrics == {"benchmark_initialization": figures}
    await framework.cleanup()


@pytest.mark.asyncio
async def test_an_instance_that_does_not_get_ready_is_no_figure() -> None:
    class Once(Worker):
        async def initialize(self, context: Any) -> bool:
            return await super().initialize(context) and Worker.alive < 2

    Worker.alive = 0
    framework = PluginTestFramework(Once)
    tester = PluginPerformanceTester(await framework.create_plugin_instance())
    with pytest.raises(PluginFailed, match="not ready"):
        await tester.benchmark_initialization(3)
    await framework.cleanup()
    assert Worker.alive == 0


@pytest.mark.asyncio
async def test_a_context_that_the_test_made_is_shared() -> None:
    class Handmade(Plugin):
        name = "handmade"

        async def initialize(self, context: Any) -> bool:
            context.append(self)
            return True

    plugin, context = Handmade(), list[object]()
    plugin.context = context
    figures = await PluginPerformanceTester(plugin).benchmark_initialization(3)
    assert len(context) == 3
    assert set(figures) == {f"{of}_init_time" for of in ("avg", "min", "max", "p50", "p95", "p99")}


@pytest.mark.asyncio
async def test_a_plugin_that_was_never_initialised_is_measured_with_its_defaults() -> None:
    Worker.seen.clear()
    await PluginPerformanceTester(Worker()).benchmark_initialization(1)
    assert Worker.seen == [{"size": 1}]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("words", "rate"),
    [
        (["work"], 1.0),
        (["work", "--exit-code", "3"], 0.5),
        (["inner", "own"], 1.0),
        (["fail"], 0.0),
        (["no-such-command"], 0.0),
    ],
)
async def test_success_is_what_the_exit_codes_say(
    words: list[str], rate: float, framework: PluginTestFramework[Worker]
) -> None:
    tester = PluginPerformanceTester(await framework.create_plugin_instance())
    figures = await tester.benchmark_command_execution(words, iterations=4)
    assert figures["success_rate"] == rate
    assert 0 < figures["min_execution_time"] <= figures["p50_execution_time"] <= figures["max_execution_time"]
    assert figures["avg_execution_time"] > 0
    await framework.cleanup()


@pytest.mark.asyncio
async def test_memory_that_is_kept_shows_and_what_was_only_used_does_not(
    framework: PluginTestFramework[Worker],
) -> None:
    tester = PluginPerformanceTester(await framework.create_plugin_instance())
    await tester.benchmark_command_execution(["keep"], iterations=2)
    kept = await tester.benchmark_command_execution(["keep"], iterations=5)
    used = await tester.benchmark_command_execution(["work"], iterations=5)
    assert kept["avg_memory_delta"] > KEEPING / 2
    assert used["avg_memory_delta"] < KEEPING / 4
    await framework.cleanup()


@pytest.mark.asyncio
async def test_a_plugin_without_commands_has_none_to_measure() -> None:
    class Silent(Plugin):
        name = "silent"

    with pytest.raises(PluginFailed, match="register_commands"):
        await PluginPerformanceTester(Silent()).benchmark_command_execution(["x"], iterations=1)


@pytest.mark.asyncio
async def test_doing_nothing_counts_as_an_operation() -> None:
    figures = await PluginPerformanceTester(Worker()).stress_test(0.05)
    assert figures["total_executions"] >= 1
    assert figures["error_count"] == figures["error_rate"] == 0
    assert figures["operations_per_second"] > 0
    assert {"avg_operation_time", "p50_operation_time", "p95_operation_time", "p99_operation_time"} <= set(figures)


@pytest.mark.asyncio
async def test_failed_operations_are_counted_apart_and_told() -> None:
    class Half(PluginPerformanceTester):
        calls = 0

        async def execute_plugin_operation(self) -> None:
            self.calls += 1
            if self.calls % 2:
                raise ValueError("odd")

    tester = Half(Worker())
    figures = await tester.stress_test(0.1)
    assert figures["total_executions"] + figures["error_count"] == tester.calls
    assert figures["error_rate"] == figures["error_count"] / tester.calls
    assert tester.errors.total() == figures["error_count"] == math.ceil(tester.calls / 2)
    assert set(tester.errors) == {"operation: ValueError: odd"}


@pytest.mark.asyncio
async def test_no_time_is_no_operation() -> None:
    figures = await PluginPerformanceTester(Worker()).stress_test(0)
    assert figures["total_executions"] == figures["error_rate"] == figures["p50_operation_time"] == 0


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentiles([float(n) for n in range(100, 0, -1)], "x") == {"p50_x": 50, "p95_x": 95, "p99_x": 99}
    assert percentiles([3.0], "x") == {"p50_x": 3, "p95_x": 3, "p99_x": 3}
    assert percentiles([], "x") == {"p50_x": 0, "p95_x": 0, "p99_x": 0}
    assert average([]) == 0
    assert average([1, 2]) == 1.5
