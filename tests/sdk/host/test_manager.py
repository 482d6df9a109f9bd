"""The plugin manager as a program uses it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from localagent import (
    Host,
    HostOptions,
    PluginLifecycleStage,
    PluginManager,
    PluginNotAvailable,
)
from plain import MakePlugin, command_plugin

pytestmark = pytest.mark.asyncio

JOURNAL = """
from pathlib import Path
from localagent import CommandPlugin

class Plugin(CommandPlugin):
    name = "{name}"
    version = "{version}"
    dependencies = {dependencies}

    def note(self, word):
        with open({journal!r}, "a") as file:
            file.write(f"{name} {{word}}\\n")

    async def initialize(self, context):
        self.note("initialise")
        context.message_bus.subscribe("news", lambda message: self.note("heard"))
        context.lifecycle_manager.add_hook({stage}, self.hook)
        return {ready}

    def hook(self, *facts):
        self.note("hook of " + facts[0])

    async def cleanup(self):
        self.note("cleanup")

    def register_commands(self, app):
        @app.command("{name}")
        def command():
            pass
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def manager(home: Path, work: Path) -> PluginManager:
    return PluginManager(Host.open(HostOptions(home=home)))


def written(name: str, journal: Path, *, dependencies: tuple[str, ...] = (), ready: str = "True") -> str:
    stage = "__import__('localagent').PluginLifecycleStage.READY"
    return JOURNAL.format(
        name=name, version="1.0", dependencies=dependencies, journal=str(journal), ready=ready, stage=stage
    )


def allow(manager: PluginManager, *names: str) -> None:
    for name in names:
        assert manager.enable(name).record.failure is None


async def test_loading_makes_a_plugin_ready_and_unloading_lets_it_go(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    make_plugin("one", written("one", journal))
    allow(manager, "one")
    stage_of = manager.host.lifecycle_manager.stage_of
    assert await manager.load_plugin("one")
    assert stage_of("one") == PluginLifecycleStage.READY
    assert manager.loaded_plugins["one"].name == "one"
    assert await manager.unload_plugin("one")
    assert manager.host.lifecycle_manager.plugin_states == {"one": PluginLifecycleStage.UNLOADED}
    assert manager.loaded_plugins == {}
    assert not await manager.unload_plugin("one")
    assert journal.read_text().split("\n")[:3] == ["one initialise", "one hook of one", "one cleanup"]


async def test_what_a_plugin_registered_is_gone_with_it_even_if_its_cleanup_fails(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    source = written("one", journal).replace('self.note("cleanup")', "raise RuntimeError('no')")
    make_plugin("one", source)
    allow(manager, "one")
    await manager.load_plugin("one")
    host = manager.host
    heard = await host.message_bus.broadcast("test", "news", {})
    assert heard == {"matched": 1, "delivered": 1, "failed": 0, "timed_out": 0}
    await manager.unload_plugin("one")
    heard = await host.message_bus.broadcast("test", "news", {})
    assert heard == {"matched": 0, "delivered": 0, "failed": 0, "timed_out": 0}
    assert not any(host.lifecycle_manager.hooks.values())
    assert "RuntimeError: no" in str(manager.errors["one"])
    assert host.lifecycle_manager.plugin_states["one"] is PluginLifecycleStage.ERROR
    assert await manager.load_plugin("one")


async def test_dependencies_are_ready_first_and_go_last(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    make_plugin("upper", written("upper", journal, dependencies=("lower",)))
    make_plugin("lower", written("lower", journal))
    allow(manager, "upper", "lower")
    assert await manager.load_plugin("upper")
    assert list(manager.loaded_plugins) == ["lower", "upper"]
    await manager.close()
    words = [line for line in journal.read_text().splitlines() if "hook" not in line]
    assert words == ["lower initialise", "upper initialise", "upper cleanup", "lower cleanup"]


@pytest.mark.parametrize(
    ("dependencies", "reason"),
    [
        (("absent",), "needs the plugin 'absent', which was not found"),
        (("lower>=2",), "needs lower >=2, found 1.0"),
        (("sleeper",), "'sleeper', which is disabled"),
        (("upper",), "in a circle: upper -> upper"),
    ],
    ids=["absent", "too old", "disabled", "circle"],
)
async def test_a_dependency_that_cannot_be_met_is_told(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path, dependencies: tuple[str, ...], reason: str
) -> None:
    for name, needs in {"upper": dependencies, "lower": (), "sleeper": ()}.items():
        make_plugin(name, written(name, journal, dependencies=needs))
    allow(manager, "upper", "lower")
    assert not await manager.load_plugin("upper")
    assert reason in str(manager.errors["upper"])
    assert "upper initialise" not in (journal.read_text() if journal.exists() else "")


async def test_a_plugin_that_is_not_ready_is_cleaned_up_and_leaves_nothing(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    make_plugin("one", written("one", journal, ready="False"))
    allow(manager, "one")
    assert not await manager.load_plugin("one")
    assert manager.loaded_plugins == {}
    assert manager.host.message_bus.subscribers == {}
    assert journal.read_text().split("\n")[:2] == ["one initialise", "one cleanup"]


async def test_a_reload_runs_the_new_code(manager: PluginManager, make_plugin: MakePlugin, journal: Path) -> None:
    folder = make_plugin("one", written("one", journal))
    allow(manager, "one")
    await manager.load_plugin("one")
    before = manager.loaded_plugins["one"]
    file = folder / "plugin.py"
    file.write_text(file.read_text().replace('"initialise"', '"initialise anew"'))
    assert await manager.reload_plugin("one")
    assert manager.loaded_plugins["one"] is not before
    assert "one initialise anew" in journal.read_text()


async def test_load_all_loads_what_is_enabled_and_goes_on_past_failures(
    manager: PluginManager, make_plugin: MakePlugin, journal: Path
) -> None:
    make_plugin("good", written("good", journal))
    make_plugin("asleep", written("asleep", journal))
    make_plugin("bad", command_plugin("bad", initialise="raise ValueError('x')"))
    allow(manager, "good", "bad")
    assert await manager.load_all() == ("good",)
    assert set(manager.errors) == {"bad"}


async def test_a_failed_import_leaves_no_module_behind(manager: PluginManager, make_plugin: MakePlugin) -> None:
    import sys

    make_plugin("half", command_plugin("half"), helper__py="x = 1")
    allow(manager, "half")
    before = set(sys.modules)
    (manager.host.home.plugins / "half" / "plugin.py").write_text("from . import helper\nraise ValueError\n")
    await manager.discover_plugins()
    assert not await manager.load_plugin("half")
    assert {name for name in set(sys.modules) - before if "half" in name} == set()


async def test_two_folders_with_equal_module_names_do_not_collide(
    manager: PluginManager, make_plugin: MakePlugin, tmp_path: Path
) -> None:
    for name in ("left", "right"):
        make_plugin(name, command_plugin(name) + f"\nfrom .helper import WHO\nassert WHO == '{name}'\n")
        (manager.host.home.plugins / name / "helper.py").write_text(f"WHO = '{name}'\n")
    allow(manager, "left", "right")
    assert await manager.load_all() == ("left", "right")


async def test_a_hyphenated_folder_named_like_a_library_leaves_the_library_alone(
    manager: PluginManager, make_plugin: MakePlugin
) -> None:
    import json

    make_plugin("json")
    allow(manager, "json")
    assert await manager.load_plugin("json")
    assert json.dumps({}) == "{}"


async def test_a_single_file_is_a_plugin_and_a_data_folder_is_none(
    manager: PluginManager, home: Path, make_plugin: MakePlugin
) -> None:
    (home / "plugins" / "notes").mkdir(parents=True)
    (home / "plugins" / "notes" / "cache.json").write_text("{}")
    (home / "plugins" / "single.py").write_text(command_plugin("single"))
    (home / "plugins" / "library.py").write_text("x = 1\n")
    assert list(manager.discovered_plugins) == ["single"]
    allow(manager, "single")
    assert await manager.load_plugin("single")


async def test_asking_for_what_is_not_there_names_it(manager: PluginManager) -> None:
    assert not await manager.load_plugin("nothing")
    with pytest.raises(PluginNotAvailable, match="there is no plugin 'nothing'"):
        await manager.require("nothing")


async def test_tasks_of_a_plugin_end_with_it(manager: PluginManager, make_plugin: MakePlugin) -> None:
    source = command_plugin(
        "busy", initialise="import asyncio; self.task = context.spawn(asyncio.sleep(60)); return True"
    )
    make_plugin("busy", source)
    allow(manager, "busy")
    await manager.load_plugin("busy")
    task = manager.loaded_plugins["busy"].task  # type: ignore[attr-defined] # the plugin's own attribute
    await manager.unload_plugin("busy")
    await asyncio.sleep(0)
    assert task.cancelled()
