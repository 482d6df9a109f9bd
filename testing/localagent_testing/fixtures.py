"""The fixtures: a home for the test alone, a real host over it, and the plugin under test in it.

None is used unless a test asks for it, and what one needs is imported when it is made.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localagent.plugins.base import Plugin
    from localagent_cli.app import LocalAgentCLI
    from localagent_testing.audit.recorder import Recorder
    from localagent_testing.benchmark import PluginBenchmark
    from localagent_testing.fakes.bus import RecordingBus
    from localagent_testing.fakes.provider import FakeProvider
    from localagent_testing.fixtures_on_loop import LoopOfTest
    from localagent_testing.framework import PluginTestFramework
    from localagent_testing.recording import RecordingContext
    from localagent_testing.runner import PluginRunner
    from localagent_testing.trial import Trial
    from localagent_testing.under_test import UnderTest

UNDER_TEST: pytest.StashKey[UnderTest] = pytest.StashKey()
"""Where the run keeps which plugin it is about."""


@pytest.fixture
def localagent_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """LocalAgent's home for this test: an empty folder that ``LOCALAGENT_HOME`` names.

    Variables that steer the host, such as ``LOCALAGENT_DEV_MODE``, are unset; settings of plugins stay.
    """
    from localagent.host.variables import HOST_VARIABLES

    for name in HOST_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "localagent-home"
    home.mkdir()
    monkeypatch.setenv("LOCALAGENT_HOME", str(home))
    return home


@pytest.fixture
def plugin_settings() -> dict[str, Any]:
    """The settings of the plugin under test, beside its defaults: none. Override it to give some."""
    return {}


@pytest.fixture(scope="session")
def plugin_class(pytestconfig: pytest.Config) -> type[Plugin]:
    """The class of the plugin under test: that of ``--localagent-plugin``, else of the manifest in the root folder."""
    from localagent.errors import PluginFailed
    from localagent_testing.under_test import NotOne

    try:
        return pytestconfig.stash[UNDER_TEST].plugin_class
    except NotOne as reason:
        pytest.fail(str(reason), pytrace=False)
    except PluginFailed as failure:
        pytest.fail(f"{failure.place}: {failure.message}\nfix: {failure.fix}", pytrace=False)


@pytest.fixture
def plugin_host(
    request: pytest.FixtureRequest, localagent_home: Path, plugin_settings: dict[str, Any]
) -> Iterator[LocalAgentCLI]:
    """LocalAgent over the test's home, with the plugin under test in it, if there is one, and no other.

    In a test that is a coroutine it belongs to the test's event loop.
    """
    from localagent_testing.hosting import open_for_test

    specs = request.config.stash[UNDER_TEST].specs
    provider = "fake" if "fake_provider" in request.fixturenames else None
    cli = open_for_test(localagent_home, specs, plugin_settings, provider=provider)
    if not runs_on_loop(request):
        yield cli
        cli.close()
        return
    of_test: LoopOfTest = request.getfixturevalue("localagent_loop")
    cli.host.loop.adopt(of_test.loop)
    of_test.ending.callback(cli.close)
    of_test.ending.push_async_callback(cli.cleanup)
    yield cli


@pytest.fixture
def plugin_runner(plugin_host: LocalAgentCLI) -> PluginRunner:
    """Runs command lines on `plugin_host`: ``plugin_runner.invoke(["hello", "--who", "me"])`` gives Typer's result."""
    from localagent_testing.runner import PluginRunner

    return PluginRunner(plugin_host)


@pytest.fixture
def message_bus(plugin_host: LocalAgentCLI) -> RecordingBus:
    """The message bus of `plugin_host`, with a list of all that was ``sent``."""
    from typing import cast

    return cast("RecordingBus", plugin_host.message_bus)


@pytest.fixture
def fake_provider(plugin_host: LocalAgentCLI) -> FakeProvider:
    """The default provider of `plugin_host`, called ``fake``; set its ``answers``."""
    from localagent_testing.fakes.provider import FakeProvider

    provider = FakeProvider()
    provider.offer_to(plugin_host.provider_manager)
    return provider


@pytest.fixture
def localagent_trial(
    plugin_host: LocalAgentCLI, plugin_class: type[Plugin], plugin_settings: dict[str, Any]
) -> Iterator[Trial[Any]]:
    """An instance of the plugin under test that is not initialised yet; for the two fixtures that follow."""
    from localagent_testing.hosting import give_settings
    from localagent_testing.trial import Trial

    trial = Trial(plugin_class, plugin_host)
    give_settings(plugin_host.host.home, trial.plugin.name, plugin_settings)
    yield trial
    trial.abandon()


@pytest.fixture
def plugin_context(localagent_trial: Trial[Any]) -> RecordingContext:
    """The context of the plugin under test, which is not initialised by this; its ``calls`` are written down."""
    return localagent_trial.context


@pytest.fixture
def plugin(request: pytest.FixtureRequest, localagent_trial: Trial[Any]) -> Any:
    """The plugin under test, ready in `plugin_host` with `plugin_context` and `plugin_settings`.

    In a test that is a coroutine it lives on the test's event loop.
    """
    if runs_on_loop(request):
        return request.getfixturevalue("localagent_plugin_on_loop")
    return localagent_trial.start_from_outside()


@pytest.fixture
def plugin_framework(request: pytest.FixtureRequest, plugin_class: type[Plugin]) -> Iterator[PluginTestFramework[Any]]:
    """A framework for the plugin under test, each of whose instances has a home of its own."""
    from localagent_testing.framework import PluginTestFramework

    framework = PluginTestFramework[Any](plugin_class)
    if runs_on_loop(request):
        request.getfixturevalue("localagent_loop").ending.push_async_callback(framework.cleanup)
        yield framework
    else:
        yield framework
        framework.close()


@pytest.fixture
def plugin_audit(request: pytest.FixtureRequest) -> Iterator[Recorder]:
    """Records what the plugin under test uses in this test; what its manifest does not declare fails the test."""
    from localagent.manifest.model import read_manifest
    from localagent_testing.audit.recorder import Recorder
    from localagent_testing.conformance.permission_rules import undeclared_findings
    from localagent_testing.under_test import NotOne

    try:
        recorder = Recorder(request.config.stash[UNDER_TEST].spec)
    except NotOne as reason:
        pytest.fail(str(reason), pytrace=False)
    manifest = recorder.spec.manifest_file
    if manifest is None:
        pytest.fail("plugin_audit needs a plugin-manifest.yaml, which declares permissions", pytrace=False)
    recorder.start()
    yield recorder
    recorder.stop()
    found = tuple(undeclared_findings(recorder, read_manifest(manifest).permissions))
    if found:
        pytest.fail(
            "\n".join(f"{each.where}: {each.message}\nfix: {each.fix}" for each in found),
            pytrace=False,
        )


@pytest.fixture
def plugin_benchmark(request: pytest.FixtureRequest, plugin_class: type[Plugin]) -> Iterator[PluginBenchmark]:
    """Measures the plugin under test with pytest-benchmark: ``command(words)`` and ``initialisation()``."""
    from localagent_testing.benchmark import PluginBenchmark

    if not request.config.pluginmanager.has_plugin("benchmark"):
        pytest.fail("plugin_benchmark needs pytest-benchmark: python -m pip install pytest-benchmark", pytrace=False)
    benchmark = PluginBenchmark(request.getfixturevalue("benchmark"), plugin_class)
    yield benchmark
    benchmark.close()


def runs_on_loop(request: pytest.FixtureRequest) -> bool:
    """Whether the test is a coroutine that pytest-asyncio runs."""
    function = getattr(request.node, "obj", None)
    return inspect.iscoroutinefunction(function) and request.node.get_closest_marker("asyncio") is not None
