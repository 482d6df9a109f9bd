"""Which stage each plugin is in, and who wants to know when it changes."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import HandlerPaused, IllegalTransition, PluginError, PluginFailed
from localagent.host.guard import Guard
from localagent.host.pausing import pausable
from localagent.manifest.wording import did_you_mean, shown
from localagent.plugins.stages import LEGAL_TRANSITIONS, PluginLifecycleStage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    Hook = Callable[[str, PluginLifecycleStage, PluginLifecycleStage, dict[str, Any]], Any]

_log = logging.getLogger("localagent.lifecycle")
_HOSTS_OWN = Guard("host")
_BETWEEN_LIVES = (
    PluginLifecycleStage.CLEANING_UP,
    PluginLifecycleStage.UNLOADED,
    PluginLifecycleStage.LOADING,
    PluginLifecycleStage.INITIALIZING,
)


@dataclass(slots=True, eq=False, repr=False)
class _Added:
    """A hook, and how it is called."""

    hook: Hook
    call: Callable[..., Coroutine[Any, Any, Any]]


class LifecycleManager:
    """Moves plugins along the graph of stages and calls the hooks of the stage entered."""

    def __init__(self) -> None:
        self._hooks: dict[PluginLifecycleStage, list[_Added]] = {stage: [] for stage in PluginLifecycleStage}
        self._states: dict[str, PluginLifecycleStage] = {}

    @property
    def hooks(self) -> Mapping[PluginLifecycleStage, tuple[Hook, ...]]:
        """The hooks of each stage, as a copy."""
        return {stage: tuple(added.hook for added in hooks) for stage, hooks in self._hooks.items()}

    @property
    def has_hooks(self) -> bool:
        """Whether anybody wants to know of any stage."""
        return any(self._hooks.values())

    @property
    def plugin_states(self) -> Mapping[str, PluginLifecycleStage]:
        """The stage of each plugin, as a copy."""
        return dict(self._states)

    def add_hook(self, stage: PluginLifecycleStage, callback: Hook, *, guard: Guard = _HOSTS_OWN) -> Callable[[], None]:
        """Call `callback` (sync or async) whenever a plugin enters `stage`; returns the function that ends it.

        Args:
            stage: the stage, or anything of that value, such as a member of an author's own enumeration.
            callback: called with plugin name, the stage it left, the one it entered, and a dict of what is known.
            guard: of the plugin whose hook it is.

        Raises:
            PluginError: there is no such stage.
        """
        meant = stage_meant(stage)
        hooks = self._hooks[meant]
        added = _Added(callback, pausable(guard, f"{meant.value} hook", callback))
        hooks.append(added)
        return lambda: hooks.remove(added) if added in hooks else None

    def stage_of(self, plugin_name: str) -> PluginLifecycleStage:
        """The stage a plugin is in; one never seen is discovered."""
        return self._states.get(plugin_name, PluginLifecycleStage.DISCOVERED)

    async def transition_plugin(
        self,
        plugin_name: str,
        from_stage: PluginLifecycleStage,
        to_stage: PluginLifecycleStage,
        context: dict[str, Any] | None = None,
    ) -> None:
        """Move a plugin to another stage, then tell that stage's hooks; a hook's failure is logged and stays its own.

        Raises:
            IllegalTransition: the plugin is not in `from_stage`, or no such step exists; nothing changed.
        """
        present = self.stage_of(plugin_name)
        if present is not from_stage or to_stage not in LEGAL_TRANSITIONS[from_stage]:
            raise IllegalTransition(
                f"'{plugin_name}' is {present.value}: {from_stage.value} -> {to_stage.value} is no legal step",
                plugin=plugin_name,
            )
        self._states[plugin_name] = to_stage
        await self._tell(plugin_name, from_stage, to_stage, context or {})

    async def tell_new_life(self, plugin_name: str) -> None:
        """Tell hooks the stages from one life to the next; as that began beside the other, the plugin stayed ready."""
        stages = (PluginLifecycleStage.READY, *_BETWEEN_LIVES, PluginLifecycleStage.READY)
        for from_stage, to_stage in itertools.pairwise(stages):
            await self._tell(plugin_name, from_stage, to_stage, {})

    async def _tell(
        self,
        plugin_name: str,
        from_stage: PluginLifecycleStage,
        to_stage: PluginLifecycleStage,
        context: dict[str, Any],
    ) -> None:
        for added in tuple(self._hooks[to_stage]):
            try:
                await added.call(plugin_name, from_stage, to_stage, context)
            except HandlerPaused as paused:
                _log.debug("%s: %s", paused.place, paused.message)
            except PluginFailed as failure:
                _log.error("%s: %s", failure.place, failure.message)


def stage_meant(stage: object) -> PluginLifecycleStage:
    """The stage that `stage`, or anything of its value, means.

    Raises:
        PluginError: there is no such stage.
    """
    value = getattr(stage, "value", stage)
    try:
        return PluginLifecycleStage(value)
    except ValueError:
        stages = [each.value for each in PluginLifecycleStage]
        hint = did_you_mean(str(value), stages) or f"the stages are {', '.join(stages)}"
        raise PluginError(f"there is no stage '{shown(str(value))}' in a plugin's life", fix=hint) from None
