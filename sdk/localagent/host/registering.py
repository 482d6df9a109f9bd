"""Take what a plugin offers: commands, a provider, components, workflow parts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.errors import PluginError, PluginFailed
from localagent.host.places import NOWHERE, code_line
from localagent.host.spec import CommandHelp
from localagent.manifest.plain import is_mapping
from localagent.plugins.kinds import CommandPlugin, ProviderPlugin, UIPlugin, WorkflowPlugin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typer.core import TyperGroup

    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.ledger import Ledger
    from localagent.host.places import Place
    from localagent.plugins.base import Plugin


class Registration(NamedTuple):
    """What one plugin registered.

    Attributes:
        group: its commands as Typer made them, None if it is no command plugin.
        is_provider: whether it offers a provider, which has its name.
        components: names of its terminal components.
        parts: names of its workflow parts.
    """

    group: TyperGroup | None = None
    is_provider: bool = False
    components: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def commands(self) -> tuple[CommandHelp, ...]:
        """The commands with the first line of their help; hidden ones are left out."""
        if self.group is None:
            return ()
        return tuple(
            CommandHelp(name, command.get_short_help_str(limit=120))
            for name, command in self.group.commands.items()
            if not command.hidden
        )


def register(plugin: Plugin, host: Host, guard: Guard, ledger: Ledger) -> Registration:
    """Let the plugin register, by its kind; a plugin may be of several.

    Raises:
        PluginFailed: the plugin raised, gave the wrong type, or wants a name that another plugin has.
    """
    try:
        return Registration(
            _commands(plugin, guard) if isinstance(plugin, CommandPlugin) else None,
            isinstance(plugin, ProviderPlugin) and _provider(plugin, host, guard, ledger),
            tuple(_components(plugin, host, guard, ledger)) if isinstance(plugin, UIPlugin) else (),
            tuple(_parts(plugin, host, guard, ledger)) if isinstance(plugin, WorkflowPlugin) else (),
        )
    except PluginFailed:
        raise
    except PluginError as error:
        raise _wrong(guard, error.message) from error


def _commands(plugin: CommandPlugin, guard: Guard) -> TyperGroup:
    """The plugin's commands; Typer reads their signatures here, so a parameter it refuses is the plugin's failure."""
    import typer
    from typer.main import get_group

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    guard.call("register", plugin.register_commands, app)
    return guard.call("register", get_group, app)


def _provider(plugin: ProviderPlugin, host: Host, guard: Guard, ledger: Ledger) -> bool:
    """Enter the plugin's provider; gives that there is one."""
    from localagent.plugins.provider import BaseProvider
    from localagent.providers.instances import ProviderOffer

    provider_class: Any = guard.call("register", plugin.get_provider_class)
    if not (isinstance(provider_class, type) and issubclass(provider_class, BaseProvider)):
        raise _wrong(guard, "get_provider_class() gave no subclass of BaseProvider")
    schema = guard.call("register", plugin.get_provider_config_schema)
    offer = ProviderOffer(provider_class, dict(_mapping(guard, "get_provider_config_schema()", schema)), guard)
    ledger.enter(lambda: host.provider_manager.offer(guard.plugin, offer, plugin=guard.plugin))
    return True


def _components(plugin: UIPlugin, host: Host, guard: Guard, ledger: Ledger) -> Iterator[str]:
    """Enter the terminal components; each name is recorded for undoing before the next is looked at."""
    from localagent.host.owned_ui import component_of

    gave = guard.call("register", plugin.get_ui_components)
    for name, component in _mapping(guard, "get_ui_components()", gave).items():
        made = component_of(name, component, guard)
        if made is None:
            message = f"get_ui_components() gave '{name}', which is no name of a component that can be called"
            raise _wrong(guard, message, code_line(plugin.get_ui_components))
        ledger.enter(partial(host.ui.offer, made))
        yield made.name


def _parts(plugin: WorkflowPlugin, host: Host, guard: Guard, ledger: Ledger) -> Iterator[str]:
    """Enter the parts of workflows, as `_components` does."""
    from localagent.workflows.manager import PARTS

    parts = guard.call("register", plugin.get_workflow_components)
    for part, components in _mapping(guard, "get_workflow_components()", parts).items():
        if part not in PARTS:
            raise _wrong(guard, f"get_workflow_components() gave '{part}', expected one of {', '.join(PARTS)}")
        for name, component in _mapping(guard, part, components).items():
            offer = host.workflow_manager.offer
            ledger.enter(partial(offer, part, name, component, caller=guard, version=guard.version))
            yield name


def _mapping(guard: Guard, what: str, value: Any) -> Mapping[str, Any]:
    if is_mapping(value):
        return value
    raise _wrong(guard, f"{what} gave {type(value).__name__!r}, expected a dict")


def _wrong(guard: Guard, message: str, place: Place = NOWHERE) -> PluginFailed:
    file, line = place
    where = file or guard.root
    return PluginFailed(f"register: {message}", plugin=guard.plugin, step="register", file=where, line=line)
