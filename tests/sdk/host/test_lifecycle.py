"""Which stage each plugin is in."""

from __future__ import annotations

import asyncio
import logging
from enum import Enum
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from localagent.errors import IllegalTransition, PluginError
from localagent.host.lifecycle import LifecycleManager
from localagent.plugins.stages import LEGAL_TRANSITIONS, PluginLifecycleStage

STAGES = st.sampled_from(list(PluginLifecycleStage))
NAMES = st.sampled_from(["one", "two"])
DISCOVERED, LOADING, INITIALIZING = (
    PluginLifecycleStage.DISCOVERED,
    PluginLifecycleStage.LOADING,
    PluginLifecycleStage.INITIALIZING,
)


class Lives(RuleBasedStateMachine):
    """Two plugins that are moved at random; `expected` follows the graph by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.manager = LifecycleManager()
        self.expected: dict[str, PluginLifecycleStage] = {}
        self.told: list[tuple[str, PluginLifecycleStage, PluginLifecycleStage]] = []
        self.moves: list[tuple[str, PluginLifecycleStage, PluginLifecycleStage]] = []

    @initialize()
    def listen(self) -> None:
        for stage in PluginLifecycleStage:
            self.manager.add_hook(stage, lambda name, old, new, facts: self.told.append((name, old, new)))

    def move(self, name: str, old: PluginLifecycleStage, new: PluginLifecycleStage) -> None:
        asyncio.run(self.manager.transition_plugin(name, old, new))

    @rule(name=NAMES, data=st.data())
    def take_a_legal_step(self, name: str, data: st.DataObject) -> None:
        old = self.manager.stage_of(name)
        new = data.draw(st.sampled_from(sorted(LEGAL_TRANSITIONS[old], key=lambda stage: stage.value)))
        self.move(name, old, new)
        self.expected[name] = new
        self.moves.append((name, old, new))

    @rule(name=NAMES, old=STAGES, new=STAGES)
    def try_any_step(self, name: str, old: PluginLifecycleStage, new: PluginLifecycleStage) -> None:
        present = self.expected.get(name, DISCOVERED)
        if old is present and new in LEGAL_TRANSITIONS[old]:
            self.move(name, old, new)
            self.expected[name] = new
            self.moves.append((name, old, new))
        else:
            with pytest.raises(IllegalTransition, match=f"'{name}' is {present.value}: ") as refusal:
                self.move(name, old, new)
            assert refusal.value.plugin == name

    @invariant()
    def every_plugin_is_where_its_legal_steps_led(self) -> None:
        assert self.manager.plugin_states == self.expected

    @invariant()
    def hooks_heard_of_every_step_and_of_nothing_else(self) -> None:
        assert self.told == self.moves


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


@pytest.fixture
def manager() -> LifecycleManager:
    return LifecycleManager()


def test_a_plugin_that_was_never_seen_is_discovered(manager: LifecycleManager) -> None:
    assert manager.stage_of("one") is DISCOVERED
    assert manager.plugin_states == {}


@pytest.mark.asyncio
async def test_sync_and_async_hooks_of_the_stage_entered_are_called_in_order(manager: LifecycleManager) -> None:
    heard: list[tuple[Any, ...]] = []

    async def later(*facts: Any) -> None:
        await asyncio.sleep(0)
        heard.append(("async", *facts))

    manager.add_hook(LOADING, later)
    manager.add_hook(LOADING, lambda *facts: heard.append(("sync", *facts)))
    manager.add_hook(INITIALIZING, lambda *facts: heard.append(("other", *facts)))
    await manager.transition_plugin("one", DISCOVERED, LOADING, {"why": "asked"})
    facts = ("one", DISCOVERED, LOADING, {"why": "asked"})
    assert heard == [("async", *facts), ("sync", *facts)]


@pytest.mark.asyncio
async def test_a_hook_finds_the_plugin_in_the_new_stage(manager: LifecycleManager) -> None:
    seen: list[PluginLifecycleStage] = []
    manager.add_hook(LOADING, lambda name, *_: seen.append(manager.stage_of(name)))
    await manager.transition_plugin("one", DISCOVERED, LOADING)
    assert seen == [LOADING]


@pytest.mark.asyncio
async def test_a_stage_of_another_enumeration_is_the_one_of_its_value(manager: LifecycleManager) -> None:
    class Stage(Enum):
        LOADING = "loading"
        MISSPELT = "initialising"

    told: list[object] = []
    manager.add_hook(Stage.LOADING, lambda name, old, new, facts: told.append(new))  # type: ignore[arg-type] # as written
    await manager.transition_plugin("one", DISCOVERED, LOADING)
    assert told == [LOADING]
    with pytest.raises(PluginError, match="no stage 'initialising'") as raised:
        manager.add_hook(Stage.MISSPELT, print)  # type: ignore[arg-type] # as above
    assert raised.value.fix == "did you mean 'initializing'?"


@pytest.mark.asyncio
@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)], ids=["error", "exit"])
async def test_a_failing_hook_is_logged_and_stays_its_own(
    manager: LifecycleManager, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    heard: list[str] = []

    def fail(*facts: object) -> None:
        raise error

    manager.add_hook(LOADING, fail)
    manager.add_hook(LOADING, lambda name, *_: heard.append(name))
    with caplog.at_level(logging.ERROR, "localagent.lifecycle"):
        await manager.transition_plugin("one", DISCOVERED, LOADING)
    assert manager.stage_of("one") is LOADING
    assert heard == ["one"]
    assert len(caplog.messages) == 1
    assert "loading hook: " in caplog.text


@pytest.mark.asyncio
async def test_a_hook_that_ended_is_called_no_more(manager: LifecycleManager) -> None:
    heard: list[str] = []
    end = manager.add_hook(LOADING, lambda name, *_: heard.append(name))
    assert [stage for stage, hooks in manager.hooks.items() if hooks] == [LOADING]
    end()
    end()
    assert not any(manager.hooks.values())
    await manager.transition_plugin("one", DISCOVERED, LOADING)
    assert heard == []


@pytest.mark.asyncio
async def test_hooks_may_come_and_go_while_they_are_called(manager: LifecycleManager) -> None:
    heard: list[str] = []

    def first(*facts: object) -> None:
        heard.append("first")
        end_second()
        manager.add_hook(LOADING, lambda *facts: heard.append("late"))

    manager.add_hook(LOADING, first)
    end_second = manager.add_hook(LOADING, lambda *facts: heard.append("second"))
    await manager.transition_plugin("one", DISCOVERED, LOADING)
    assert heard == ["first", "second"], "a step under way goes on over the hooks it began with"


@pytest.mark.asyncio
async def test_a_refused_step_tells_what_was_asked_and_calls_nobody(manager: LifecycleManager) -> None:
    heard: list[object] = []
    manager.add_hook(PluginLifecycleStage.READY, lambda *facts: heard.append(facts))
    with pytest.raises(IllegalTransition, match="'one' is discovered: discovered -> ready is no legal step"):
        await manager.transition_plugin("one", DISCOVERED, PluginLifecycleStage.READY)
    assert heard == []
