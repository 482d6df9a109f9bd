"""The plugins of a worker process, for agents of workflows that another process drives."""

from __future__ import annotations

import asyncio
import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import PluginNotAvailable
from localagent.host.deadlines import Deadline, TimeLimit
from localagent.host.host import Host
from localagent.host.manager import PluginManager
from localagent.host.situation import HostOptions
from localagent.plugins.provider import CompletionRequest
from localagent.services.given import Given
from localagent.workflows.attempt import attempt, error_of
from localagent.workflows.executor import AgentError, come

if TYPE_CHECKING:
    from localagent.host.loaded import LoadedPlugin
    from localagent.host.situation import Situation
    from localagent.plugins.provider import CompletionResponse
    from localagent.plugins.workflow import Cancelled
    from localagent.workflows.executor import AgentCall, AgentOutcome


def installation_of(situation: Situation) -> str:
    """What `open_installation` needs to find the same plugins in another process of this machine."""
    options = situation.options
    return json.dumps(
        {
            "home": str(situation.home.path),
            "plugins": options.plugins,
            "only": sorted(options.only) if options.only is not None else None,
            "reserved": sorted(options.reserved),
            "extra": [str(folder) for folder in options.extra],
            "given": options.given,
        }
    )


async def open_installation(installation: str) -> WorkerInstallation:
    """Open a host over what `installation_of` told, or where that is empty over what this process is set to.

    Workers come and go, and who kills one is not looked for among the plugins: no journal is written.
    """
    options = _options(json.loads(installation)) if installation else HostOptions()
    host = Host.open(options._replace(journal=False))
    host.loop.adopt()
    return WorkerInstallation(PluginManager(host))


def _options(told: dict[str, Any]) -> HostOptions:
    return HostOptions(
        home=Path(told["home"]),
        plugins=told["plugins"],
        only=frozenset(told["only"]) if told["only"] is not None else None,
        reserved=frozenset(told["reserved"]),
        extra=tuple(map(Path, told["extra"])),
        given=tuple(Given(plugin, tuple(path), text) for plugin, path, text in told["given"]),
    )


class WorkerInstallation:
    """One host, whose plugins are loaded when the first of their agents is to run."""

    def __init__(self, manager: PluginManager) -> None:
        self._manager = manager
        self._host = manager.host
        self._loop = asyncio.get_running_loop()
        self._loading: dict[str, asyncio.Task[LoadedPlugin]] = {}

    @property
    def grace(self) -> float:
        """Seconds that an agent which was cancelled gets to let go."""
        return self._host.situation.budgets.grace

    async def prepare(self, call: AgentCall) -> AgentError | None:
        """Load the plugin of an attempt, on the loop that plugins live on; gives why the attempt cannot be run here."""
        try:
            loaded = await self._loaded(call.plugin)
        except PluginNotAvailable as error:
            return _refusal(f"the worker cannot load the plugin '{call.plugin}': {error.message}", error.place)
        if loaded.guard.version != call.version:
            has = loaded.guard.version or "no version"
            return _refusal(f"the worker has {has} of the plugin '{call.plugin}', the run wants {call.version}")
        offer = self._host.workflow_manager.agents.get(call.agent)
        if offer is None or offer.plugin != call.plugin:
            return _refusal(f"on the worker, the plugin '{call.plugin}' offers no agent '{call.agent}'")
        return None

    async def run_agent(self, call: AgentCall, cancelled: Cancelled) -> AgentOutcome:
        """Run an attempt that was prepared, on whatever loop."""
        outcome = attempt(
            call,
            self._host.workflow_manager.part("agents", call.agent),
            cancelled=cancelled,
            complete=functools.partial(self._complete, call.provider),
            with_traces=self._host.situation.development.detailed_traces,
        )
        return await come(outcome)

    def too_late(self, call: AgentCall, lines: tuple[tuple[str, int], ...]) -> AgentError:
        """What to tell of an attempt that is past its limit and runs at `lines`, the innermost first."""
        guard = self._loading[call.plugin].result().guard
        limit = TimeLimit(Deadline("execute", call.deadline or 0.0, guard.give_up), lines)
        return error_of(guard.failure("execute", limit), with_traces=False)

    async def close(self) -> None:
        """Let the plugins go."""
        await self._manager.close()

    async def _complete(self, provider: str | None, request: str | CompletionRequest) -> CompletionResponse:
        """Ask a provider of the worker's own, on the loop that it lives on."""
        asked = CompletionRequest(request) if isinstance(request, str) else request
        answer = self._host.provider_manager.complete(asked, provider=provider)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(answer, self._loop))

    async def _loaded(self, plugin: str) -> LoadedPlugin:
        """A plugin, whose failure to load is found out once, not by each of its agents.

        Raises:
            PluginNotAvailable: it cannot be had.
        """
        if plugin not in self._loading:
            self._loading[plugin] = asyncio.create_task(self._manager.require(plugin))
        return await asyncio.shield(self._loading[plugin])


def _refusal(message: str, place: str = "") -> AgentError:
    return AgentError(PluginNotAvailable.__name__, message, place)
