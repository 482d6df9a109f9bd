"""Plugins come up once, in order, side by side; and go, each once, whatever the others do."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from localagent import Host, HostOptions, PluginLifecycleStage, PluginManager
from localagent.host.budgets import Budgets
from localagent.host.situation import Situation
from plain import MakePlugin

pytestmark = pytest.mark.asyncio

BUDGETS = Budgets(import_=3, initialise=1, cleanup=1, grace=0.3)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest_asyncio.fixture
async def manager(home: Path, work: Path) -> AsyncIterator[PluginManager]:
    """A manager for which every plugin in the home is enabled."""
    home.mkdir()
    names = " ".join(f"p{number}" for number in range(60))
    situation = Situation.read(HostOptions(home=home, budgets=BUDGETS), {"LOCALAGENT_PLUGINS_ENABLED": names})
    manager = PluginManager(Host(situation))
    yield manager
    await manager.close()


def write(
    make_plugin: MakePlugin,
    journal: Path,
    name: str,
    *needs: str,
    initialise: str = "pass",
    result: str = "True",
    cleanup: str = "pass",
    top: str = "pass",
) -> Path:
    """A plugin that notes the beginning and the end of its initialise and its cleanup."""
    body = f"""
    import asyncio, sys, time
    from localagent import Plugin, UIPlugin

    def note(word):
        with open({str(journal)!r}, "a") as file:
            file.write("{name} " + word + "\\n")

    {top}

    class ThePlugin(UIPlugin):
        name = "{name}"
        version = "1.0"
        dependencies = {needs}

        async def initialize(self, context):
            note("begins")
            {initialise}
            note("is ready")
            return {result}

        async def cleanup(self):
            note("goes")
            {cleanup}

        def get_ui_components(self):
            return {{"{name}-card": print}}
    """
    return make_plugin(name, textwrap.dedent(body))


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what only files tell."""
    for _ in range(2000):
        if is_so():
            return
        await asyncio.sleep(0.005)


def notes(journal: Path) -> list[str]:
    return journal.read_text().splitlines() if journal.exists() else []


async def test_independent_plugins_initialise_side_by_side_and_dependents_after_them(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    for number in range(6):
        write(make_plugin, journal, f"p{number}", initialise="await asyncio.sleep(0.5)")
    write(make_plugin, journal, "p9", "p0", "p3", initialise="await asyncio.sleep(0.6)")
    await manager.load_plugin("p0")
    await manager.unload_plugin("p0")
    journal.unlink()
    # The limit of p9, of 1 s as that of all, is not used up by waiting.
    assert len(await manager.load_all()) == 7
    assert notes(journal)[:6] == [f"p{number} begins" for number in range(6)]
    assert notes(journal)[-2:] == ["p9 begins", "p9 is ready"]


async def test_asking_for_one_plugin_twice_at_a_time_loads_it_once(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    write(make_plugin, journal, "p0", initialise="await asyncio.sleep(0.1)")
    write(make_plugin, journal, "p1", "p0")
    outcomes = await asyncio.gather(manager.load_plugin("p0"), manager.load_plugin("p1"), manager.load_plugin("p0"))
    assert tuple(outcomes) == (True, True, True)
    assert notes(journal).count("p0 begins") == 1
    assert await manager.require("p0") is await manager.require("p0")


async def test_a_plugin_that_loads_another_while_it_initialises_does_not_wait_for_itself(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    ask = "await context.message_bus.broadcast('p0', 'news', 1); await context.message_bus.broadcast('p0', 'news', 2)"
    folder = write(make_plugin, journal, "p0", initialise=ask)
    (folder / "plugin-manifest.yaml").write_text(_manifest("p0", "news"))
    other = write(make_plugin, journal, "p1", initialise=ask.replace("p0", "p1"))
    (other / "plugin-manifest.yaml").write_text(_manifest("p1", "news"))
    assert await manager.load_all() == ("p0", "p1")


async def test_who_is_no_longer_waited_for_is_given_up_and_cleaned_up(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    write(make_plugin, journal, "p0", initialise="await asyncio.sleep(0.8)")
    write(make_plugin, journal, "p1", "p0")
    loading = asyncio.create_task(manager.load_plugin("p1"))
    await until(lambda: "p0 begins" in notes(journal))
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert notes(journal) == ["p0 begins", "p0 goes"]
    assert manager.is_closed
    assert await manager.load_plugin("p1")


@pytest.mark.parametrize("fault", ["raise ValueError('no')", "raise SystemExit(3)", "await asyncio.sleep(60)"])
async def test_a_failed_start_leaves_the_process_as_it_was(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path, fault: str
) -> None:
    """Modules, import path, topics, hooks, components and tasks."""
    fill = (
        "context.message_bus.subscribe('news', print); context.message_bus.register_direct_handler('p0', print);"
        "context.spawn(asyncio.sleep(60)); from . import late;"
        f"context.lifecycle_manager.add_hook(next(iter(context.lifecycle_manager.hooks)), print); {fault}"
    )
    top = "sys.path.insert(0, '/nowhere/at/all'); from . import early"
    folder = write(make_plugin, journal, "p0", initialise=fill, top=top)
    (folder / "early.py").write_text("")
    (folder / "late.py").write_text("")
    await manager.load_all()  # warms up what the host itself imports
    tasks, modules, path = asyncio.all_tasks(), set(sys.modules), list(sys.path)
    assert not await manager.load_plugin("p0")
    await asyncio.sleep(0.01)
    host = manager.host
    assert asyncio.all_tasks() == tasks
    assert set(sys.modules) == modules
    assert not any(str(folder) in str(module) for module in sys.modules.values())
    assert sys.path == path
    assert "/nowhere/at/all" not in path
    assert (host.message_bus.subscribers, host.message_bus.direct_handlers, host.ui.components) == ({}, {}, {})
    assert not any(host.lifecycle_manager.hooks.values())
    assert notes(journal).count("p0 begins") == notes(journal).count("p0 goes") == 2


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("None", "initialise: returned None; return True when ready"),
        ("False", "initialise: returned False, so it is not ready"),
    ],
)
async def test_what_initialise_returns_says_whether_the_plugin_is_ready(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path, result: str, message: str
) -> None:
    write(make_plugin, journal, "p0", result=result)
    write(make_plugin, journal, "p1", result="'a text that is not empty'")
    assert await manager.load_all() == ("p1",)
    assert manager.errors["p0"].message == message


async def test_each_is_cleaned_up_once_dependents_first_whatever_the_others_do(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    write(make_plugin, journal, "p0")
    write(make_plugin, journal, "p1", "p0", cleanup="raise ValueError('no')")
    write(make_plugin, journal, "p2", "p0", cleanup="await asyncio.sleep(600)")
    write(make_plugin, journal, "p3", "p0", cleanup="time.sleep(600)")
    write(make_plugin, journal, "p4", "p1", "p2", "p3", cleanup="raise SystemExit")
    write(make_plugin, journal, "p5", initialise="raise OSError('disk')")
    await manager.load_all()
    journal.unlink()
    await manager.close()
    await manager.close()
    assert notes(journal)[0] == "p4 goes"
    assert notes(journal)[-1] == "p0 goes"
    assert sorted(notes(journal)) == [f"p{number} goes" for number in range(5)]
    assert set(manager.errors) == {"p1", "p2", "p3", "p4", "p5"}
    assert manager.host.ui.components == {}
    assert set(manager.host.lifecycle_manager.plugin_states.values()) == {
        PluginLifecycleStage.UNLOADED,
        PluginLifecycleStage.ERROR,
    }


async def test_a_cleanup_that_swallows_its_cancellation_is_abandoned_in_time_and_named(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    swallow = """for _ in range(30):
                try: await asyncio.sleep(0.1)
                except asyncio.CancelledError: pass
            note("had its time")"""
    write(make_plugin, journal, "p0")
    write(make_plugin, journal, "p1", "p0", cleanup=swallow)
    await manager.load_all()
    await manager.close()
    assert notes(journal)[-2:] == ["p1 goes", "p0 goes"]
    assert "cleanup" in manager.errors["p1"].message
    assert "p0" not in manager.errors


async def test_hurrying_or_cancelling_shortens_cleanups_and_skips_none(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    for number in range(3):
        needs = [f"p{number - 1}"] if number else []
        write(make_plugin, journal, f"p{number}", *needs, cleanup="await asyncio.sleep(0.6); note('had its time')")
    await manager.load_all()
    journal.unlink()
    closing = asyncio.create_task(manager.close())
    await asyncio.sleep(0.05)
    manager.hurry()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert notes(journal) == ["p2 goes", "p1 goes", "p0 goes"]
    assert manager.is_closed


async def test_fifty_plugins_whose_start_is_cancelled_are_each_cleaned_up_once(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    for number in range(50):
        write(make_plugin, journal, f"p{number}", initialise=f"await asyncio.sleep(0.01 * {number % 7} + 0.1)")
    loading = asyncio.create_task(manager.load_all())
    await until(lambda: len(notes(journal)) >= 60)
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    await manager.close()
    begun = sorted(line.split()[0] for line in notes(journal) if line.endswith("begins"))
    gone = sorted(line.split()[0] for line in notes(journal) if line.endswith("goes"))
    assert begun == gone


def _manifest(name: str, topic: str) -> str:
    return textwrap.dedent(
        f"""
        name: {name}
        version: "1.0"
        description: A plugin for tests
        plugin_types: [ui]
        entry_points:
          ui:
            - {{name: {name}, class: "plugin:ThePlugin", activation: [{topic}]}}
        """
    )
