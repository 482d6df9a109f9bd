"""The rules of workflow plugins: each constructs phases and agents as a workflow does, and runs them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.plain import is_mapping
from localagent_testing.conformance.judging import Unobserved, place_of, place_of_code
from localagent_testing.conformance.scene import Attempt, Scene, attempt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from localagent.diagnostics.diagnostic import Place
    from localagent.errors import PluginFailed
    from localagent_testing.conformance.subject import Subject

RUN_WITHIN = 30.0
"""Seconds that a phase or an agent may take for the task that it is tried with."""

STOPPED_WITHIN = 2.0
"""Seconds that an agent may take to end after it was cancelled."""

MOMENT = 0.02
"""Seconds after which an agent is cancelled, if it did not end by then."""

TASK = "Say hello."
CONSTRUCTS = "LA640"
"""The rule that a part breaks which cannot be constructed."""

RESULTS = "LA641"
"""The rule that a part breaks which gives no results."""


@dataclass(frozen=True, slots=True)
class Part:
    """A phase or an agent of the plugin.

    Attributes:
        sort: ``phase`` or ``agent``.
        name: what it is called.
        made_by: its class.
        scene: where its plugin lives.
    """

    sort: str
    name: str
    made_by: Any
    scene: Scene

    def __str__(self) -> str:
        return f"the {self.sort} '{self.name}'"

    @property
    def place(self) -> Place:
        """Where its class begins."""
        return place_of_code(self.made_by, self.scene.loaded.spec)

    async def made(self) -> Attempt:
        """An attempt to construct it as the engine does: ``cls(phase_id, config)`` or ``cls(config)``."""
        words: tuple[Any, ...] = (self.name,) if self.sort == "phase" else ()
        guard = self.scene.guard
        return await attempt(guard, "construct", self.made_by, *words, {"name": self.name}, limit=RUN_WITHIN)

    async def new(self) -> Any:
        """A new one of it.

        Raises:
            Unobserved: it cannot be constructed.
        """
        outcome = await self.made()
        if outcome.failure is not None or not _is_runnable(outcome.value):
            raise Unobserved(f"{self} cannot be had: see {CONSTRUCTS}")
        return outcome.value

    def words(self, task: str = TASK) -> tuple[Any, ...]:
        """What its ``execute`` is called with."""
        context: dict[str, Any] = {"task": task, "results": {}}
        return (context,) if self.sort == "phase" else (task, context)

    def finding(self, failure: PluginFailed, fix: str) -> Finding:
        """What is told of its failure."""
        place = place_of(failure, self.scene.loaded.spec) if failure.file is not None else self.place
        return Finding(f"{self}: {failure.message}", place, fix)


Check = Callable[[Part], AsyncIterator[Finding]]


async def constructs(part: Part) -> AsyncIterator[Finding]:
    """A part that a workflow could not construct, or not run."""
    fix = f"let the class take ({'phase_id, config' if part.sort == 'phase' else 'config'})"
    made = await part.made()
    if made.failure is not None:
        yield part.finding(made.failure, fix)
    elif not _is_runnable(made.value):
        yield Finding(f"{part} has no 'async def execute'", part.place, "make execute an 'async def'")


async def gives_a_dict(part: Part) -> AsyncIterator[Finding]:
    """A part that fails, or gives something else than its results by name."""
    made = await part.new()
    outcome = await attempt(part.scene.guard, "execute", made.execute, *part.words(), limit=RUN_WITHIN)
    if outcome.failure is not None:
        yield part.finding(outcome.failure, 'return {"success": False, "error": "…"} where the task cannot be done')
    elif not is_mapping(outcome.value):
        yield Finding(
            f"{part} gave a {type(outcome.value).__name__}", part.place, 'return a dict: {"success": True, …}'
        )


async def fails_alone(part: Part) -> AsyncIterator[Finding]:
    """An agent whose failure is that of another one which runs beside it."""
    if part.sort != "agent":
        return
    good, bad = await part.new(), await part.new()
    guard, wrong = part.scene.guard, {"unusual": object()}
    alone = await attempt(guard, "execute", good.execute, *part.words(), limit=RUN_WITHIN)
    if alone.failure is not None or not is_mapping(alone.value):
        raise Unobserved(f"{part} has no results: see {RESULTS}")
    _, beside = await asyncio.gather(
        attempt(guard, "execute", bad.execute, None, wrong, limit=RUN_WITHIN),
        attempt(guard, "execute", good.execute, *part.words(), limit=RUN_WITHIN),
    )
    after = await attempt(guard, "execute", good.execute, *part.words(), limit=RUN_WITHIN)
    failure = beside.failure or after.failure
    if failure is not None:
        yield part.finding(failure, "keep the state of one run in local variables of execute, not in the class")
    elif not is_mapping(after.value) or _success(after.value) != _success(alone.value):
        message = f"{part} gives another result after another agent of its class failed"
        yield Finding(message, part.place, "keep the state of one run in local variables of execute, not in the class")


async def stops_when_cancelled(part: Part) -> AsyncIterator[Finding]:
    """A part that goes on when the workflow is cancelled."""
    made = await part.new()
    # Not through the guard, which would see to it that its caller is let go.
    task = asyncio.create_task(made.execute(*part.words()), name=str(part))
    await asyncio.wait({task}, timeout=MOMENT)
    if task.done():
        task.exception()
        return
    task.cancel()
    await asyncio.wait({task}, timeout=STOPPED_WITHIN)
    fix = "let asyncio.CancelledError pass"
    if not task.done():
        yield Finding(f"{part} went on {STOPPED_WITHIN:g} s after it was cancelled", part.place, fix)
    elif not task.cancelled():
        task.exception()
        yield Finding(f"{part} did not end as cancelled when it was", part.place, fix)


def _is_runnable(made: Any) -> bool:
    return inspect.iscoroutinefunction(getattr(made, "execute", None))


def _success(result: Mapping[str, Any]) -> bool:
    return bool(result.get("success", True))


def _of_each(check: Check) -> Callable[[Subject], Iterable[Finding]]:
    """A check of one part as one of the plugin."""

    def find(subject: Subject) -> Iterable[Finding]:
        with subject.scene() as scene:
            return scene.run(_each(check, scene))

    return find


async def _each(check: Check, scene: Scene) -> list[Finding]:
    manager = scene.host.workflow_manager
    offers = [("phase", manager.phases), ("agent", manager.agents)]
    parts = [
        Part(sort, name, offer.thing.component, scene)
        for sort, known in offers
        for name, offer in known.items()
        if offer.plugin == scene.loaded.name
    ]
    if not parts:
        raise Unobserved("it offers no phase and no agent")
    return [finding for part in parts async for finding in check(part)]


CHECKS: dict[str, Rule[Subject]] = {
    "constructs-parts": Rule(
        CONSTRUCTS,
        "Phases and agents can be constructed",
        _of_each(constructs),
        tier=Tier.BRONZE,
        explanation="A workflow makes phases as cls(phase_id, config) and agents as cls(config), and awaits execute.",
        bad="class Review:\n    def __init__(self): …",
        good="class Review:\n    def __init__(self, config): …",
    ),
    "gives-results": Rule(
        RESULTS,
        "Phases and agents give a dict",
        _of_each(gives_a_dict),
        tier=Tier.SILVER,
        explanation="Later phases find the results of earlier ones by name, and runs are kept as JSON.",
        bad="return answer.text",
        good='return {"success": True, "answer": answer.text}',
    ),
    "fails-alone": Rule(
        "LA642",
        "The failure of one agent stays its own",
        _of_each(fails_alone),
        tier=Tier.GOLD,
        explanation="Agents of one class run side by side; what one of them is given must not reach the others.",
        bad="class Review:\n    problems = []  # shared by all agents",
        good="class Review:\n    def __init__(self, config):\n        self.problems = []",
    ),
    "ends-when-cancelled": Rule(
        "LA643",
        "Phases and agents end when the workflow is cancelled",
        _of_each(stops_when_cancelled),
        tier=Tier.GOLD,
        explanation="Ctrl-C cancels what runs. An agent that goes on keeps the whole workflow waiting.",
        bad="except BaseException:\n    return {'success': False}",
        good="except OSError as error:\n    return {'success': False, 'error': str(error)}",
    ),
}
"""The rules by the word that follows the id in a test's name."""
