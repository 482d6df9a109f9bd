"""Take what a plugin offers: commands, a provider, components, workflow parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.errors import PluginError, PluginFailed
from localagent.host.spec import CommandHelp
from localagent.manifest.plain import is_mapping
from localagent.plugins.kinds import CommandPlugin, ProviderPlugin, UIPlugin, WorkflowPlugin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typer.core import TyperGroup

    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.ledger import Ledger
    from localagent.plugins.base import Plugin


class Registration(NamedTuple):
    """What one plugin registered.

    Attributes:
        group: its commands as Typer made them, None if it is no command plugin.
        offers: names of its provider, components and workflow parts.
    """

    group: TyperGroup | None = None
    offers: tuple[str, ...] = ()

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
        group = _commands(plugin, guard) if isinstance(plugin, CommandPlugin) else None
        return Registration(group, tuple(_offers(plugin, host, guard, ledger)))
    except PluginFailed:
        raise
    except PluginError as error:
        raise PluginFailed(f"register: {error.message}", plugin=guard.plugin, step="register") from error


def _commands(plugin: CommandPlugin, guard: Guard) -> TyperGroup:
    """The plugin's commands; Typer reads their signatures here, so a parameter it refuses is the plugin's failure."""
    import typer
    from typer.main import get_group

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    guard.call("register", plugin.register_commands, app)
    return guard.call("register", get_group, app)


def _offers(plugin: Plugin, host: Host, guard: Guard, ledger: Ledger) -> Iterator[str]:
    """Enter everything but commands; each name is recorded for undoing before the next is looked at."""
    if isinstance(plugin, ProviderPlugin):
        from localagent.providers.manager import ProviderOffer

        provider_class = guard.call("register", plugin.get_provider_class)
        schema = guard.call("register", plugin.get_provider_config_schema)
        offer = ProviderOffer(provider_class, schema)
        ledger.record(host.provider_manager.offer(guard.plugin, offer, plugin=guard.plugin))
        yield guard.plugin
    if isinstance(plugin, UIPlugin):
        components = guard.call("register", plugin.get_ui_components)
        for name, component in _mapping(guard, "get_ui_components()", components).items():
            if not callable(component):
                raise _wrong(guard, f"the component '{name}' is not callable")
            ledger.record(host.ui.offer(name, component, plugin=guard.plugin))
            yield name
    if isinstance(plugin, WorkflowPlugin):
        parts = guard.call("register", plugin.get_workflow_components)
        yield from _workflow_parts(_mapping(guard, "get_workflow_components()", parts), host, guard, ledger)


def _workflow_parts(parts: Mapping[str, Any], host: Host, guard: Guard, ledger: Ledger) -> Iterator[str]:
    from localagent.workflows.manager import PARTS

    for part, components in parts.items():
        if part not in PARTS:
            raise _wrong(guard, f"get_workflow_components() gave '{part}', expected one of {', '.join(PARTS)}")
        for name, component in _mapping(guard, part, components).items():
            ledger.record(host.workflow_manager.offer(part, name, component, plugin=guard.plugin))
            yield name


def _mapping(guard: Guard, what: str, value: Any) -> Mapping[str, Any]:
    if is_mapping(value):
        return value
    raise _wrong(guard, f"{what} gave {type(value).__name__!r}, expected a dict")


def _wrong(guard: Guard, message: str) -> PluginFailed:
    return PluginFailed(f"register: {message}", plugin=guard.plugin, step="register", file=guard.root)
