"""The rules of workflow plugins: each constructs phases and agents as a workflow does, and runs them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.host.surroundings import end_watching
from localagent.manifest.plain import is_mapping
from localagent.workflows.definition import UNSAID, Misfit, read_agents
from localagent_testing.conformance.judging import Unobserved
from localagent_testing.conformance.parts import CONSTRUCTS, RESULTS, RUN_WITHIN, Part, conducted, parts_of
from localagent_testing.conformance.scene import Attempt, Scene, attempt

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from localagent.errors import PluginFailed
    from localagent_testing.conformance.plan import Sample
    from localagent_testing.conformance.subject import Subject

STOPPED_WITHIN = 2.0
"""Seconds that an agent may take to end after it was cancelled."""

MOMENT = 0.02
"""Seconds after which an agent is cancelled, if it did not end by then."""

Check = Callable[[Part], AsyncIterator[Finding]]


async def constructs(part: Part) -> AsyncIterator[Finding]:
    """A part that a workflow could not construct, or not run."""
    made = await part.made()
    if made.failure is not None:
        yield part.finding(
            made.failure, f"let the class take ({'phase_id, config' if part.sort == 'phase' else 'config'})"
        )
    elif not part.is_runnable(made.value):
        fix = "make execute an 'async def'"
        if part.sort == "phase":
            fix = f"{fix}, or let agents(context) say which agents to run"
        yield Finding(f"{part} has no 'async def execute'", part.place, fix)


async def gives_a_dict(part: Part) -> AsyncIterator[Finding]:
    """A part that fails, or gives something else than its results by name."""
    if part.is_planned:
        async for finding in names_agents(part):
            yield finding
        return
    outcome = await _executed(part)
    if outcome.failure is not None:
        _require_blame(part, outcome.failure)
        yield part.finding(outcome.failure, 'return {"success": False, "error": "…"} where the task cannot be done')
    elif not is_mapping(outcome.value):
        yield Finding(
            f"{part} gave a {type(outcome.value).__name__}", part.place, 'return a dict: {"success": True, …}'
        )


async def names_agents(part: Part) -> AsyncIterator[Finding]:
    """A phase that fails to say which agents to run, or says it in other words than the engine knows."""
    made = await part.new()
    named = await attempt(part.scene.guard, "agents", made.agents, *part.words(), limit=RUN_WITHIN)
    if named.failure is not None:
        _require_blame(part, named.failure)
        yield part.finding(named.failure, "return a list with the name of each agent, or a dict for it")
        return
    try:
        read_agents(named.value, UNSAID)
    except Misfit as misfit:
        if named.value or part.sample is not None:
            fix = misfit.fix or 'return [{"agent": "…", "task": "…"}, …]'
            place = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in misfit.path)
            yield Finding(f"{part}: agents(){place} {misfit}", part.place, fix)


async def fails_alone(part: Part) -> AsyncIterator[Finding]:
    """An agent whose failure is that of another one which runs beside it."""
    if part.sort != "agent":
        return
    good, bad = await part.new(), await part.new()
    guard, wrong = part.scene.guard, {"unusual": object()}
    alone = await attempt(guard, "execute", good.execute, *part.words(), limit=RUN_WITHIN)
    if alone.failure is not None:
        _require_blame(part, alone.failure)
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
    if part.is_planned or part.sort == "orchestrator":
        return  # it does no work itself, or only what it has the engine do
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


async def _executed(part: Part) -> Attempt:
    """What becomes of its work; of an orchestrator within the engine, which runs its agents."""
    made = await part.new()
    if part.sort != "orchestrator":
        return await attempt(part.scene.guard, "execute", made.execute, *part.words(), limit=RUN_WITHIN)

    async def work(context: dict[str, Any]) -> Attempt:
        given = {**part.context(), "run_phase": context["run_phase"]}
        return await attempt(part.scene.guard, "execute", made.execute, part.task, given, limit=RUN_WITHIN)

    return await conducted(part, work)


def _require_blame(part: Part, failure: PluginFailed) -> None:
    """See that a failure is the part's own.

    Raises:
        Unobserved: the task may be none for it; the message says where to name one.
    """
    if not part.is_to_blame(failure):
        key = "context" if isinstance(failure.__cause__, LookupError) else "task"
        raise part.untried(f"cannot do '{part.task}'", failure, key)


def _success(result: Mapping[str, Any]) -> bool:
    return bool(result.get("success", True))


def of_each(check: Check) -> Callable[[Subject], Iterable[Finding]]:
    """A check of one part as one of the plugin; paths in samples are relative to its project."""

    def find(subject: Subject) -> Iterable[Finding]:
        with _in_project(subject), subject.scene() as scene:
            return scene.run(_each(check, scene, subject.plan.workflow))

    return find


@contextlib.contextmanager
def _in_project(subject: Subject) -> Generator[None]:
    root = subject.spec.source.root
    with contextlib.chdir(root) if root.is_dir() else contextlib.nullcontext():
        end_watching(None)  # or the host takes the change for one that a plugin made, and undoes it
        yield
    end_watching(None)


async def _each(check: Check, scene: Scene, samples: Mapping[str, Sample]) -> list[Finding]:
    """What is found in any part; that one cannot be judged counts where nothing is found."""
    found: list[Finding] = []
    unobserved: list[Unobserved] = []
    parts = tuple(parts_of(scene, samples))
    if not parts:
        raise Unobserved("it offers no phase, no agent and no orchestrator")
    for part in parts:
        try:
            found += [finding async for finding in check(part)]
        except Unobserved as reason:
            unobserved.append(reason)
    if unobserved and not found:
        raise unobserved[0]
    return found


CHECKS: dict[str, Rule[Subject]] = {
    "constructs-parts": Rule(
        CONSTRUCTS,
        "Phases, agents and orchestrators can be constructed",
        of_each(constructs),
        tier=Tier.BRONZE,
        explanation=(
            "A workflow makes phases as cls(phase_id, config), agents and orchestrators as cls(config), and awaits "
            "execute; a phase may have agents(context) instead, which names the agents that the engine runs."
        ),
        bad="class Review:\n    def __init__(self): …",
        good="class Review:\n    def __init__(self, config): …",
    ),
    "gives-results": Rule(
        RESULTS,
        "Phases, agents and orchestrators give a dict",
        of_each(gives_a_dict),
        tier=Tier.SILVER,
        explanation="Later phases find the results of earlier ones by name, and runs are kept as JSON.",
        bad="return answer.text",
        good='return {"success": True, "answer": answer.text}',
    ),
    "fails-alone": Rule(
        "LA642",
        "The failure of one agent stays its own",
        of_each(fails_alone),
        tier=Tier.GOLD,
        explanation="Agents of one class run side by side; what one of them is given must not reach the others.",
        bad="class Review:\n    problems = []  # shared by all agents",
        good="class Review:\n    def __init__(self, config):\n        self.problems = []",
    ),
    "ends-when-cancelled": Rule(
        "LA643",
        "Phases and agents end when the workflow is cancelled",
        of_each(stops_when_cancelled),
        tier=Tier.GOLD,
        explanation="Ctrl-C cancels what runs. An agent that goes on keeps the whole workflow waiting.",
        bad="except BaseException:\n    return {'success': False}",
        good="except OSError as error:\n    return {'success': False, 'error': str(error)}",
    ),
}
"""The rules by the word that follows the id in a test's name."""
