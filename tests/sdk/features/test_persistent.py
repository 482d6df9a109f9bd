"""Data that a plugin finds again."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localagent import PersistentPlugin
from localagent.errors import UsageError

pytestmark = pytest.mark.asyncio

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(st.text(max_size=3), children, max_size=2),
    max_leaves=5,
)


class Keeper(PersistentPlugin):
    name = "my-plugin"


async def started(context: Any, kind: type[PersistentPlugin] = Keeper) -> PersistentPlugin:
    plugin = kind()
    assert await plugin.initialize(context)
    return plugin


async def test_what_was_set_is_found_by_the_next_run(context: Any) -> None:
    plugin = await started(context)
    plugin.set_cache("seen", {"files": [1, 2]})
    assert plugin.get_cache("seen") == {"files": [1, 2]}
    assert plugin.get_cache("unseen", "default") == "default"
    # Nothing was cleaned up: the value was kept when it was set.
    assert (await started(context)).get_cache("seen") == {"files": [1, 2]}


async def test_the_storage_of_the_context_holds_the_same(context: Any) -> None:
    plugin = await started(context)
    plugin.set_cache("seen", 1)
    assert context.storage.get("seen") == 1
    context.storage.set("seen", 2)
    assert plugin.get_cache("seen") == 2


@pytest.mark.parametrize("ttl", [None, 0, 60])
async def test_a_value_lives_as_long_as_it_was_given(context: Any, ttl: int | None) -> None:
    plugin = await started(context)
    plugin.set_cache("short", 1, ttl)
    assert plugin.get_cache("short") == 1
    assert ("expires" in plugin.cache["short"]) is bool(ttl)
    context.storage.set("short", 1, 0.001)
    await asyncio.sleep(0.01)
    assert plugin.get_cache("short", "over") == "over"


async def test_the_data_folder_is_the_plugins_own(context: Any) -> None:
    assert (await started(context)).data_dir == context.data_dir


async def test_entries_changed_by_hand_are_kept_at_cleanup(context: Any) -> None:
    plugin = await started(context)
    for key in ("deleted", "changed", "left"):
        plugin.set_cache(key, [key])
    plugin = await started(context)
    del plugin.cache["deleted"]
    plugin.cache["changed"]["value"].append("more")
    plugin.cache["new"] = {"value": 1}
    plugin.cache["over"] = {"value": 1, "expires": time.time() - 1}
    plugin.cache["going"] = {"value": 1, "expires": time.time() + 60}
    assert plugin.get_cache("changed") == ["changed", "more"]
    assert plugin.get_cache("over", "default") == "default"
    assert plugin.get_cache("going") == 1
    await plugin.cleanup()
    found = (await started(context)).cache
    assert found == {
        "changed": {"value": ["changed", "more"]},
        "left": {"value": ["left"]},
        "new": {"value": 1},
        "going": {"value": 1},
    }


async def test_saving_leaves_alone_what_others_changed_meanwhile(context: Any) -> None:
    plugin = await started(context)
    plugin.set_cache("mine", 1)
    plugin.cache["late"] = {"value": 1}
    context.storage.set("theirs", 2)
    context.storage.set("mine", 3)
    await plugin.save_persistent_data()
    assert {key: context.storage.get(key) for key in context.storage.keys()} == {"mine": 3, "theirs": 2, "late": 1}  # noqa: SIM118 - no mapping


async def test_an_entry_without_a_value_is_refused_and_nothing_is_changed(context: Any) -> None:
    plugin = await started(context)
    plugin.cache["a"] = {"value": 1}
    plugin.cache["count"] = 5
    with pytest.raises(UsageError, match=r"cache\['count'\] is no entry"):
        await plugin.save_persistent_data()
    with pytest.raises(UsageError, match=r"cache\['count'\] is no entry"):
        plugin.get_cache("count")
    assert context.storage.keys() == []


async def test_a_value_that_is_no_json_is_refused(context: Any) -> None:
    plugin = await started(context)
    with pytest.raises(UsageError, match="'odd' is not JSON"):
        plugin.set_cache("odd", {1, 2})
    plugin.cache["odd"] = {"value": {1, 2}}
    assert plugin.get_cache("odd") == {1, 2}
    plugin.create_progress("Counting").start()  # a cleanup that fails ends it nevertheless
    with pytest.raises(UsageError, match="'odd' is not JSON"):
        await plugin.cleanup()
    assert not plugin.progress.live.is_started


async def test_a_run_that_changes_nothing_writes_nothing(context: Any) -> None:
    plugin = await started(context)
    await plugin.cleanup()
    assert list(context.data_dir.iterdir()) == []


async def test_cleanup_before_initialise_does_nothing() -> None:
    await Keeper().cleanup()


async def test_a_cache_file_of_old_is_taken_over_once(
    context: Any, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = home / "plugins" / "my-plugin" / "cache.json"
    file.parent.mkdir(parents=True)
    entries = {"old": {"value": [1]}, "over": {"value": 1, "expires": 1.0}}
    file.write_text(json.dumps(entries))
    assert (await started(context)).get_cache("old") == [1]
    assert "were taken into the storage" in caplog.text
    context.storage.delete("old")
    assert (await started(context)).get_cache("old") is None


async def test_an_author_may_load_and_save_otherwise(context: Any) -> None:
    class Own(Keeper):
        def __init__(self) -> None:
            self.saved: list[dict[str, Any]] = []

        async def load_persistent_data(self) -> None:
            self.cache = {"count": {"value": 7}}

        async def save_persistent_data(self) -> None:
            self.saved.append(self.cache)

    plugin = await started(context, Own)
    assert plugin.get_cache("count") == 7
    plugin.set_cache("seen", 1)
    await plugin.cleanup()
    assert plugin.saved[0].keys() == {"count", "seen"}  # type: ignore[attr-defined] # of the class above
    assert context.storage.get("seen") == 1


async def test_an_author_may_set_and_get_otherwise(context: Any) -> None:
    class Setting(Keeper):
        def set_cache(self, key: str, value: Any, ttl: float | None = None) -> None:
            self.cache[key] = {"value": value, "timestamp": time.time()}

    class Getting(Keeper):
        def get_cache(self, key: str, default: Any = None) -> Any:
            return self.cache[key]["value"] if key in self.cache else default

    setting = await started(context, Setting)
    setting.set_cache("a", 1)
    assert setting.get_cache("a") == 1
    await setting.cleanup()
    getting = await started(context, Getting)
    assert getting.get_cache("a") == 1
    getting.set_cache("b", 2)
    assert getting.get_cache("b") == 2


async def test_a_constructor_that_skips_ours_loses_nothing(context: Any) -> None:
    class Own(Keeper):
        def __init__(self, size: int = 1) -> None:
            self.size = size

    assert Own(3).cache == {}
    assert Own(3).cache is not Own(3).cache
    (await started(context, Own)).set_cache("a", 1)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(by_hand=st.dictionaries(st.sampled_from("abc"), JSON), before=st.dictionaries(st.sampled_from("abc"), JSON))
async def test_what_the_cache_shows_at_the_end_is_what_the_next_run_finds(
    context: Any, before: dict[str, Any], by_hand: dict[str, Any]
) -> None:
    context.storage.clear()
    plugin = await started(context)
    for key, value in before.items():
        plugin.set_cache(key, value)
    plugin.cache = {key: {"value": value} for key, value in by_hand.items()}
    await plugin.cleanup()
    again = await started(context)
    assert {key: again.get_cache(key) for key in again.cache} == by_hand
