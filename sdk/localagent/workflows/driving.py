"""Driving a run in this process: its executor, its lock, its recorded end."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from localagent.workflows.attempt import attempt
from localagent.workflows.configuration import WorkflowSettings
from localagent.workflows.engine import Engine, Surroundings
from localagent.workflows.executor import AgentError, ExecutorNeeds, executor_named
from localagent.workflows.progress import Event

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from localagent.workflows.attempt import Part
    from localagent.workflows.definition import Workflow
    from localagent.workflows.executor import Executor
    from localagent.workflows.manager import Services
    from localagent.workflows.runs import RunRecord, Runs
    from localagent.workflows.stepping import Stepper


class Driver:
    """Drives runs over one host's services.

    Args:
        services: what it needs.
        runs: where they are recorded; closed by whoever opened it.
        part: a phase, agent or orchestrator by its sort and name.
        show: told of each event at once; None where nobody looks on.
        step: asked before each phase; None where nobody is.
    """

    def __init__(
        self,
        services: Services,
        runs: Runs,
        part: Callable[[str, str], Part],
        show: Callable[[Event], object] | None,
        step: Stepper | None,
    ) -> None:
        self._services = services
        self._runs = runs
        self._part = part
        self._watcher = show
        self._step = step
        self._defaults = WorkflowSettings(services.settings).defaults()

    async def begin(
        self,
        workflow: Workflow,
        task: str,
        context: dict[str, Any],
        *,
        provider: str | None,
        executor: str | None,
        scheduler: str | None,
    ) -> dict[str, Any]:
        """Run a workflow from its beginning; as `WorkflowManager.execute_workflow`."""
        name, address = executor or self._defaults.executor, scheduler or self._defaults.scheduler
        async with self._executor(name, provider, address) as opened:
            run = self._runs.begin(
                workflow=workflow.name,
                definition=workflow.told,
                task=task,
                context=context,
                provider=provider,
                executor=name,
                scheduler=address,
            )
            with self._runs.driving(run):
                return await self._drive(run, workflow, opened)

    async def go_on(
        self, run: RunRecord, workflow: Workflow, *, executor: str | None, scheduler: str | None
    ) -> dict[str, Any]:
        """Go on with a run; as `WorkflowManager.resume`."""
        name, address = executor or run.executor, scheduler or run.scheduler
        with self._runs.driving(run):
            async with self._executor(name, run.provider, address) as opened:
                run = self._runs.resume(run, executor=name, scheduler=address)
                return await self._drive(run, workflow, opened)

    async def _drive(self, run: RunRecord, workflow: Workflow, executor: Executor) -> dict[str, Any]:
        runs = self._runs
        engine = Engine(run, workflow, runs=runs, executor=executor, around=self._around())
        began, is_over = time.perf_counter(), False
        self._show(Event("run", {"workflow_id": run.id}))
        try:
            result = await engine.drive()
            is_over = True
        finally:
            if not is_over:
                # First of all: a second signal may end what follows.
                runs.end(run, "interrupted", seconds=time.perf_counter() - began)
                with self._services.ending():
                    left = await engine.cancel()
                    self._show(Event("workflow_interrupted", {"workflow_id": run.id, "left": left}))
        seconds = time.perf_counter() - began
        error = None if result["success"] else AgentError("", result["error"])
        runs.end(run, "completed" if result["success"] else "failed", seconds=seconds, result=result, error=error)
        for plugin in engine.plugins:
            self._services.forgive(plugin)
        await engine.tell_end(result, seconds)
        return result

    def _show(self, event: Event) -> None:
        if self._watcher is not None:
            self._watcher(event)

    def _around(self) -> Surroundings:
        services = self._services
        return Surroundings(
            self._part,
            services.complete,
            services.tell,
            self._watcher,
            services.open_installation,
            services.installation,
            self._defaults.agents,
            self._defaults.limit,
            services.keeps_given,
            services.with_traces,
            services.pause,
            self._step,
        )

    @contextlib.asynccontextmanager
    async def _executor(self, name: str, provider: str | None, scheduler: str | None) -> AsyncGenerator[Executor]:
        services = self._services
        needs = ExecutorNeeds(
            partial(attempt, complete=partial(services.complete, provider), with_traces=services.with_traces),
            services.open_installation,
            services.installation,
            scheduler,
            self._defaults.workers,
        )
        executor = executor_named(name)(needs)
        try:
            await executor.open()
            yield executor
        finally:
            with services.ending():
                await executor.close()


def doubtful_steps(runs: Runs, run: RunRecord) -> tuple[str, ...]:
    """Steps that must not be repeated, were begun, and are not known to have succeeded: ``phase/agent``."""
    found: list[str] = []
    for record in runs.phases(run):
        if record.is_finished:
            continue
        last = {each.agent: each.outcome for each in runs.attempts(run, record.number)}
        for number, agent in enumerate(record.agents):
            outcome = last.get(number)
            if number in last and not agent.repeatable and (outcome is None or outcome.status != "succeeded"):
                found.append(f"{record.id}/{agent.key}")
    return tuple(found)
