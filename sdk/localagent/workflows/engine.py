"""One run of a workflow: phases in their order, agents side by side, each end recorded before what rests on it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.errors import LocalAgentError, PhaseFailed, PluginFailed, SystemProblem, UnknownWorkflowName
from localagent.services.bus.frozen import frozen, frozen_from_json, thawed
from localagent.workflows.asyncio_executor import AsyncioExecutor
from localagent.workflows.attempt import attempt, error_of
from localagent.workflows.definition import (
    CONTINUE,
    STOP,
    Agent,
    Defaults,
    FailurePolicy,
    Misfit,
    Phase,
    agents_to_json,
    read_agents,
    read_policy,
)
from localagent.workflows.executor import AgentCall, AgentError, AgentOutcome, ExecutorNeeds
from localagent.workflows.json_text import quoted
from localagent.workflows.phase_work import PhaseWork
from localagent.workflows.progress import Event
from localagent.workflows.stepping import Step, Stepping

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from localagent.plugins.provider import CompletionRequest, CompletionResponse
    from localagent.plugins.workflow import AgentPlan, Cancelled
    from localagent.workflows.attempt import Control, Part
    from localagent.workflows.definition import Workflow
    from localagent.workflows.executor import Executor, OpenInstallation
    from localagent.workflows.runs import PhaseRecord, RunRecord, Runs
    from localagent.workflows.stepping import Stepper


class Surroundings(NamedTuple):
    """What a run needs of its host.

    Attributes:
        part: a phase, agent or orchestrator by its sort and name.
        complete: asks a provider, by its name or the default one.
        tell: says a topic and its data to whoever subscribed.
        show: is told each event at once, those of single agents included; None where nobody looks on.
        open_installation: as `ExecutorNeeds`.
        installation: as `ExecutorNeeds`.
        defaults: of agents that say nothing else.
        limit: how many agents run at a time.
        keeps_given: whether what each attempt was given is recorded.
        with_traces: whether errors are recorded with Python's own account.
        pause: as `Services`.
        step: as `WorkflowManager.execute_workflow`.
    """

    part: Callable[[str, str], Part]
    complete: Callable[[str | None, str | CompletionRequest], Awaitable[CompletionResponse]]
    tell: Callable[[str, dict[str, Any]], Awaitable[object]]
    show: Callable[[Event], object] | None
    open_installation: OpenInstallation
    installation: str
    defaults: Defaults = Defaults()
    limit: int = 32
    keeps_given: bool = False
    with_traces: bool = False
    pause: Callable[[], Awaitable[object]] | None = None
    step: Stepper | None = None


class Done(NamedTuple):
    """A phase that is over.

    Attributes:
        state: as `PhaseRecord`.
        result: what it gave.
        agents: how many agents it had.
        succeeded: how many of them succeeded.
        error: the first error; empty if there was none.
    """

    state: str
    result: dict[str, Any]
    agents: int
    succeeded: int
    error: str = ""

    @property
    def stops(self) -> bool:
        """Whether nothing that depends on it may begin."""
        return self.state == "failed"


class Engine:
    """Drives one run to its end, from wherever it stands.

    Args:
        run: the run.
        workflow: what it does.
        runs: where it is recorded.
        executor: where its agents run; open, and closed by whoever opened it.
        around: what it needs of its host.

    Attributes:
        plugins: whose code it ran.
    """

    def __init__(
        self, run: RunRecord, workflow: Workflow, *, runs: Runs, executor: Executor, around: Surroundings
    ) -> None:
        self._run = run
        self._workflow = workflow
        self._runs = runs
        self._executor = executor
        self._around = around
        self._stepping = Stepping(around.step)
        self._in_the_way: SystemProblem | None = None
        self._local = AsyncioExecutor(ExecutorNeeds(self._run_component, around.open_installation, ""))
        self._recorded = {record.id: record for record in runs.phases(run)}
        self._next = len(self._recorded)
        self._free = asyncio.Semaphore(around.limit)
        self._done: dict[str, Done] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self.plugins: set[str] = set()

    async def drive(self) -> dict[str, Any]:
        """The result: ``success``, ``run_id``, ``workflow``, ``phases`` with how each ended, and ``result``.

        ``result`` is what the last phase gave, or by id what those gave that no other depends on; of an orchestrator
        what it gave. Where it did not succeed ``error`` says why.

        Raises:
            SystemProblem: the run cannot be recorded, or its agents cannot be run.
        """
        await self._tell("workflow_started", phases=[phase.id for phase in self._workflow.phases])
        if self._workflow.orchestrator:
            return await self._orchestrated()
        await self._go_through(self._workflow.phases)
        return self._summary()

    async def cancel(self) -> tuple[str, ...]:
        """Begin nothing more and end what is under way; gives the keys of attempts that could not be ended."""
        left = await self._executor.cancel(self._run.id) + await self._local.cancel(self._run.id)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)
        return left

    async def _go_through(self, phases: Sequence[Phase]) -> None:
        """Run phases, each as soon as those that it depends on are over and none that it depends on failed."""
        waiting = list(phases)
        under_way: dict[asyncio.Task[Done], Phase] = {}
        while True:
            if not under_way and self._around.pause is not None:
                await self._around.pause()
            for phase in [each for each in waiting if all(name in self._done for name in each.depends_on)]:
                waiting.remove(phase)
                if not any(self._done[name].stops for name in phase.depends_on):
                    under_way[self._task(self._phase(phase))] = phase
            if not under_way:
                return
            over, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in over:
                phase = under_way.pop(task)
                done = self._done[phase.id] = task.result()
                if done.stops:
                    waiting.clear()
                self._forget_results(waiting, list(under_way.values()))

    def _task(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _forget_results(self, waiting: Sequence[Phase], under_way: Sequence[Phase]) -> None:
        """Let go of results that nobody will ask for: a run may be far larger than what fits into memory."""
        wanted = {name for phase in (*waiting, *under_way) for name in phase.depends_on} | self._last()
        wanted |= {name for name, done in self._done.items() if done.stops}
        for name, done in self._done.items():
            if name not in wanted and done.result:
                self._done[name] = done._replace(result={})

    def _last(self) -> set[str]:
        """Ids of the phases that no other depends on."""
        return {phase.id for phase in self._workflow.phases} - {
            name for phase in self._workflow.phases for name in phase.depends_on
        }

    def _summary(self) -> dict[str, Any]:
        waited_for = {name for phase in self._workflow.phases if phase.id in self._done for name in phase.depends_on}
        last = [phase.id for phase in self._workflow.phases if phase.id in self._done and phase.id not in waited_for]
        results = {name: thawed(self._done[name].result) for name in last}
        is_success = all(self._done.get(phase.id, _NOT_BEGUN).state == "succeeded" for phase in self._workflow.phases)
        error = next((f"{name}: {done.error}" for name, done in self._done.items() if done.error), "")
        return self._result(results[last[0]] if len(last) == 1 else results, None if is_success else error)

    def _result(self, result: Any, error: str | None) -> dict[str, Any]:
        """As `drive` gives it; without an error it succeeded."""
        told = {
            "success": error is None,
            "run_id": self._run.id,
            "workflow": self._workflow.name,
            "phases": {
                name: {"success": done.state == "succeeded", "agents": done.agents, "succeeded": done.succeeded}
                for name, done in sorted(self._done.items())
            },
            "result": result,
        }
        return told if error is None else {**told, "error": error}

    async def _phase(self, phase: Phase) -> Done:
        """A phase that is over: as it is recorded, else run now."""
        record = self._recorded.get(phase.id)
        if record is not None and record.is_finished:
            return self._as_recorded(record)
        number = record.number if record is not None else self._number()
        began = time.perf_counter()
        results = {name: self._done[name].result for name in phase.depends_on if name in self._done}
        context = frozen({**self._run.context, "workflow": self._workflow.name, "results": results})
        await self._stepping.before(self._run.id, phase.id, {"task": self._run.task, **context})
        await self._tell("phase_started", phase=phase.id)
        try:
            work = await self._work(phase, number, context, record)
            done = await self._finished(phase, work, began)
        except (Misfit, UnknownWorkflowName, PluginFailed) as error:
            done = self._unplanned(phase, number, error, began)
        await self._tell(
            "phase_completed" if done.state != "failed" else "phase_failed",
            phase=phase.id,
            success=done.state == "succeeded",
            agents=done.agents,
            succeeded=done.succeeded,
            seconds=time.perf_counter() - began,
            **({"error": done.error} if done.error else {}),
        )
        await self._stepping.after(Step(self._run.id, phase.id, done.state, done.result, done.error))
        return done

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    async def _work(self, phase: Phase, number: int, context: dict[str, Any], record: PhaseRecord | None) -> PhaseWork:
        """What a phase has to do, recorded as begun.

        Raises:
            Misfit: what the phase says of its agents cannot be meant.
            PluginFailed: it failed to say.
            UnknownWorkflowName: nobody offers one of the agents.
        """
        agents, is_opaque = await self._agents(phase, context, record)
        self._runs.begin_phase(
            self._run,
            number,
            phase.id,
            agents_to_json(agents) if self._workflow.orchestrator or not phase.agents else None,
        )
        attempts = self._runs.attempts(self._run, number) if record is not None else []
        sort = "phases" if is_opaque else "agents"
        parts = {name: self._around.part(sort, name) for name in {agent.agent for agent in agents}}
        self.plugins.update(part.plugin for part in parts.values())
        return PhaseWork(
            self._run,
            number,
            phase,
            agents,
            parts,
            context,
            executor=self._local if is_opaque else self._executor,
            runs=self._runs,
            free=self._free,
            limit=phase.limit or self._around.limit,
            show=self._around.show,
            recorded=attempts,
            keeps_given=self._around.keeps_given,
            is_opaque=is_opaque,
        )

    async def _agents(
        self, phase: Phase, context: dict[str, Any], record: PhaseRecord | None
    ) -> tuple[tuple[Agent, ...], bool]:
        """The agents of a phase, and whether it is its own only one."""
        if phase.agents:
            return phase.agents, False
        part = self._around.part("phases", phase.component)
        if callable(getattr(part.component, "execute", None)):
            return (Agent(phase.component, phase.id, phase.config, None, {}, *phase.defaults),), True
        if not callable(getattr(part.component, "agents", None)):
            raise Misfit(f"the phase '{part.name}' of the plugin '{part.plugin}' has neither 'execute' nor 'agents'")
        if record is not None and record.agents:
            return record.agents, False
        return await self._planned(phase, part, context), False

    async def _planned(self, phase: Phase, part: Part, context: dict[str, Any]) -> tuple[Agent, ...]:
        made = part.caller.call("construct", part.component, phase.id, dict(phase.config))
        given = {**context, "task": self._run.task, "run_id": self._run.id, "phase": phase.id}
        named = await part.caller.call_async("agents", made.agents, given)
        try:
            return read_agents(named, phase.defaults)
        except Misfit as error:
            place = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in error.path)
            message = f"agents() of the phase '{part.name}' of the plugin '{part.plugin}'{place} {error}"
            raise Misfit(message) from None

    async def _finished(self, phase: Phase, work: PhaseWork, began: float) -> Done:
        """Let the agents of a phase run, and record how it ended."""
        is_over = False
        try:
            outcomes = await work.run()
            is_over = True
        finally:
            if not is_over:
                work.flush()
        succeeded = sum(outcome.status == "succeeded" for outcome in outcomes)
        state = _state(phase.failure, succeeded, len(outcomes))
        failed = next((number for number, each in enumerate(outcomes) if each.error is not None), None)
        error = None if failed is None else outcomes[failed].error
        if work.is_opaque:
            result = outcomes[0].result
        else:
            results = _told(work.agents, outcomes)
            result = {"phase": phase.id, "results": results, "success": state == "succeeded"}
        self._runs.end_phase(
            self._run,
            work.number,
            state=state,
            seconds=time.perf_counter() - began,
            attempts=work.take_pending(),
            result=outcomes[0].result_json if work.is_opaque else None,
            error=None if state == "succeeded" else error,
        )
        message = "" if state == "succeeded" or error is None else error.message
        if message and not work.is_opaque and failed is not None:
            message = f"{work.agents[failed].key}: {message}"
        return Done(state, result, len(outcomes), succeeded, message)

    def _unplanned(self, phase: Phase, number: int, error: Exception, began: float) -> Done:
        """A phase whose agents cannot be told is one that failed."""
        if isinstance(error, PluginFailed):
            told = error_of(error, with_traces=self._around.with_traces)
        else:
            told = AgentError(type(error).__name__, str(error))
        self._runs.begin_phase(self._run, number, phase.id, [])
        state = "tolerated" if phase.failure.kind == CONTINUE else "failed"
        self._runs.end_phase(self._run, number, state=state, seconds=time.perf_counter() - began, error=told)
        return Done(state, {"phase": phase.id, "results": [], "success": False}, 0, 0, told.message)

    def _as_recorded(self, record: PhaseRecord) -> Done:
        """What a phase gave that an earlier process finished."""
        message = record.error.message if record.error is not None else ""
        agents = record.agents
        last = {each.agent: each.outcome for each in self._runs.attempts(self._run, record.number)}
        outcomes = [last.get(number) or NOT_BEGUN for number in range(len(agents))]
        succeeded = sum(outcome.status == "succeeded" for outcome in outcomes)
        if record.result is not None:
            return Done(record.state, record.result, len(agents), succeeded, message)
        results = _told(agents, outcomes)
        result = {"phase": record.id, "results": results, "success": record.state == "succeeded"}
        return Done(record.state, result, len(agents), succeeded, message)

    async def _orchestrated(self) -> dict[str, Any]:
        """Let an orchestrator do all of it; the phases that it lets us run are recorded one by one."""
        name = self._workflow.orchestrator
        part = self._around.part("orchestrators", name)
        call = self._call(f"orchestrator {name}", name, self._workflow.config, part)
        outcome = await self._local.run(call, part)
        if self._in_the_way is not None:
            # Whatever the orchestrator makes of it: the run did not fail, it cannot go on now.
            raise self._in_the_way
        if outcome.error is None:
            return self._result(outcome.result, None)
        return self._result(outcome.result, f"{name}: {outcome.error.message}")

    def _call(self, phase: str, name: str, config: dict[str, Any], part: Part) -> AgentCall:
        run, context = self._run, frozen({**self._run.context, "workflow": self._workflow.name, "results": {}})
        return AgentCall(
            run.id, phase, name, name, part.plugin, part.version, config, run.task, context, 1, None, run.provider
        )

    def _run_component(
        self, call: AgentCall, part: Part, /, *, cancelled: Cancelled, control: Control
    ) -> AgentOutcome | Awaitable[AgentOutcome]:
        """Run a phase or an orchestrator that does its work itself."""
        is_whole = bool(self._workflow.orchestrator) and call.phase.startswith("orchestrator ")
        made: Any = part.component
        component = _orchestrator(made, self._run_phase) if is_whole else _phase_unit(made, call.phase)
        return attempt(
            call,
            part._replace(component=component),
            what="orchestrator" if is_whole else "phase",
            cancelled=cancelled,
            complete=lambda request: self._around.complete(call.provider, request),
            control=control,
            with_traces=self._around.with_traces,
        )

    async def _run_phase(
        self,
        phase_id: str,
        agents: Sequence[str | AgentPlan],
        /,
        *,
        failure: str | Mapping[str, int] = STOP,
    ) -> dict[str, Any]:
        """What orchestrators call as ``context["run_phase"]``."""
        if not phase_id or " " in phase_id:
            raise Misfit(f"the id of a phase is a word, not {phase_id!r}")
        defaults, policy = self._around.defaults, read_policy(failure)
        phase = Phase(phase_id, (), policy, agents=read_agents(agents, defaults), defaults=defaults)
        try:
            done: Done = await self._task(self._phase(phase))
        except SystemProblem as problem:
            self._in_the_way = problem
            raise
        self._done[phase_id] = done
        if done.stops and policy.kind == STOP:
            raise PhaseFailed(f"the phase '{phase_id}' failed: {done.error}", phase=phase_id, result=done.result)
        result: dict[str, Any] = thawed(done.result)
        return result

    async def _tell(self, topic: str, **data: Any) -> None:
        """Say what happened to whoever looks on; nobody who fails to listen ends the run."""
        told = {"workflow_id": self._run.id, "workflow": self._workflow.name, "task": self._run.task, **data}
        if self._around.show is not None:
            self._around.show(Event(topic, told))
        with contextlib.suppress(LocalAgentError):
            await self._around.tell(topic, told)

    async def tell_end(self, result: Mapping[str, Any], seconds: float) -> None:
        """Say that the run ended."""
        topic = "workflow_completed" if result["success"] else "workflow_failed"
        error = {"error": result["error"]} if "error" in result else {}
        await self._tell(topic, success=result["success"], seconds=seconds, **error)


NOT_BEGUN = AgentOutcome("cancelled", error=AgentError("", "not begun"))
_NOT_BEGUN = Done("failed", {}, 0, 0)


def _state(policy: FailurePolicy, succeeded: int, total: int) -> str:
    if policy.is_met(succeeded, total):
        return "succeeded"
    return "tolerated" if policy.kind == CONTINUE else "failed"


def _told(agents: Sequence[Agent], outcomes: Sequence[AgentOutcome]) -> list[dict[str, Any]]:
    """The agents' results as their phase gives them, frozen, since the agents of later phases share them.

    They are read in one go; of a key that comes twice the last one counts.
    """
    told: list[dict[str, Any]] = frozen_from_json(f"[{','.join(map(_told_text, agents, outcomes))}]")
    return told


def _told_text(agent: Agent, outcome: AgentOutcome) -> str:
    """An agent's result as JSON; what it gave is a mapping, whose braces are taken off."""
    _, text, error, _, _ = outcome
    given = "" if text == "{}" else f",{text[1:-1]}"
    if error is None:
        return f'{{"agent":{quoted(agent.agent)},"success":true{given}}}'
    return f'{{"agent":{quoted(agent.agent)}{given},"success":false,"error":{quoted(error.message)}}}'


def _phase_unit(component: Any, phase_id: str) -> Callable[[dict[str, Any]], Any]:
    """A phase that does its work itself, shaped as an agent."""

    class PhaseUnit:
        def __init__(self, config: dict[str, Any]) -> None:
            self._phase = component(phase_id, config)

        def execute(self, _task: str, context: dict[str, Any]) -> Any:
            return self._phase.execute(context)

    return PhaseUnit


def _orchestrator(component: Any, run_phase: Any) -> Callable[[dict[str, Any]], Any]:
    """An orchestrator that can let phases run, shaped as an agent."""

    class Orchestration:
        def __init__(self, config: dict[str, Any]) -> None:
            self._orchestrator = component(config)

        def execute(self, task: str, context: dict[str, Any]) -> Any:
            return self._orchestrator.execute(task, {**context, "run_phase": run_phase})

    return Orchestration
