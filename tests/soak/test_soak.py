"""`python -m soak` on a small suite: what it runs, what it keeps, what it says, and how it ends and goes on."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from soak.keeping import Kept, state_of
from soak.pieces import Piece, chosen, pieces_of
from soak.report import Result, shown, span, table
from soak.running import Outcome
from soak.small_suite import SmallSuite

pytestmark = pytest.mark.slow

IDS = (
    "tests/test_crashes.py::test_killed[storage]",
    "tests/cli/scaffold/test_add.py::test_all[a::b-c]",
    "tests/test_crashes.py::test_killed[lock]",
    "tests/templates/test_matrix.py::test_all",
    "tests/cli/test_waiting.py::TestWaiting::test_it_waits",
)


def test_a_piece_is_a_function_with_all_its_cases_but_for_those_of_another_session() -> None:
    first, second, third = pieces_of(IDS)
    assert first == Piece("tests/test_crashes.py::test_killed", (IDS[0], IDS[2]))
    assert second.tests == (IDS[1],)
    assert [piece.name for piece in (first, second, third)] == [
        "crashes: killed",
        "cli/scaffold/add: all",
        "cli/waiting: it waits",
    ]


@pytest.mark.parametrize(("only", "names"), [("", 3), ("scaffold/", 1), ("it waits", 1), ("[lock]", 1), ("zebra", 0)])
def test_pieces_are_chosen_by_name_or_id(only: str, names: int) -> None:
    assert len(chosen(pieces_of(IDS), only)) == names


PIECE = pieces_of(IDS)[0]


def result(*outcomes: str, ran: bool = True, **figures: float) -> Result:
    named = {name.replace("_", " "): value for name, value in figures.items()}
    told = [Outcome(test, outcome, 1.5, named) for test, outcome in zip(IDS[::2], outcomes, strict=False)]
    return Result(PIECE, tuple(told), ran=ran)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (("passed", "passed"), "ok"),
        (("passed", "failed"), "FAILED"),
        (("failed",), "FAILED"),
        (("passed", "skipped"), "skipped"),
        (("passed",), "1 left"),
        ((), "not run"),
    ],
)
def test_a_piece_is_as_good_as_its_worst_test(outcomes: tuple[str, ...], verdict: str) -> None:
    assert result(*outcomes).verdict == verdict


def test_figures_are_summed_up_but_for_the_largest() -> None:
    both = result("passed", "passed", kills=500, most_ms=3.25)
    assert both.figures == {"kills": 1000, "most ms": 3.25}
    assert shown(both) == "1,000 kills, most ms 3.2"
    assert list(table([both]))[2] == "| crashes: killed | ok | 3.0 | 1,000 kills, most ms 3.2 |"
    assert shown(result("passed")) == "1 of 2 tests"
    assert result("passed", "passed", ran=False).verdict == "ok, kept"


def test_times_read_well() -> None:
    assert [span(None), span(0.4), span(119), span(3725)] == ["?", "0 s", "119 s", "62 min 05 s"]


def test_what_is_kept_lasts_until_the_sources_change_and_times_last_longer(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "kept.json"
    kept = Kept.read(file, "one")
    kept.keep("a", {"test": "a"}, seconds=2)
    kept.keep("b", None, seconds=3)
    assert Kept.read(file, "one").found == {"a": {"test": "a"}}
    other = Kept.read(file, "two")
    assert (other.found, other.expected(["a", "b"]), other.expected(["a", "c"])) == ({}, 5, None)
    kept.forget(["a", "never heard of"])
    assert Kept.read(file, "one").found == {}
    file.write_text("{torn")
    assert Kept.read(file, "one").seconds == {}


LONG_FORMS = """
import os
from pathlib import Path

import pytest

@pytest.mark.soak
@pytest.mark.parametrize("number", [1, 2, 3])
def test_counts(number, record_property):
    record_property("things", number)
    note(f"counts {number}")
    if number == 2 and Path("pause").exists():
        Path("pauses").touch()
        try:
            while Path("pause").exists():
                pass
        finally:
            note("cleaned up")

@pytest.mark.soak
def test_holds():
    note("holds")
    if Path("edit").exists():
        Path("tests/new.py").touch()
    assert not Path("break").exists(), "somebody broke it"
    if Path("die").exists():
        os._exit(7)

@pytest.mark.soak
def test_is_skipped():
    pytest.skip("not here")

def test_quick():
    note("quick")

def note(text):
    with Path("log").open("a") as log:
        log.write(f"{text}\\n")
"""


@pytest.fixture
def suite(tmp_path: Path) -> SmallSuite:
    return SmallSuite.make("soak", LONG_FORMS, tmp_path)


def test_every_long_form_runs_once_for_the_same_sources(suite: SmallSuite, tmp_path: Path) -> None:
    first = suite(f"--json={tmp_path / 'figures.json'}")
    assert first.code == 0, first.text
    assert suite.ran() == ["counts 1", "counts 2", "counts 3", "holds"]
    lines = [line.split(" | ") for line in first.out.splitlines()[2:]]
    assert [(line[0], line[1], line[3]) for line in lines] == [
        ("| it: counts", "ok", "6 things |"),
        ("| it: holds", "ok", "1 of 1 tests |"),
        ("| it: is skipped", "skipped", "0 of 1 tests |"),
    ]
    assert "1 of 3  begins    it: counts  3 tests, expected ?\n" in first.err
    told: dict[str, Any] = json.loads((tmp_path / "figures.json").read_text())
    assert next((each["result"], each["figures"]) for each in told["pieces"]) == ("ok", {"things": 6})

    assert "| it: counts | ok, kept |" in suite().out
    assert suite.ran() == []
    assert "| it: holds | 1 | 1 | 0 s |" in suite("--list").out
    assert suite("--again", "--only", "holds").code == 0
    assert suite.ran() == ["holds"]
    (suite.root / "tests" / "new.py").touch()
    again = suite("--only", "holds")
    assert (suite.ran(), "1 tests, expected 0 s" in again.err) == (["holds"], True)


def test_what_failed_is_told_and_runs_again(suite: SmallSuite) -> None:
    (suite.root / "break").touch()
    broken = suite()
    assert (broken.code, "| it: holds | FAILED |" in broken.out) == (1, True)
    assert "somebody broke it" in broken.err
    suite.ran()
    (suite.root / "break").unlink()
    assert suite().code == 0
    assert suite.ran() == ["holds"]


def test_what_runs_while_the_sources_change_is_not_kept(suite: SmallSuite) -> None:
    (suite.root / "edit").touch()
    edited = suite("--only", "holds")
    assert (edited.code, "the sources changed while this ran" in edited.err) == (2, True), edited.err
    suite.ran()
    assert "| it: holds | ok |" in suite("--only", "holds").out
    assert suite.ran() == ["holds"]


def test_a_process_that_dies_is_a_failure(suite: SmallSuite) -> None:
    (suite.root / "die").touch()
    dead = suite("--only", "holds")
    assert (dead.code, "| it: holds | FAILED |" in dead.out) == (1, True)


def test_tests_of_one_piece_run_side_by_side_on_request(suite: SmallSuite) -> None:
    done = suite("--jobs=2", "--only", "counts")
    assert (done.code, sorted(suite.ran())) == (0, ["counts 1", "counts 2", "counts 3"]), done.text
    assert "| it: counts | ok |" in done.out
    assert "6 things" in done.out


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_soak_cleans_up_and_is_gone_on_with(suite: SmallSuite, by: signal.Signals) -> None:
    (suite.root / "pause").touch()
    with suite.start("--jobs=1") as process:
        while not (suite.root / "pauses").exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(by)
        out, err = process.communicate()
    assert (process.returncode, "the next call goes on from there" in err) == (130, True), err
    assert "| it: counts | 2 left |" in out
    assert "| it: holds | not run |" in out
    assert suite.ran() == ["counts 1", "counts 2", "cleaned up"]
    (suite.root / "pause").unlink()
    assert suite().code == 0
    assert suite.ran() == ["counts 2", "counts 3", "holds"]


def test_a_name_that_no_piece_has_is_wrong_usage(suite: SmallSuite) -> None:
    done = suite("--only", "zebra")
    assert (done.code, "--list tells which there are" in done.err) == (2, True)


def test_tests_that_cannot_be_collected_are_told_of(suite: SmallSuite) -> None:
    (suite.root / "tests" / "test_it.py").write_text("import nowhere\n")
    assert "No module named 'nowhere'" in suite().err


def test_the_state_of_the_sources_is_what_is_in_them_and_no_more(suite: SmallSuite) -> None:
    before = state_of(suite.root)
    (suite.root / "log").touch()
    assert state_of(suite.root) == before
    (suite.root / "tests" / "link").symlink_to("test_it.py")
    assert state_of(suite.root) != before
