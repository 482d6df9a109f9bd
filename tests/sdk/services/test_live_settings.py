"""Settings that change while plugins run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from localagent.errors import ConfigError, HandlerPaused, LocalAgentError, PluginFailed
from localagent.plugins.snapshot import Snapshot
from localagent.services.home import Home
from localagent.services.live_settings import SETTLING, LiveSettings, Watcher
from localagent.services.settings import Settings

SCHEMA = {"properties": {"size": {"type": "integer", "default": 1}}}
Failing = Callable[[int], LocalAgentError | None]
PATIENCE = 30
"""Seconds until a test gives up on a change that never comes."""


@dataclass
class Scene:
    """Live settings over files of their own, and what was told."""

    home: Home
    settings: Settings
    live: LiveSettings
    told: list[str] = field(default_factory=list)
    calls: list[tuple[str, int, int]] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    removes: list[Callable[[], None]] = field(default_factory=list)

    def write(self, text: str, plugin: str = "p") -> None:
        self.home.settings_file(plugin).write_text(text)

    def watcher(self, name: str, failing: Failing = lambda _: None) -> Watcher:
        """A watcher that notes the sizes it is told of, and fails as `failing` says of the new one."""

        async def watch(old: Snapshot, new: Snapshot) -> None:
            await asyncio.sleep(0)
            self.calls.append((name, old["size"], new["size"]))
            self.called.set()
            if (error := failing(new["size"])) is not None:
                raise error

        return watch

    def watch(self, plugin: str, watcher: Watcher) -> Callable[[], None]:
        self.removes.append(self.live.add_watcher(plugin, watcher))
        return self.removes[-1]

    async def next_call(self) -> None:
        await asyncio.wait_for(self.called.wait(), PATIENCE)
        self.called.clear()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    home = Home(tmp_path / "home")
    home.path.mkdir()
    settings = Settings(home, {})
    for plugin in ("p", "q"):
        settings.declare_schema(plugin, SCHEMA)
    told: list[str] = []
    live = LiveSettings(settings, lambda plugin, problem: told.append(f"{plugin}: {problem.message}"))
    return Scene(home, settings, live, told)


@contextlib.asynccontextmanager
async def closing(scene: Scene) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for remove in scene.removes:
            remove()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), PATIENCE)


def failure(size: int) -> PluginFailed | None:
    return PluginFailed("no", plugin="p", step="settings watcher") if size == 2 else None


def paused(_: int) -> HandlerPaused:
    return HandlerPaused("paused", plugin="p", step="settings watcher")


@pytest.mark.asyncio
async def test_watchers_are_told_of_a_valid_change_in_order(scene: Scene) -> None:
    async with closing(scene):
        for name in ("a", "b"):
            scene.watch("p", scene.watcher(name))
        scene.write("size: 2\n")
        assert await scene.live.reload("p")
        assert scene.calls == [("a", 1, 2), ("b", 1, 2)]
        assert await scene.live.reload("p")
        assert len(scene.calls) == 2, "nothing changed since"


@pytest.mark.asyncio
async def test_what_changed_is_seen_from_what_watchers_were_told_last(scene: Scene) -> None:
    seen: list[frozenset[str]] = []

    async def watch(_: Snapshot, new: Snapshot) -> None:
        seen.append(new.changed)

    async with closing(scene):
        scene.watch("p", watch)
        scene.write("other: 1\n")
        # Somebody looks in between; watchers are told of this change nevertheless.
        assert scene.settings.snapshot("p") == {"size": 1, "other": 1}
        scene.write("other: 1\nsize: 2\n")
        await scene.live.reload("p")
    assert seen == [{"other", "size"}]


@pytest.mark.asyncio
@pytest.mark.parametrize("text", ["size: x\n", "size: [\n", "- 1\n"])
async def test_what_is_not_valid_is_said_once_and_the_last_good_stays(scene: Scene, text: str) -> None:
    async with closing(scene):
        scene.watch("p", scene.watcher("a"))
        for _ in range(3):
            scene.write(text)
            assert not await scene.live.reload("p")
        assert scene.settings.snapshot("p") == {"size": 1}
        assert scene.calls == []
        assert len(scene.told) == 1
        scene.write("size: 1\n")
        assert await scene.live.reload("p")
        scene.write(text)
        assert not await scene.live.reload("p")
        assert len(scene.told) == 2, "it was good in between"


@pytest.mark.asyncio
async def test_another_error_is_said_again(scene: Scene) -> None:
    async with closing(scene):
        for text in ("size: x\n", "size: y\n"):
            scene.write(text)
            scene.watch("q", scene.watcher("a"))
            scene.settings.keep("p", Snapshot({"size": 1}))
            scene.write(f"# again\n{text}")
            await scene.live.reload("p")
    assert scene.told == ["p: /size: 'x' is not of type 'integer'", "p: /size: 'y' is not of type 'integer'"]


@pytest.mark.asyncio
async def test_a_watcher_that_raises_reverts_the_change_for_all(scene: Scene) -> None:
    async with closing(scene):
        for name, failing in (("a", lambda _: None), ("b", failure), ("c", lambda _: None)):
            scene.watch("p", scene.watcher(name, failing))
        scene.write("size: 2\n")
        assert not await scene.live.reload("p")
        assert scene.calls == [("a", 1, 2), ("b", 1, 2), ("c", 1, 2), ("a", 2, 1), ("c", 2, 1)]
        assert scene.told == ["p: no"]
        assert scene.settings.snapshot("p") == scene.settings.plugins["p"]["config"] == {"size": 1}
        assert await scene.live.reload("p"), "the same content is not tried again"
        assert len(scene.calls) == 5
        scene.write("size: 3\n")
        assert await scene.live.reload("p")
        assert scene.calls[5:] == [("a", 1, 3), ("b", 1, 3), ("c", 1, 3)]


@pytest.mark.asyncio
async def test_what_is_saved_while_a_change_is_being_refused_is_not_refused_with_it(scene: Scene) -> None:
    def saving(size: int) -> LocalAgentError | None:
        if size != 2:
            return None
        scene.write("size: 3")
        # As a plugin does that looks at its settings meanwhile.
        scene.settings.judge("p")
        return PluginFailed("no", plugin="p", step="settings watcher")

    async with closing(scene):
        scene.watch("p", scene.watcher("a", saving))
        scene.write("size: 2")
        assert not await scene.live.reload("p")
        assert await scene.live.reload("p")
    assert scene.calls == [("a", 1, 2), ("a", 1, 3)]


@pytest.mark.asyncio
async def test_a_watcher_that_is_paused_has_no_say(scene: Scene) -> None:
    async with closing(scene):
        scene.watch("p", scene.watcher("a", paused))
        scene.write("size: 2\n")
        assert await scene.live.reload("p")
    assert scene.told == []


@pytest.mark.asyncio
async def test_who_hands_settings_over_comes_before_the_watchers_and_takes_part_in_the_revert(scene: Scene) -> None:
    async with closing(scene):
        end = scene.live.begin("p", scene.watcher("adopt"))
        remove = scene.watch("p", scene.watcher("b", failure))
        scene.write("size: 2\n")
        await scene.live.reload("p")
        assert scene.calls == [("adopt", 1, 2), ("b", 1, 2), ("adopt", 2, 1)]
        remove()
        scene.write("size: 3\n")
        assert await scene.live.reload("p"), "it can be asked for without any watcher"
        assert scene.calls[3:] == [("adopt", 1, 3)]
        end()
        scene.write("size: 4\n")
        assert await scene.live.reload("p")
        assert len(scene.calls) == 4


@pytest.mark.asyncio
async def test_two_reloads_at_once_tell_of_one_change_once(scene: Scene) -> None:
    async with closing(scene):
        scene.watch("p", scene.watcher("a"))
        scene.write("size: 2\n")
        assert all(await asyncio.gather(scene.live.reload("p"), scene.live.reload("p")))
    assert scene.calls == [("a", 1, 2)]


@pytest.mark.asyncio
@pytest.mark.parametrize("file", ["p.yaml", "config.yaml"])
async def test_a_saved_file_reaches_the_watcher_by_itself(scene: Scene, file: str) -> None:
    async with closing(scene):
        scene.watch("p", scene.watcher("a"))
        assert scene.live.is_watching
        text = "size: 2\n" if file == "p.yaml" else "plugins: {p: {config: {size: 2}}}\n"
        beside = scene.home.path / ".new"
        beside.write_text(text)
        # As editors save, and as our own commands do.
        beside.rename(scene.home.path / file)
        await scene.next_call()
    assert scene.calls == [("a", 1, 2)]


@pytest.mark.asyncio
async def test_plugins_are_told_of_their_own_changes_only(scene: Scene) -> None:
    async with closing(scene):
        scene.watch("p", scene.watcher("p"))
        scene.watch("q", scene.watcher("q"))
        scene.write("size: 2\n", "q")
        await scene.next_call()
        scene.write("size: 3\n", "p")
        await scene.next_call()
    assert scene.calls == [("q", 1, 2), ("p", 1, 3)]


@pytest.mark.asyncio
async def test_a_change_that_happened_before_the_watch_began_is_told(scene: Scene) -> None:
    async with closing(scene):
        scene.live.begin("p", scene.watcher("adopt"))
        scene.write("size: 2\n")
        scene.watch("p", scene.watcher("a"))
        await scene.next_call()
        await scene.live.reload("p")
    assert scene.calls == [("adopt", 1, 2), ("a", 1, 2)]


@pytest.mark.asyncio
async def test_the_watch_lasts_as_long_as_somebody_is_to_be_told(scene: Scene) -> None:
    async with closing(scene):
        assert not scene.live.is_watching
        scene.live.arm()
        assert not scene.live.is_watching
        removes = [scene.watch(plugin, scene.watcher("a")) for plugin in ("p", "p", "q")]
        for remove in removes:
            assert scene.live.is_watching
            remove()
            remove()
        assert not scene.live.is_watching


@pytest.mark.asyncio
async def test_a_file_that_is_being_written_is_read_again_before_anything_is_said(scene: Scene) -> None:
    async with closing(scene):
        scene.write("size: [\n")
        scene.settings.keep("p", Snapshot({"size": 1}))
        scene.watch("p", scene.watcher("a"))
        scene.write("size: [1,\n")
        # The watch begins with this content, and finds the rest of it when it looks again.
        asyncio.get_running_loop().call_later(SETTLING / 3, scene.write, "size: 2\n")
        await scene.next_call()
    assert scene.calls == [("a", 1, 2)]
    assert scene.told == []


@pytest.mark.asyncio
async def test_a_plugin_that_goes_takes_its_watchers_along(scene: Scene) -> None:
    end = scene.live.begin("p", scene.watcher("adopt"))
    scene.watch("p", scene.watcher("a"))
    end()
    assert not scene.live.is_watching
    scene.write("size: 2\n")
    assert await scene.live.reload("p")
    assert scene.calls == []


def test_without_a_loop_the_watch_waits_until_it_is_armed(scene: Scene) -> None:
    scene.watch("p", scene.watcher("a"))
    assert not scene.live.is_watching

    async def run() -> None:
        async with closing(scene):
            scene.live.arm()
            scene.write("size: 2\n")
            await scene.next_call()

    asyncio.run(run())
    assert scene.calls == [("a", 1, 2)]


def test_settings_that_are_not_valid_cannot_be_watched(scene: Scene) -> None:
    scene.write("size: x\n")
    with pytest.raises(ConfigError, match="is not of type"):
        scene.watch("p", scene.watcher("a"))


@pytest.mark.asyncio
async def test_what_cannot_be_used_is_logged_where_nobody_else_is_told(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveSettings(scene.settings)
    live.begin("p", scene.watcher("adopt"))
    scene.write("size: x\n")
    with caplog.at_level(logging.WARNING, "localagent.settings"):
        assert not await live.reload("p")
    file = scene.home.settings_file("p")
    assert caplog.messages == [
        f"the settings of 'p' stay as they were: {file}:1:7: /size: 'x' is not of type 'integer'"
    ]
