"""Ready-made classes together, in every order, and with every kind of plugin."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from localagent import (
    CommandPlugin,
    CommunicatingPlugin,
    ConfigurablePlugin,
    EnhancedCommandPlugin,
    LifecycleAwarePlugin,
    ObservablePlugin,
    PersistentPlugin,
    Plugin,
    ProviderPlugin,
    UIPlugin,
    WorkflowPlugin,
)
from localagent.features.enhanced import EnhancedPlugin

pytestmark = pytest.mark.asyncio

READY_MADE: list[type[EnhancedPlugin]] = [
    CommunicatingPlugin,
    ConfigurablePlugin,
    EnhancedCommandPlugin,
    LifecycleAwarePlugin,
    ObservablePlugin,
    PersistentPlugin,
]
PAIRS = [*itertools.permutations(READY_MADE, 2)]
KINDS = [CommandPlugin, ProviderPlugin, UIPlugin, WorkflowPlugin]
MEMBERS: dict[str, Any] = {
    "name": "my-plugin",
    "register_commands": lambda self, app: None,
    "get_provider_class": lambda self: None,
    "get_ui_components": lambda self: {},
    "get_workflow_components": lambda self: {},
}


def combined(*bases: type, **members: Any) -> Any:
    return type("Combined", bases, MEMBERS | members)()


def names(bases: Any) -> str:
    return "-".join(base.__name__ for base in bases)


def does_its_part(plugin: Any, context: Any) -> set[type]:
    """Which of the classes have left their trace."""
    hooks = [hook for each in context.lifecycle_manager.hooks.values() for hook in each]
    return {
        *([CommunicatingPlugin] if plugin.name in context.message_bus.direct_handlers else []),
        *([LifecycleAwarePlugin] if hooks else []),
        *([PersistentPlugin] if plugin.data_dir else []),
    }


@pytest.mark.parametrize("bases", [*PAIRS, tuple(READY_MADE), tuple(reversed(READY_MADE))], ids=names)
async def test_any_of_them_go_together_in_any_order(context: Any, bases: tuple[type, ...]) -> None:
    plugin = combined(*bases)
    assert await plugin.initialize(context)
    assert does_its_part(plugin, context) == {*bases} & {CommunicatingPlugin, LifecycleAwarePlugin, PersistentPlugin}
    assert isinstance(plugin, CommandPlugin)
    if isinstance(plugin, PersistentPlugin):
        plugin.cache["by hand"] = {"value": 1}
    await plugin.cleanup()
    assert context.storage.keys() == (["by hand"] if isinstance(plugin, PersistentPlugin) else [])


@pytest.mark.parametrize("bases", PAIRS, ids=names)
async def test_not_ready_stays_not_ready(context: Any, bases: tuple[type, ...]) -> None:
    async def no(self: Any) -> bool:
        return False

    plugin = combined(*bases, validate_config=no)
    assert await plugin.initialize(context) is False
    assert does_its_part(plugin, context) == set()
    await plugin.cleanup()


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_base_of_the_authors_own_may_say_no(context: Any, place: int) -> None:
    class Refusing(Plugin):
        async def initialize(self, context: Any) -> bool:
            await super().initialize(context)
            return False

    bases: list[type] = [PersistentPlugin, CommunicatingPlugin]
    bases.insert(place, Refusing)
    assert await combined(*bases).initialize(context) is False


@pytest.mark.parametrize("bases", PAIRS, ids=names)
async def test_a_constructor_of_the_authors_own_need_not_call_ours(context: Any, bases: tuple[type, ...]) -> None:
    def construct(self: Any) -> None:
        self.data_dir = None
        self.cache = {}
        self.config_watchers = []
        self.progress = None

    assert await combined(*bases, __init__=construct).initialize(context)


@pytest.mark.parametrize("ready_made", [base for base in READY_MADE if base is not EnhancedCommandPlugin])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_first", [True, False])
async def test_they_go_with_every_kind_of_plugin(context: Any, ready_made: type, kind: type, *, is_first: bool) -> None:
    plugin = combined(ready_made, kind) if is_first else combined(kind, ready_made)
    assert await plugin.initialize(context)
    assert isinstance(plugin, kind)


@pytest.mark.parametrize("ready_made", [base for base in READY_MADE if base is not EnhancedCommandPlugin])
async def test_what_registers_commands_is_a_command_plugin(ready_made: type) -> None:
    assert not issubclass(ready_made, CommandPlugin)
    assert issubclass(type("Own", (ready_made,), {"register_commands": MEMBERS["register_commands"]}), CommandPlugin)
    assert not issubclass(type("Other", (), {"register_commands": MEMBERS["register_commands"]}), CommandPlugin)
