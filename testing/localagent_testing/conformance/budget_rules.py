"""The rules of what a plugin costs, each for one figure, and only where its project declares a budget for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.errors import ConfigError
from localagent_cli.benching.figures import FIGURE_OF
from localagent_testing.bench.budgets import TABLE, budgets_of
from localagent_testing.conformance.judging import Unobserved, class_place, require_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localagent.host.spec import PluginSpec
    from localagent_testing.conformance.subject import Subject


def declared_by(spec: PluginSpec) -> dict[str, Rule[Subject]]:
    """The rules for the budgets that a project declares; one, which tells what is wrong, where they cannot be read."""
    try:
        budgets = budgets_of(spec)
    except ConfigError:
        budgets = {"import_ms": 0.0}
    return {_WORDS[key]: CHECKS[_WORDS[key]] for key in FIGURE_OF if key in budgets}


def _within(key: str) -> Callable[[Subject], Iterator[Finding]]:
    """A check that a figure does not exceed its budget."""

    def check(subject: Subject) -> Iterator[Finding]:
        budget = budgets_of(subject.spec).get(key)
        if budget is None:
            raise Unobserved(f"no budget is declared: {key} in [{TABLE}] of pyproject.toml")
        require_ready(subject.life)
        measured = subject.measured.figures.get(key)
        if measured is None:
            raise Unobserved("it has no command that could be called")
        if measured > budget:
            figure = FIGURE_OF[key]
            message = f"{figure.title}: {figure.shown(measured)}, and the budget is {figure.shown(budget)}"
            fix = f"{_FIXES[key]}, or raise {key} in [{TABLE}]; 'localagent dev bench' shows all figures"
            yield Finding(message, class_place(subject.life), fix)

    return check


_FIXES = {
    "import_ms": "import what is slow only in the function that needs it",
    "initialise_ms": "leave in initialize only what every command needs, and do the rest when it is first asked for",
    "first_call_ms": "prepare in initialize what every call needs, or do less in the first call",
    "p95_ms": "keep what a call has found out for the next one",
    "memory_mb": "read data in pieces instead of whole",
    "leak_kb": "let go in cleanup of what modules, caches and callbacks still hold",
}

CHECKS: dict[str, Rule[Subject]] = {
    "imports-in-time": Rule(
        "LA661",
        "Importing and constructing the plugin stays within its budget",
        _within("import_ms"),
        tier=Tier.BRONZE,
        explanation=(
            "Every command of the plugin waits for its import. The figure is a median of new processes, without what "
            "the host itself has imported already."
        ),
        bad="import pandas",
        good="def analyse(path: Path) -> Table:\n    import pandas  # only this command needs it",
    ),
    "ready-in-time": Rule(
        "LA662",
        "Becoming ready stays within its budget",
        _within("initialise_ms"),
        tier=Tier.BRONZE,
        explanation="Every command of the plugin waits for its initialize and for what it registers.",
        bad="async def initialize(self, context):\n    self.index = build_index()\n    return True",
        good="@functools.cached_property\ndef index(self):\n    return build_index()",
    ),
    "first-call-in-time": Rule(
        "LA663",
        "The first call of a command stays within its budget",
        _within("first_call_ms"),
        tier=Tier.BRONZE,
        explanation=(
            "Called is the first of the sample command lines in [tool.localagent.conformance], else the help of its "
            "first command. Most processes make no other call than this one."
        ),
        bad="model = load_model()  # in the command, at each start",
        good="model = load_cached_model(context.data_dir)",
    ),
    "calls-in-time": Rule(
        "LA664",
        "95 of 100 further calls stay within their budget",
        _within("p95_ms"),
        tier=Tier.BRONZE,
        explanation="What is slow now and then is what users notice; an average would hide it.",
        bad="words = path.read_text().split()  # of the same file in each call",
        good="words = self.words_of(path)  # kept until the file changes",
    ),
    "memory-in-budget": Rule(
        "LA665",
        "The plugin's memory stays within its budget",
        _within("memory_mb"),
        tier=Tier.BRONZE,
        explanation="The figure is by how much its process was larger at its largest than the host without the plugin.",
        bad="lines = path.read_text().splitlines()",
        good="for line in path.open():\n    ...",
    ),
    "loses-no-memory": Rule(
        "LA666",
        "Disabling and enabling the plugin again and again loses no memory beyond its budget",
        _within("leak_kb"),
        tier=Tier.BRONZE,
        explanation=(
            "A host that runs for days reloads plugins many times. The figure is the slope of memory over 20 rounds, "
            "with nothing left to collect."
        ),
        bad="atexit.register(self.flush)",
        good="async def cleanup(self):\n    self.flush()",
    ),
}
"""The rules by the word that follows the id in a test's name."""

_WORDS = dict(zip(FIGURE_OF, CHECKS, strict=True))
