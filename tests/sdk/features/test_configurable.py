"""A plugin that follows its settings while it runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from localagent import ConfigurablePlugin

pytestmark = pytest.mark.asyncio


class Following(ConfigurablePlugin):
    name = "my-plugin"

    def __init__(self) -> None:
        self.told: list[Any] = []

    async def note(self, old: Any, new: Any) -> None:
        self.told.append((old["size"], new["size"], *new.changed))


@pytest_asyncio.fixture
async def plugin(context: Any) -> Following:
    made = Following()
    context.config.hand_to(made)
    made.add_config_watcher(made.note)
    assert await made.initialize(context)
    return made


async def until(holds: Callable[[], Any]) -> None:
    """Wait as long as it takes; the test's own limit ends what never comes."""
    while not holds():  # noqa: ASYNC110 - what is waited for knows nothing of events
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(coro: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(coro)
    await asyncio.sleep(0.05)
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_changed_file_is_followed(plugin: Following, home: Path) -> None:
    assert plugin.config == {"size": 1}
    (home / "my-plugin.yaml").write_text("size: 2")
    await until(lambda: plugin.told)
    assert plugin.told == [(1, 2, "size")]
    assert plugin.config == {"size": 2}


async def test_settings_are_read_by_hand_too(plugin: Following, home: Path) -> None:
    (home / "my-plugin.yaml").write_text("size: 2")
    assert await plugin.reload_config()
    assert plugin.config == {"size": 2}
    assert plugin.told == [(1, 2, "size")]
    assert await plugin.reload_config()
    assert len(plugin.told) == 1


async def test_what_does_not_fit_changes_nothing(
    plugin: Following, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "my-plugin.yaml").write_text("size: many")
    assert not await plugin.reload_config()
    assert plugin.config == {"size": 1}
    assert plugin.told == []
    assert "many" in caplog.text


async def test_a_watcher_that_refuses_takes_the_change_back(plugin: Following, home: Path) -> None:
    def refuse(old: Any, new: Any) -> None:
        if new["size"] > 5:
            raise ValueError("too large")

    plugin.add_config_watcher(refuse)
    assert plugin.config_watchers == [plugin.note, refuse]
    (home / "my-plugin.yaml").write_text("size: 6")
    await plugin.reload_config()
    assert plugin.config == {"size": 1}
    assert plugin.told == [(1, 6, "size"), (6, 1, "size")]


async def test_the_authors_own_loading_and_judging_count(
    context: Any, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Own(Following):
        def load_plugin_config(self) -> dict[str, Any]:
            return {"double": 2 * super().load_plugin_config()["size"]}

        async def validate_config(self) -> bool:
            return bool(self.config["double"] < 10)

    plugin = Own()
    context.config.hand_to(plugin)
    assert await plugin.initialize(context)
    (home / "my-plugin.yaml").write_text("size: 2")
    assert await plugin.reload_config()
    assert plugin.config == {"double": 4}
    (home / "my-plugin.yaml").write_text("size: 5")
    await plugin.reload_config()
    assert plugin.config == {"double": 4}
    assert "validate_config() refuses" in caplog.text


@pytest.mark.parametrize("how", ["watch", "look"])
async def test_another_file_may_be_watched_as_well(plugin: Following, tmp_path: Path, how: str) -> None:
    class Counting(Following):
        reloads = 0

        async def reload_config(self) -> bool:
            self.reloads += 1
            return True

    counting = Counting()
    file = tmp_path / "words.txt"
    watch = counting.watch_config_file(file) if how == "watch" else counting.periodic_config_check(file, 0.01)
    async with running(watch):
        for count, text in enumerate(("one", "two more"), 1):
            file.write_text(text)
            await until(lambda count=count: counting.reloads >= count)  # type: ignore[misc] # mypy takes no default in a lambda


async def test_a_plugin_has_no_watchers_but_its_own() -> None:
    assert Following().config_watchers == []
    assert Following().config_watchers is not Following().config_watchers
