"""The testing kit: LocalAgent's pytest plugin, a framework for plugins' tests, and the rules that run a plugin.

Importing the package makes the import paths of the plugin development guide work. Every public name is here, looked up
when it is first used, since pytest imports the package at each start.
"""

from __future__ import annotations

from localagent import guide_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localagent_testing.conformance.suites import CommandConformance as CommandConformance
    from localagent_testing.conformance.suites import PluginConformance as PluginConformance
    from localagent_testing.conformance.suites import ProviderConformance as ProviderConformance
    from localagent_testing.conformance.suites import UIConformance as UIConformance
    from localagent_testing.conformance.suites import WorkflowConformance as WorkflowConformance
    from localagent_testing.fakes.bus import RecordingBus as RecordingBus
    from localagent_testing.fakes.bus import Sent as Sent
    from localagent_testing.fakes.clock import FakeClock as FakeClock
    from localagent_testing.fakes.console import RecordingConsole as RecordingConsole
    from localagent_testing.fakes.provider import CutStream as CutStream
    from localagent_testing.fakes.provider import FakeProvider as FakeProvider
    from localagent_testing.framework import PluginTestFramework as PluginTestFramework
    from localagent_testing.integration import PluginIntegrationTestSuite as PluginIntegrationTestSuite
    from localagent_testing.performance import PluginPerformanceTester as PluginPerformanceTester
    from localagent_testing.recording import Call as Call
    from localagent_testing.recording import RecordingContext as RecordingContext

_HOMES = {
    "Call": "localagent_testing.recording",
    "CommandConformance": "localagent_testing.conformance.suites",
    "CutStream": "localagent_testing.fakes.provider",
    "FakeClock": "localagent_testing.fakes.clock",
    "FakeProvider": "localagent_testing.fakes.provider",
    "PluginConformance": "localagent_testing.conformance.suites",
    "PluginIntegrationTestSuite": "localagent_testing.integration",
    "PluginPerformanceTester": "localagent_testing.performance",
    "PluginTestFramework": "localagent_testing.framework",
    "ProviderConformance": "localagent_testing.conformance.suites",
    "RecordingBus": "localagent_testing.fakes.bus",
    "RecordingConsole": "localagent_testing.fakes.console",
    "RecordingContext": "localagent_testing.recording",
    "Sent": "localagent_testing.fakes.bus",
    "UIConformance": "localagent_testing.conformance.suites",
    "WorkflowConformance": "localagent_testing.conformance.suites",
}
__all__ = [
    "Call",
    "CommandConformance",
    "CutStream",
    "FakeClock",
    "FakeProvider",
    "PluginConformance",
    "PluginIntegrationTestSuite",
    "PluginPerformanceTester",
    "PluginTestFramework",
    "ProviderConformance",
    "RecordingBus",
    "RecordingConsole",
    "RecordingContext",
    "Sent",
    "UIConformance",
    "WorkflowConformance",
]

guide_names.install()

# Hidden from type checkers: with it they would take any misspelt name for Any.
if not TYPE_CHECKING:

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module 'localagent_testing' has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value

    def __dir__():
        return __all__
