"""Give a constructed plugin what it needs before it is initialised: context, logger, console, settings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, ManifestError, PluginFailed, RefusedError, SystemProblem
from localagent.host.belonging import cancel_tasks
from localagent.host.granting import grant_of
from localagent.plugins.base import Plugin
from localagent.plugins.config_schema import read_schema, schema_beside

if TYPE_CHECKING:
    from localagent.errors import LocalAgentError
    from localagent.host.context import HostContext
    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.ledger import Ledger
    from localagent.host.spec import PluginSpec
    from localagent.services.reading import Reading
    from localagent.services.secrets import Grant
    from localagent.services.settings import Settings


def prepare(
    plugin: Plugin, spec: PluginSpec, host: Host, guard: Guard, ledger: Ledger, settings: Settings | None = None
) -> HostContext:
    """Set the plugin's context, logger, console, message bus and data folder.

    Args:
        plugin: the plugin, which was constructed.
        spec: what is known of it.
        host: the host it is to live in.
        guard: calls its code.
        ledger: where its registrations are written down.
        settings: what is told of its schema, and what it sees; None means the host's own.

    Raises:
        PluginFailed: the plugin's schema cannot be had, or the plugin refuses one of the attributes.
    """
    (settings or host.settings).declare_schema(guard.plugin, _schema_of(plugin, spec, guard))
    ledger.record(lambda: cancel_tasks(guard))
    context = host.context_for(guard, ledger, _grant(spec, host))
    if settings is not None:
        context.config.look_at(settings)
    guard.call("prepare", _assign, plugin, context)
    return context


def apply_settings(plugin: Plugin, spec: PluginSpec, context: HostContext, settings: Settings) -> None:
    """Read, check and hand over the plugin's settings.

    Raises:
        PluginFailed: at the step ``settings``: a value breaks the schema, or a required one is missing; at the step
            ``variables``: one that a variable or the command line gives does, or a reference leads to no value.
    """
    judgement = settings.judge(spec.name)
    reading = judgement.reading
    try:
        if reading is not None:
            _require_all(spec, reading)
            _tell_hints(reading)
        if judgement.problem is not None:
            raise judgement.problem
    except (ConfigError, ManifestError) as error:
        is_of_this_run = any(finding.is_of_this_run for finding in judgement.findings)
        raise _refusal(spec, "variables" if is_of_this_run else "settings", error) from error
    try:
        context.config.hand_to(plugin)
    except ConfigError as error:
        raise _refusal(spec, "variables", error) from error
    except (ManifestError, RefusedError, SystemProblem) as error:
        raise _refusal(spec, "settings", error) from error


def _require_all(spec: PluginSpec, reading: Reading) -> None:
    missing = missing_settings(spec, reading.layered.values)
    if missing:
        fix = "; ".join(f"localagent config set plugins.{spec.name}.config.{key} VALUE" for key in missing)
        raise ConfigError(f"required settings are missing: {', '.join(missing)}", fix=fix)


def _grant(spec: PluginSpec, host: Host) -> Grant:
    """The secrets the plugin may have; while plugins are developed, the others are warned of."""
    warn = host.logs.logger_for(spec.name).warning
    return grant_of(spec, developing=host.situation.development.enabled, warn=warn)


def _tell_hints(reading: Reading) -> None:
    """Say which variables may be misspelt."""
    for hint in reading.hints:
        logging.getLogger("localagent.settings").warning("%s", hint)


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


def _refusal(spec: PluginSpec, step: str, error: LocalAgentError) -> PluginFailed:
    message = f"settings: {error.message}"
    refusal = PluginFailed(message, plugin=spec.name, step=step, file=error.file, line=error.line, fix=error.fix)
    refusal.column = error.column
    return refusal
