"""`python -m orders` on a small suite: which tests it calls flaky, what it keeps, and how it goes on."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from orders.verdicts import Order, Verdict, table, verdicts
from soak.small_suite import SmallSuite

ORDERS = (
    Order(1, 9, 2.0, ("flaky", "broken"), ("broken",)),
    Order(2, 9, 2.4, ("broken", "shaky"), ("broken", "shaky")),
)


def test_a_test_is_broken_if_it_always_fails_and_flaky_otherwise() -> None:
    assert verdicts(ORDERS) == [
        Verdict("broken", (1, 2), 2, 2),
        Verdict("flaky", (1,), 2, 0),
        Verdict("shaky", (2,), 2, 1),
    ]
    assert [each.is_broken for each in verdicts(ORDERS)] == [True, False, False]


def test_the_table_says_how_to_see_it_again() -> None:
    lines = list(table(ORDERS, "pytest -n2"))
    assert lines[2:4] == ["| 1 | 9 | 2 | 2 |", "| 2 | 9 | 2 | 2 |"]
    assert lines[-1] == "| shaky | FLAKY | 1 of 2 | 1 of 1 | pytest -n2 --randomly-seed=2 |"
    assert len(list(table([Order(1, 9, 2.0, (), ())], ""))) == 3


QUICK = """
from pathlib import Path
import time

import pytest

done = set()

def test_first():
    note("first")
    done.add("first")

def test_wants_to_come_before():
    note("before")
    assert "first" not in done, "came too late"

def test_waits():
    note("waits")
    while Path("pause").exists():
        time.sleep(0.01)

@pytest.mark.soak
def test_long():
    note("long")

def note(text):
    with Path("log").open("a") as log:
        log.write(f"{text}\\n")
"""
LATE = "tests/test_it.py::test_wants_to_come_before"


@pytest.fixture
def suite(tmp_path: Path) -> SmallSuite:
    return SmallSuite.make("orders", QUICK, tmp_path)


def test_a_test_that_rests_on_the_order_is_flaky_with_a_seed(suite: SmallSuite, tmp_path: Path) -> None:
    done = suite("--orders=4", f"--json={tmp_path / 'orders.json'}")
    told: dict[str, Any] = json.loads((tmp_path / "orders.json").read_text())
    (flaky,) = told["failed"]
    assert (done.code, flaky["test"], flaky["verdict"], flaky["alone"]) == (1, LATE, "flaky", 0)
    assert 0 < len(flaky["seeds"]) < 4
    assert f"| {LATE} | FLAKY | " in done.out
    assert done.out.endswith(f"python -m pytest --randomly-seed={flaky['seeds'][0]} |\n")
    assert "came too late" in done.err
    log = suite.ran()
    assert (log.count("first"), log.count("long")) == (4, 0)
    # By itself once for each order in which it failed.
    assert log.count("before") == 4 + len(flaky["seeds"])

    well = next(seed for seed in range(1, 5) if seed not in flaky["seeds"])
    again = suite("--orders=1", f"--first={well}")
    assert (again.code, suite.ran(), ", kept" in again.err) == (0, [], True)
    more = suite("--orders=1", f"--first={well}", "--again")
    assert (more.code, sorted(suite.ran())) == (0, ["before", "first", "waits"])
    assert "begins, expected " in more.err


def test_further_words_go_to_pytest(suite: SmallSuite) -> None:
    done = suite("--orders=1", "-k", "first")
    assert (done.code, suite.ran()) == (0, ["first"])
    wrong = suite("--orders=1", "tests/nowhere.py")
    assert (wrong.code, "nowhere.py" in wrong.err) == (2, True)


def test_an_interrupted_series_is_gone_on_with(suite: SmallSuite) -> None:
    assert suite("--orders=1", "-k", "waits").code == 0
    assert suite.ran() == ["waits"]
    (suite.root / "pause").touch()
    with suite.start("--jobs=1", "--orders=2", "-k", "waits") as process:
        while not (suite.root / "log").exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert (process.returncode, "the next call goes on from there" in err) == (130, True), err
    (suite.root / "pause").unlink()
    suite.ran()
    assert suite("--orders=2", "-k", "waits").code == 0
    assert suite.ran() == ["waits"]
