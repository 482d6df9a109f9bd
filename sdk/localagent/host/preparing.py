"""Give a constructed plugin what it needs before it is initialised: context, logger, console, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, ManifestError, PluginFailed
from localagent.host.belonging import cancel_tasks
from localagent.host.context import HostContext
from localagent.plugins.base import Plugin
from localagent.plugins.config_schema import read_schema, schema_beside, schema_violations

if TYPE_CHECKING:
    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.ledger import Ledger
    from localagent.host.spec import PluginSpec


def prepare(plugin: Plugin, spec: PluginSpec, host: Host, guard: Guard, ledger: Ledger) -> HostContext:
    """Set the plugin's context, logger, console, message bus and data folder.

    Raises:
        PluginFailed: the plugin's schema cannot be had, or the plugin refuses one of the attributes.
    """
    host.settings.declare_schema(guard.plugin, _schema_of(plugin, spec, guard))
    ledger.record(lambda: cancel_tasks(guard))
    context = HostContext(host, guard, ledger)
    guard.call("prepare", _assign, plugin, context)
    return context


def apply_settings(plugin: Plugin, spec: PluginSpec, host: Host, guard: Guard) -> None:
    """Merge, check and hand over the plugin's settings.

    Raises:
        PluginFailed: at the step ``settings``: a value breaks the schema, or a required one is missing.
    """
    try:
        settings = host.settings.merged(guard.plugin)
    except (ConfigError, ManifestError) as error:
        raise _refusal(spec, error.message, error.fix, place=error.place) from error
    missing = missing_settings(spec, settings)
    if missing:
        fix = "; ".join(f"localagent config set plugins.{spec.name}.config.{key} VALUE" for key in missing)
        raise _refusal(spec, f"required settings are missing: {', '.join(missing)}", fix)
    violations = schema_violations(settings, host.settings.schema_of(guard.plugin))
    if violations:
        raise _refusal(spec, "; ".join(violations), f"localagent config show {spec.name}")
    guard.call("prepare", setattr, plugin, "config", settings)


def _schema_of(plugin: Plugin, spec: PluginSpec, guard: Guard) -> dict[str, Any] | None:
    """The schema of the plugin's settings; where the class leaves that to the manifest, it is not read again."""
    step = "settings schema"
    own = getattr(plugin.get_config_schema, "__func__", None)
    if own is not Plugin.get_config_schema or spec.manifest_file is None:
        return guard.call(step, plugin.get_config_schema)
    file = spec.schema_file or schema_beside(spec.manifest_file.parent)
    return guard.call(step, read_schema, file) if file is not None else None


def missing_settings(spec: PluginSpec, settings: dict[str, Any]) -> list[str]:
    """The settings the manifest requires that nobody set, in its order."""
    return [key for key in spec.required_settings if settings.get(key) in (None, "")]


def _assign(plugin: Plugin, context: HostContext) -> None:
    plugin.context = context
    plugin.logger = context.logger
    plugin.message_bus = context.message_bus
    # Rich costs as much as all the rest of the start; a plugin that never looks at its console does not pay for it.
    if "console" not in vars(type(plugin)):
        plugin.console = LazyConsole(context)


class LazyConsole:
    """Stands for a Rich console that is made when it is first used."""

    def __init__(self, context: HostContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context.console, name)


def _refusal(spec: PluginSpec, message: str, fix: str | None, *, place: str = "") -> PluginFailed:
    return PluginFailed(f"settings: {message}", plugin=spec.name, step="settings", file=place or None, fix=fix)
