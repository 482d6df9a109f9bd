"""The graph of stages."""

from __future__ import annotations

import pytest

from localagent.plugins.stages import LEGAL_TRANSITIONS, PluginLifecycleStage

STAGES = list(PluginLifecycleStage)


def reachable(start: PluginLifecycleStage) -> set[PluginLifecycleStage]:
    seen = {start}
    front = [start]
    while front:
        front = [stage for last in front for stage in LEGAL_TRANSITIONS[last] if stage not in seen]
        seen.update(front)
    return seen


def test_there_are_the_eight_stages_by_their_names() -> None:
    assert [stage.value for stage in STAGES] == [
        "discovered",
        "loading",
        "initializing",
        "ready",
        "executing",
        "cleaning_up",
        "unloaded",
        "error",
    ]


def test_every_stage_is_reached_from_the_first() -> None:
    assert reachable(PluginLifecycleStage.DISCOVERED) == set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_every_life_can_end_and_begin_anew(stage: PluginLifecycleStage) -> None:
    assert {PluginLifecycleStage.UNLOADED, PluginLifecycleStage.READY} <= reachable(stage)


@pytest.mark.parametrize("stage", STAGES)
def test_no_step_stays_where_it_is_or_goes_back_to_being_discovered(stage: PluginLifecycleStage) -> None:
    assert not {stage, PluginLifecycleStage.DISCOVERED} & LEGAL_TRANSITIONS[stage]


def test_what_can_fail_is_what_runs_code_of_the_plugin() -> None:
    failing = {stage.value for stage in STAGES if PluginLifecycleStage.ERROR in LEGAL_TRANSITIONS[stage]}
    assert failing == {"loading", "initializing", "executing", "cleaning_up"}
