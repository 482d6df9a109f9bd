"""The statistics that decide whether a goal is missed."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from benchmarks.measuring import Contestant, Quantity, Row, cpu_seconds, judge, take_turns

RATIO = Row("a against b", Quantity("a"), Quantity("b"), goal=0.5)
GROWTH = Row("a's growth against b's", Quantity("a1", less="a0"), Quantity("b1", less="b0"), goal=0.5)


def contestant(name: str, code: str, folder: Path) -> Contestant:
    return Contestant(name, (sys.executable, "-c", code), os.environ, folder)


def test_a_ratio_is_one_of_medians() -> None:
    result = judge(RATIO, {"a": [1.0, 2.0, 30.0], "b": [4.0, 4.0, 4.0]})
    assert result.ratio == pytest.approx(0.5)
    assert result.low <= result.ratio <= result.high


def test_growth_is_a_difference_of_medians() -> None:
    samples = {"a0": [1.0] * 3, "a1": [2.0] * 3, "b0": [1.0] * 3, "b1": [5.0] * 3}
    assert judge(GROWTH, samples).ratio == pytest.approx(0.25)


def test_a_goal_is_missed_only_beyond_doubt() -> None:
    surely = {"a": [6.0] * 9, "b": [10.0] * 9}
    doubtful = {"a": [4.0, 6.0, 8.0, 4.0, 6.0, 8.0, 4.0, 6.0, 8.0], "b": [10.0] * 9}
    assert judge(RATIO, surely).missed
    assert judge(RATIO, doubtful).ratio > 0.5
    assert not judge(RATIO, doubtful).missed


def test_a_row_without_a_goal_is_never_missed() -> None:
    assert not judge(Row("told", Quantity("a"), Quantity("b")), {"a": [9.0], "b": [1.0]}).missed


def test_a_slow_round_slows_both_sides_and_changes_little() -> None:
    quiet, busy = [1.0, 1.0, 1.0, 1.0], [3.0, 3.0, 3.0, 3.0, 3.0]
    result = judge(RATIO, {"a": quiet + busy, "b": [2 * each for each in quiet + busy]})
    assert result.low == result.high == pytest.approx(0.5)


def test_growth_that_is_noise_says_nothing() -> None:
    samples = {"a0": [1.0] * 3, "a1": [2.0] * 3, "b0": [5.0] * 3, "b1": [4.9] * 3}
    assert not judge(GROWTH, samples).missed


def test_the_same_samples_give_the_same_verdict() -> None:
    samples = {"a": [1.0, 2.0, 3.0, 4.0], "b": [4.0, 5.0, 6.0, 7.0]}
    assert judge(RATIO, samples) == judge(RATIO, samples)


def test_contestants_take_turns_and_the_first_round_does_not_count(tmp_path: Path) -> None:
    log = tmp_path / "log"
    entered = [contestant(name, f"open({str(log)!r}, 'a').write({name!r})", tmp_path) for name in "ab"]
    samples = take_turns(entered, 2, tell=lambda text: None, round_seconds=0)
    assert log.read_text(encoding="utf-8") == "ababab"
    assert {name: len(times) for name, times in samples.items()} == {"a": 2, "b": 2}


def test_rounds_that_are_short_become_more(tmp_path: Path) -> None:
    entered = [contestant("a", "", tmp_path)]
    assert len(take_turns(entered, 2, tell=lambda text: None, round_seconds=60)["a"]) == 10


def test_cpu_time_counts_work_and_not_waiting(tmp_path: Path) -> None:
    waiting = cpu_seconds(contestant("waiting", "import time; time.sleep(0.3)", tmp_path))
    working = cpu_seconds(contestant("working", "import time\nwhile time.process_time() < 0.3: pass", tmp_path))
    assert waiting < 0.2 < working


def test_a_contestant_that_fails_has_no_time(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="broken ended with code 1"):
        cpu_seconds(contestant("broken", "raise SystemExit(1)", tmp_path))


def test_a_contestant_may_tell_its_seconds_itself(tmp_path: Path) -> None:
    telling = dataclasses.replace(contestant("a", "print(0.25)", tmp_path), tells_seconds=True)
    assert take_turns([telling], 2, tell=lambda _: None, round_seconds=0) == {"a": [0.25, 0.25]}
