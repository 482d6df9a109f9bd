"""Make the next lives of plugins, of which nobody sees anything yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localagent.errors import PluginFailed, PluginNotAvailable
from localagent.host.costs import Meter
from localagent.host.dependencies import requirement_of, unmet
from localagent.host.ledger import Ledger
from localagent.host.loaded import LoadedPlugin
from localagent.host.loading import Traces, dependencies_of, load
from localagent.host.preparing import apply_settings, prepare
from localagent.host.registering import register
from localagent.host.reloading.outcome import PLAN, STATE, refused
from localagent.host.starting import initialise
from localagent.services.bus.travel import rehearsing
from localagent.services.correlation import Speaker, speaker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from localagent.host.dependencies import Requirement
    from localagent.host.host import Host
    from localagent.host.reloading.plan import Plan
    from localagent.host.spec import PluginSpec

    Require = Callable[[str], Awaitable[None]]

_STATE_WITHIN = 2.0
"""Seconds that a plugin has to hand its state out, and as many to take it in."""


class Staging:
    """The next lives of one plan.

    Args:
        plan: the plan.
        host: the host.
        require: makes a plugin ready that no life of the group has needed before.

    Attributes:
        settings: what the new schemas make of the user's settings.
        ready: the lives that are ready to be shown, by name, in the order they became so.
        state_kept: names of the plugins whose state was handed over.
        warnings: what went wrong beside.
    """

    def __init__(self, plan: Plan, host: Host, require: Require) -> None:
        self.settings = host.settings.beside()
        self.ready: dict[str, LoadedPlugin] = {}
        self.state_kept: list[str] = []
        self.warnings: list[str] = []
        self._plan = plan
        self._host = host
        self._require = require
        self._entered: list[LoadedPlugin] = []
        self._chain: list[str] = []

    async def make_all(self) -> None:
        """Make the next life of each plugin of the plan.

        Raises:
            PluginNotAvailable: one cannot be had; `drop` then leaves nothing of any.
        """
        token = rehearsing.set(True)
        spoken = speaker.get()
        try:
            for name in self._plan.specs:
                await self._make(name)
        finally:
            rehearsing.reset(token)
            speaker.set(spoken)

    async def drop(self) -> None:
        """Let go of what was made, the last first."""
        for each in reversed(self._entered):
            try:
                await each.guard.call_async("cleanup", each.plugin.cleanup, limit=self._host.situation.budgets.cleanup)
            except PluginFailed as failure:
                self.warnings.append(failure.message)
            self._leave_nothing_of(each)
        self._entered.clear()
        self.ready.clear()

    async def _make(self, name: str) -> None:
        if name in self.ready:
            return
        self._chain.append(name)
        spec = self._plan.specs[name]
        for requirement in (requirement_of(text, spec.manifest_file) for text in spec.requires):
            await self._provide(spec, requirement)
        life = self._import(spec)
        try:
            life.dependencies = dependencies_of(life.plugin, life.guard)
            texts = (*((text, spec.manifest_file) for text in spec.requires),)
            observed = (*((text, spec.module_file) for text in life.dependencies),)
            wanted = [requirement_of(text, file) for text, file in (*texts, *observed)]
            life.needs = frozenset([await self._provide(spec, requirement) for requirement in wanted])
            with life.meter.step("prepare"):
                life.context = prepare(life.plugin, spec, self._host, life.guard, life.ledger, self.settings)
                apply_settings(life.plugin, spec, life.context, self.settings)
        except PluginNotAvailable:
            self._leave_nothing_of(life)
            raise
        self._entered.append(life)
        speaker.set(Speaker(life.name, spec.version))
        with life.meter.step("initialise"):
            await initialise(life)
        with life.meter.step("register"):
            life.registration = register(life.plugin, self._host, life.guard, life.ledger)
        await self._hand_over(self._plan.old[name], life)
        self.ready[name] = life
        self._chain.pop()

    def _import(self, spec: PluginSpec) -> LoadedPlugin:
        guard, meter, traces = self._host.guard_for(spec), Meter(), Traces(spec)
        plugin = load(spec, guard, meter)
        traces.settle()
        return LoadedPlugin(spec, plugin, guard, traces, ledger=Ledger(staged=True), meter=meter)

    async def _provide(self, spec: PluginSpec, requirement: Requirement) -> str:
        """Have a plugin ready, or its next life where it is one of the group; gives its name.

        Raises:
            PluginNotAvailable: that cannot be.
        """
        found = self._plan.survey.spec_named(requirement.name)
        if found is None:
            problem = f"needs the plugin '{requirement.name}', which was not found"
        elif found.name in self._chain:
            circle = " -> ".join((*self._chain[self._chain.index(found.name) :], found.name))
            problem = f"needs plugins that depend on each other in a circle: {circle}"
        else:
            problem = unmet(requirement, found.version)
        if found is None or problem:
            raise refused(PLAN, f"'{spec.name}' {problem}", plugin=spec.name, file=requirement.file or None)
        await (self._make(found.name) if found.name in self._plan.specs else self._require(found.name))
        return found.name

    async def _hand_over(self, old: LoadedPlugin, new: LoadedPlugin) -> None:
        """Give the state of the old life to the new one, where the one gives it and the other takes it.

        An old life that cannot give its state is no reason to keep it: then nothing could ever mend it.

        Raises:
            PluginFailed: the new life cannot take it in.
        """
        give, take = getattr(old.plugin, "export_state", None), getattr(new.plugin, "import_state", None)
        if give is None or take is None or old.is_cleaned_up:
            return
        try:
            state = _as_json(old, await old.guard.call_async(STATE, give, limit=_STATE_WITHIN))
        except PluginFailed as failure:
            self.warnings.append(f"the state of '{old.name}' is lost: {failure.message}")
            return
        await new.guard.call_async(STATE, take, state, limit=_STATE_WITHIN)
        self.state_kept.append(new.name)

    def _leave_nothing_of(self, life: LoadedPlugin) -> None:
        life.ledger.undo_all()
        life.traces.erase()


def _as_json(old: LoadedPlugin, state: Any) -> Any:
    """The state as plain JSON values, so that nothing in it is an object of the old life.

    Raises:
        PluginFailed: it is no such values.
    """
    try:
        return json.loads(json.dumps(state, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise refused(STATE, f"export_state() gave no JSON values: {error}", plugin=old.name) from error
