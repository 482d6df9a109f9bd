"""A plugin measured by pytest-benchmark, each time in a fresh host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from localagent_testing.hosting import TemporaryHome, open_cli
from localagent_testing.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typer.testing import Result

    from localagent.plugins.base import Plugin


class Benchmark(Protocol):
    """pytest-benchmark's fixture, as far as it is used here."""

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function many times."""
        ...

    def pedantic(self, target: Callable[..., Any], *, setup: Callable[[], Any], rounds: int) -> Any:
        """Call a function so many times, each time after `setup`."""
        ...


class PluginBenchmark:
    """Measures one plugin; a test may call one of the methods once, as pytest-benchmark has it.

    Args:
        benchmark: the fixture of pytest-benchmark.
        plugin_class: the plugin's class.
    """

    def __init__(self, benchmark: Benchmark, plugin_class: type[Plugin]) -> None:
        self._benchmark = benchmark
        self._plugin_class = plugin_class
        self._home = TemporaryHome()
        self._trials: list[Trial[Plugin]] = []

    def command(self, words: Sequence[str]) -> Result:
        """Measure a command line of the plugin, which is ready before; gives the last result.

        Raises:
            AssertionError: a run ended with another exit code than 0.
            PluginFailed: the plugin does not get ready.
        """
        trial = self._trial()
        trial.start_from_outside()
        result: Result = self._benchmark(_run, trial, words)
        return result

    def initialisation(self, rounds: int = 10) -> None:
        """Measure from the settings to the registered plugin, each time in a new instance.

        Raises:
            PluginFailed: the plugin does not get ready.
        """

        def fresh() -> tuple[tuple[Trial[Plugin]], dict[str, Any]]:
            self.close()
            return (self._trial(),), {}

        self._benchmark.pedantic(_start, setup=fresh, rounds=rounds)

    def close(self) -> None:
        """Let the instances go."""
        while self._trials:
            trial = self._trials.pop()
            trial.abandon()
            trial.cli.close()

    def _trial(self) -> Trial[Plugin]:
        trial = Trial(self._plugin_class, open_cli(self._home.path))
        self._trials.append(trial)
        return trial


def _start(trial: Trial[Plugin]) -> None:
    trial.start_from_outside()


def _run(trial: Trial[Plugin], words: Sequence[str]) -> Result:
    result = trial.invoke(words)
    if result.exit_code:
        raise AssertionError(f"'{' '.join(words)}' ended with exit code {result.exit_code}:\n{result.output}")
    return result
