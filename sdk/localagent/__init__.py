"""LocalAgent: a host for plugins, and the contracts plugins fulfil.

Every public name is here, looked up when it is first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from localagent.version import __version__

# Not `from typing import TYPE_CHECKING`: that import alone costs as much as the rest of this module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from localagent.diagnostics.diagnostic import Diagnostic as Diagnostic
    from localagent.diagnostics.diagnostic import Severity as Severity
    from localagent.errors import AuthenticationFailed as AuthenticationFailed
    from localagent.errors import BadResponse as BadResponse
    from localagent.errors import BusClosed as BusClosed
    from localagent.errors import ConfigError as ConfigError
    from localagent.errors import ConnectionFailed as ConnectionFailed
    from localagent.errors import ContextTooLong as ContextTooLong
    from localagent.errors import InvalidTopic as InvalidTopic
    from localagent.errors import LocalAgentError as LocalAgentError
    from localagent.errors import ManifestError as ManifestError
    from localagent.errors import MessageError as MessageError
    from localagent.errors import NoResponder as NoResponder
    from localagent.errors import NotReadyInTime as NotReadyInTime
    from localagent.errors import PluginError as PluginError
    from localagent.errors import PluginFailed as PluginFailed
    from localagent.errors import PluginNotAvailable as PluginNotAvailable
    from localagent.errors import PluginNotReady as PluginNotReady
    from localagent.errors import PluginReloaded as PluginReloaded
    from localagent.errors import ProviderError as ProviderError
    from localagent.errors import ProviderTimeout as ProviderTimeout
    from localagent.errors import RateLimited as RateLimited
    from localagent.errors import RefusedError as RefusedError
    from localagent.errors import RemoteError as RemoteError
    from localagent.errors import RequestCancelled as RequestCancelled
    from localagent.errors import RequestTimeout as RequestTimeout
    from localagent.errors import RetryableError as RetryableError
    from localagent.errors import StalePluginError as StalePluginError
    from localagent.errors import StreamCut as StreamCut
    from localagent.errors import TooManyHops as TooManyHops
    from localagent.errors import UnfitData as UnfitData
    from localagent.errors import UnsendableData as UnsendableData
    from localagent.errors import ValidationError as ValidationError
    from localagent.errors import WouldDeadlock as WouldDeadlock
    from localagent.errors import WrongLoop as WrongLoop
    from localagent.features.communicating import CommunicatingPlugin as CommunicatingPlugin
    from localagent.features.concurrency import gather_bounded as gather_bounded
    from localagent.features.concurrency import work_through as work_through
    from localagent.features.configurable import ConfigurablePlugin as ConfigurablePlugin
    from localagent.features.enhanced import EnhancedCommandPlugin as EnhancedCommandPlugin
    from localagent.features.lifecycle_aware import LifecycleAwarePlugin as LifecycleAwarePlugin
    from localagent.features.observable import ObservablePlugin as ObservablePlugin
    from localagent.features.paths import path_within as path_within
    from localagent.features.persistent import PersistentPlugin as PersistentPlugin
    from localagent.features.retrying import retry as retry
    from localagent.host.host import Host as Host
    from localagent.host.lifecycle import LifecycleManager as LifecycleManager
    from localagent.host.manager import PluginManager as PluginManager
    from localagent.host.situation import HostOptions as HostOptions
    from localagent.plugins.base import Plugin as Plugin
    from localagent.plugins.context import PluginContext as PluginContext
    from localagent.plugins.kinds import CommandPlugin as CommandPlugin
    from localagent.plugins.kinds import ProviderPlugin as ProviderPlugin
    from localagent.plugins.kinds import UIPlugin as UIPlugin
    from localagent.plugins.kinds import WorkflowPlugin as WorkflowPlugin
    from localagent.plugins.markup import Markup as Markup
    from localagent.plugins.messages import MessageType as MessageType
    from localagent.plugins.messages import PluginMessage as PluginMessage
    from localagent.plugins.provider import BaseProvider as BaseProvider
    from localagent.plugins.provider import CompletionRequest as CompletionRequest
    from localagent.plugins.provider import CompletionResponse as CompletionResponse
    from localagent.plugins.provider import StreamChunk as StreamChunk
    from localagent.plugins.stages import PluginLifecycleStage as PluginLifecycleStage
    from localagent.plugins.workflow_status import WorkflowStatus as WorkflowStatus
    from localagent.services.bus import PluginMessageBus as PluginMessageBus
    from localagent.services.correlation import correlation_id as correlation_id

_NAMES_BY_HOME = {
    "localagent.diagnostics.diagnostic": ("Diagnostic", "Severity"),
    "localagent.errors": (
        "AuthenticationFailed",
        "BadResponse",
        "BusClosed",
        "ConfigError",
        "ConnectionFailed",
        "ContextTooLong",
        "InvalidTopic",
        "LocalAgentError",
        "ManifestError",
        "MessageError",
        "NoResponder",
        "NotReadyInTime",
        "PluginError",
        "PluginFailed",
        "PluginNotAvailable",
        "PluginNotReady",
        "PluginReloaded",
        "ProviderError",
        "ProviderTimeout",
        "RateLimited",
        "RefusedError",
        "RemoteError",
        "RequestCancelled",
        "RequestTimeout",
        "RetryableError",
        "StalePluginError",
        "StreamCut",
        "TooManyHops",
        "UnfitData",
        "UnsendableData",
        "ValidationError",
        "WouldDeadlock",
        "WrongLoop",
    ),
    "localagent.features.communicating": ("CommunicatingPlugin",),
    "localagent.features.concurrency": ("gather_bounded", "work_through"),
    "localagent.features.configurable": ("ConfigurablePlugin",),
    "localagent.features.enhanced": ("EnhancedCommandPlugin",),
    "localagent.features.lifecycle_aware": ("LifecycleAwarePlugin",),
    "localagent.features.observable": ("ObservablePlugin",),
    "localagent.features.paths": ("path_within",),
    "localagent.features.persistent": ("PersistentPlugin",),
    "localagent.features.retrying": ("retry",),
    "localagent.host.host": ("Host",),
    "localagent.host.lifecycle": ("LifecycleManager",),
    "localagent.host.manager": ("PluginManager",),
    "localagent.host.situation": ("HostOptions",),
    "localagent.plugins.base": ("Plugin",),
    "localagent.plugins.context": ("PluginContext",),
    "localagent.plugins.kinds": ("CommandPlugin", "ProviderPlugin", "UIPlugin", "WorkflowPlugin"),
    "localagent.plugins.markup": ("Markup",),
    "localagent.plugins.messages": ("MessageType", "PluginMessage"),
    "localagent.plugins.provider": ("BaseProvider", "CompletionRequest", "CompletionResponse", "StreamChunk"),
    "localagent.plugins.stages": ("PluginLifecycleStage",),
    "localagent.plugins.workflow_status": ("WorkflowStatus",),
    "localagent.services.correlation": ("correlation_id",),
    "localagent.services.bus": ("PluginMessageBus",),
}
_HOMES = {name: home for home, names in _NAMES_BY_HOME.items() for name in names}

__all__ = [
    "AuthenticationFailed",
    "BadResponse",
    "BaseProvider",
    "BusClosed",
    "CommandPlugin",
    "CommunicatingPlugin",
    "CompletionRequest",
    "CompletionResponse",
    "ConfigError",
    "ConfigurablePlugin",
    "ConnectionFailed",
    "ContextTooLong",
    "Diagnostic",
    "EnhancedCommandPlugin",
    "Host",
    "HostOptions",
    "InvalidTopic",
    "LifecycleAwarePlugin",
    "LifecycleManager",
    "LocalAgentError",
    "ManifestError",
    "Markup",
    "MessageError",
    "MessageType",
    "NoResponder",
    "NotReadyInTime",
    "ObservablePlugin",
    "PersistentPlugin",
    "Plugin",
    "PluginContext",
    "PluginError",
    "PluginFailed",
    "PluginLifecycleStage",
    "PluginManager",
    "PluginMessage",
    "PluginMessageBus",
    "PluginNotAvailable",
    "PluginNotReady",
    "PluginReloaded",
    "ProviderError",
    "ProviderPlugin",
    "ProviderTimeout",
    "RateLimited",
    "RefusedError",
    "RemoteError",
    "RequestCancelled",
    "RequestTimeout",
    "RetryableError",
    "Severity",
    "StalePluginError",
    "StreamChunk",
    "StreamCut",
    "TooManyHops",
    "UIPlugin",
    "UnfitData",
    "UnsendableData",
    "ValidationError",
    "WorkflowPlugin",
    "WorkflowStatus",
    "WouldDeadlock",
    "WrongLoop",
    "__version__",
    "correlation_id",
    "gather_bounded",
    "path_within",
    "retry",
    "work_through",
]

# Hidden from type checkers: with it they would take any misspelt name for Any.
if not TYPE_CHECKING:

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module 'localagent' has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value

    def __dir__():
        return __all__
