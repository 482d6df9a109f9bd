"""The phases, agents and orchestrators of a plugin, each made and called as the engine does."""

from __future__ import annotations

import inspect
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from localagent.diagnostics.rule import Finding
from localagent.plugins.provider import CompletionResponse
from localagent_testing.conformance.judging import Unobserved, place_of, place_of_code
from localagent_testing.conformance.plan import TABLE, Sample
from localagent_testing.conformance.scene import Attempt, Scene, attempt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from localagent.diagnostics.diagnostic import Place
    from localagent.errors import PluginFailed
    from localagent.plugins.workflow import AgentPlan

T = TypeVar("T")

RUN_WITHIN = 30.0
"""Seconds that a part may take for the task that it is tried with."""

TASK = "Say hello."
"""What a part is tried with where the project names no task."""

CONSTRUCTS = "LA640"
"""The rule that a part breaks which cannot be constructed."""

RESULTS = "LA641"
"""The rule that a part breaks which gives no results."""

_OURS = "localagent-conformance"
_SURELY_WRONG = (NameError, ImportError, NotImplementedError)
"""What no task and no settings are to blame for."""


@dataclass(frozen=True, slots=True)
class Part:
    """A phase, an agent or an orchestrator of the plugin.

    Attributes:
        sort: ``phase``, ``agent`` or ``orchestrator``.
        name: what it is called.
        made_by: its class.
        scene: where its plugin lives.
        sample: what the project tries it with; None where it says nothing.
    """

    sort: str
    name: str
    made_by: Any
    scene: Scene
    sample: Sample | None = None

    def __str__(self) -> str:
        return f"the {self.sort} '{self.name}'"

    @property
    def place(self) -> Place:
        """Where its class begins."""
        return place_of_code(self.made_by, self.scene.loaded.spec)

    @property
    def is_planned(self) -> bool:
        """Whether it is a phase whose agents the engine runs."""
        has_work, has_plan = (callable(getattr(self.made_by, name, None)) for name in ("execute", "agents"))
        return self.sort == "phase" and has_plan and not has_work

    @property
    def task(self) -> str:
        """What it is to do."""
        return self.sample.task or TASK if self.sample is not None else TASK

    async def made(self) -> Attempt:
        """An attempt to construct it as the engine does: ``cls(phase_id, config)`` or ``cls(config)``.

        Raises:
            Unobserved: it needs settings that nobody told.
        """
        words: tuple[Any, ...] = (self.name,) if self.sort == "phase" else ()
        config = dict(self.sample.config) if self.sample is not None else {}
        outcome = await attempt(self.scene.guard, "construct", self.made_by, *words, config, limit=RUN_WITHIN)
        if outcome.failure is not None and self.sample is None and isinstance(outcome.failure.__cause__, LookupError):
            raise self.untried("needs settings", outcome.failure, "config")
        return outcome

    async def new(self) -> Any:
        """A new one of it.

        Raises:
            Unobserved: it cannot be constructed.
        """
        outcome = await self.made()
        if outcome.failure is not None or not self.is_runnable(outcome.value):
            raise Unobserved(f"{self} cannot be had: see {CONSTRUCTS}")
        return outcome.value

    def is_runnable(self, made: Any) -> bool:
        """Whether the engine could let it do its work."""
        if self.is_planned:
            return callable(getattr(made, "agents", None))
        return inspect.iscoroutinefunction(getattr(made, "execute", None))

    def words(self) -> tuple[Any, ...]:
        """What its ``execute`` or ``agents`` is called with."""
        context = self.context()
        return (context,) if self.sort == "phase" else (self.task, context)

    def context(self) -> dict[str, Any]:
        """What it gets from the engine, and from the project's sample."""
        return {
            "results": {},
            **(dict(self.sample.context) if self.sample is not None else {}),
            "task": self.task,
            "run_id": _OURS,
            "phase": self.name,
            "attempt": 1,
            "idempotency_key": f"{_OURS}:{self.name}",
            "cancelled": lambda: False,
            "complete": _answer,
        }

    def plan(self, key: str) -> AgentPlan:
        """It as an agent of a phase."""
        told: AgentPlan = {"agent": self.name, "key": key, "task": self.task}
        if self.sample is None:
            return told
        return {**told, "config": dict(self.sample.config), "context": dict(self.sample.context)}

    def finding(self, failure: PluginFailed, fix: str) -> Finding:
        """What is told of its failure."""
        place = place_of(failure, self.scene.loaded.spec) if failure.file is not None else self.place
        return Finding(f"{self}: {failure.message}", place, fix)

    def is_to_blame(self, failure: PluginFailed) -> bool:
        """Whether a failure is its own, and not that of a task which is none for it."""
        return self.sample is not None or isinstance(failure.__cause__, _SURELY_WRONG)

    def untried(self, what: str, why: object, key: str) -> Unobserved:
        """That the project has to say what to try it with."""
        told = getattr(why, "message", why)
        return Unobserved(
            f"{self} {what} ({told}); to try it, say in pyproject.toml: [{TABLE}] workflow.{self.name}.{key} = …"
        )


@dataclass(frozen=True, slots=True)
class SideBySide:
    """What agents gave that ran in one phase.

    Attributes:
        seconds: from the beginning of the first to the end of the last, wall time.
        results: what each gave, as the phase has it.
    """

    seconds: float
    results: tuple[dict[str, Any], ...]

    @property
    def is_success(self) -> bool:
        """Whether all succeeded."""
        return all(result["success"] for result in self.results)


def parts_of(scene: Scene, samples: Mapping[str, Sample]) -> Iterator[Part]:
    """The parts that the plugin offers."""
    manager = scene.host.workflow_manager
    offers = (("phase", manager.phases), ("agent", manager.agents), ("orchestrator", manager.orchestrators))
    for sort, known in offers:
        for name, offer in known.items():
            if offer.plugin == scene.loaded.name:
                yield Part(sort, name, offer.thing.component, scene, samples.get(name))


async def run_side_by_side(part: Part, times: int, *, executor: str = "asyncio") -> SideBySide:
    """Let the engine run so many agents of one class in one phase.

    Raises:
        Unobserved: the engine cannot run them.
        LocalAgentError: the executor cannot be used.
    """

    async def run(context: dict[str, Any]) -> SideBySide:
        plans = [part.plan(f"{part.name}-{number}") for number in range(times)]
        began = time.perf_counter()
        done = await context["run_phase"]("conformance", plans, failure="continue")
        return SideBySide(time.perf_counter() - began, tuple(done["results"]))

    return await conducted(part, run, executor=executor)


async def conducted(part: Part, work: Callable[[dict[str, Any]], Awaitable[T]], *, executor: str = "asyncio") -> T:
    """What `work` gives as an orchestrator of the engine, whose context it is called with.

    Raises:
        Unobserved: it did not come to its end.
        LocalAgentError: the executor cannot be used.
    """
    taken: list[T] = []

    class Conductor:
        """Does it."""

        def __init__(self, config: dict[str, Any]) -> None:
            self.config = config

        async def execute(self, _task: str, context: dict[str, Any]) -> dict[str, Any]:
            taken.append(await work(context))
            return {}

    manager = part.scene.host.workflow_manager
    withdraw = manager.offer("orchestrators", _OURS, Conductor, caller=part.scene.guard)
    try:
        told = await manager.execute_workflow(part.task, workflow=_OURS, executor=executor)
    finally:
        withdraw()
    if not taken:
        raise Unobserved(f"{part} could not be run by the engine: {told.get('error')}")
    return taken[0]


async def _answer(_request: Any) -> CompletionResponse:
    """What stands for the provider of the run."""
    return CompletionResponse("Hello.")
