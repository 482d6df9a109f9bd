"""What a plugin costs: getting ready, its commands, and going on for a while."""

from __future__ import annotations

import asyncio
import gc
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import PluginFailed
from localagent.host.context import HostContext
from localagent.host.guard import Guard
from localagent_testing.commands import PluginCommands
from localagent_testing.figures import average, percentiles
from localagent_testing.hosting import TemporaryHome, open_cli, write_settings
from localagent_testing.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from localagent.plugins.base import Plugin
    from localagent.plugins.context import PluginContext

PAUSE = 0.01
"""Seconds between two operations of a stress test, in which others get their turn."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of a command: what it took, by how many bytes the process grew, whether it ended with exit code 0."""

    seconds: float
    grown: int
    succeeded: bool


class PluginPerformanceTester:
    """Measures one plugin; it needs no pytest. All times are seconds of wall time, memory is in bytes.

    Args:
        plugin_instance: the plugin, ready, as `PluginTestFramework.create_plugin_instance` gives it.

    Attributes:
        plugin: the plugin.
        metrics: what each method found last, by the method's name.
        errors: how often an operation of the last stress test failed with what.
    """

    __test__ = False

    def __init__(self, plugin_instance: Plugin) -> None:
        self.plugin = plugin_instance
        self.metrics: dict[str, dict[str, float]] = {}
        self.errors: Counter[str] = Counter()

    async def benchmark_initialization(self, iterations: int = 10) -> dict[str, float]:
        """Initialise new instances of the plugin's class, and clean each up again.

        Each has a home and a host of its own, in which it is alone, with the settings of the plugin. A plugin whose
        context is none of LocalAgent's, as in a test that made one by hand, shares that with the new instances.

        Returns:
            ``avg_``, ``min_``, ``max_``, ``p50_``, ``p95_`` and ``p99_init_time``.

        Raises:
            PluginFailed: an instance does not get ready, or fails to clean up.
        """
        own = self.plugin.context
        begin = self._begin_anew if own is None or isinstance(own, HostContext) else self._begin_with_context
        times = [await begin() for _ in range(iterations)]
        return self._keep(
            "benchmark_initialization",
            {"avg_init_time": average(times), "min_init_time": min(times, default=0.0)}
            | {"max_init_time": max(times, default=0.0)}
            | percentiles(times, "init_time"),
        )

    async def benchmark_command_execution(self, command_args: Sequence[str], iterations: int = 100) -> dict[str, float]:
        """Run a command line of the plugin again and again; its commands are registered once, which does not count.

        Args:
            command_args: the command and its words.
            iterations: how often.

        Returns:
            ``avg_``, ``min_``, ``max_``, ``p50_``, ``p95_`` and ``p99_execution_time``; ``avg_memory_delta``: by how
            much memory the process grew from run to run, after a collection each time; ``success_rate``: the share
            that ended with exit code 0.
        """
        commands = PluginCommands(self.plugin, asyncio.get_running_loop())
        runs = await asyncio.to_thread(_measured, commands, command_args, iterations)
        times = [run.seconds for run in runs]
        return self._keep(
            "benchmark_command_execution",
            {"avg_execution_time": average(times), "min_execution_time": min(times, default=0.0)}
            | {"max_execution_time": max(times, default=0.0)}
            | {"avg_memory_delta": average([run.grown for run in runs])}
            | {"success_rate": average([run.succeeded for run in runs])}
            | percentiles(times, "execution_time"),
        )

    async def stress_test(self, duration_seconds: float = 60) -> dict[str, float]:
        """Call `execute_plugin_operation` again and again, with a short pause after each; `errors` says what failed.

        Returns:
            ``total_executions``: operations that did not fail; ``error_count``; ``error_rate``: their share of all;
            ``operations_per_second``: of those that did not fail, in the time that really went by; ``avg_``, ``p50_``,
            ``p95_`` and ``p99_operation_time``: of all, without the pauses.
        """
        self.errors = Counter()
        guard = Guard(self.plugin.name)
        times: list[float] = []
        began = time.perf_counter()
        while time.perf_counter() - began < duration_seconds:
            times.append(await self._operation(guard))
            await asyncio.sleep(PAUSE)
        failed = self.errors.total()
        done = len(times) - failed
        return self._keep(
            "stress_test",
            {"total_executions": done, "error_count": failed, "error_rate": failed / len(times) if times else 0.0}
            | {"operations_per_second": done / (time.perf_counter() - began), "avg_operation_time": average(times)}
            | percentiles(times, "operation_time"),
        )

    async def execute_plugin_operation(self) -> None:
        """One operation of the plugin, which a subclass says; by default nothing, which counts as one."""

    async def _operation(self, guard: Guard) -> float:
        """What one operation took; a failure is counted."""
        began = time.perf_counter()
        try:
            await guard.call_async("operation", self.execute_plugin_operation)
        except PluginFailed as failure:
            self.errors[failure.message] += 1
        return time.perf_counter() - began

    async def _begin_anew(self) -> float:
        """What initialising takes in a home of its own."""
        home = TemporaryHome()
        write_settings(home.path, {self.plugin.name: {"config": self._settings()}})
        trial = Trial(type(self.plugin), open_cli(home.path))
        trial.cli.host.loop.adopt()
        timed = _Timed(trial.plugin.initialize)
        trial.plugin.initialize = timed  # type: ignore[method-assign] # of this one instance
        try:
            await trial.start()
            await trial.end()
        finally:
            await trial.cli.cleanup()
            trial.abandon()
            home.remove()
        return timed.seconds

    async def _begin_with_context(self) -> float:
        """What initialising takes with the plugin's own context."""
        plugin = type(self.plugin)()
        plugin.context = self.plugin.context
        timed = _Timed(plugin.initialize)
        await timed(plugin.context)
        await plugin.cleanup()
        return timed.seconds

    def _settings(self) -> dict[str, Any]:
        """The plugin's settings as it got them; those that the class itself changed are its own."""
        config = getattr(self.plugin.context, "config", None)
        return {} if config is None else config.plugins[self.plugin.name]["config"]

    def _keep(self, method: str, figures: dict[str, float]) -> dict[str, float]:
        self.metrics[method] = figures
        return figures


class _Timed:
    """A plugin's `initialize` that tells how long it took, without what the host does around it."""

    def __init__(self, initialize: Callable[[PluginContext], Awaitable[bool]]) -> None:
        self.seconds = 0.0
        self._initialize = initialize

    async def __call__(self, context: PluginContext) -> bool:
        began = time.perf_counter()
        try:
            return await self._initialize(context)
        finally:
            self.seconds = time.perf_counter() - began


def _measured(commands: PluginCommands, words: Sequence[str], times: int) -> list[_Run]:
    runs: list[_Run] = []
    before = _memory()
    for _ in range(times):
        began = time.perf_counter()
        exit_code = commands.invoke(words)
        seconds = time.perf_counter() - began
        after = _memory()
        runs.append(_Run(seconds, after - before, exit_code == 0))
        before = after
    return runs


def _memory() -> int:
    """Bytes of memory this process has once nothing is left to collect."""
    import psutil

    gc.collect()
    return int(psutil.Process().memory_info().rss)
