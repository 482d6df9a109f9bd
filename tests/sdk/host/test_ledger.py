"""What a plugin registered, taken back."""

from __future__ import annotations

from localagent.host.ledger import Ledger


def test_what_was_registered_last_goes_first() -> None:
    gone: list[int] = []
    ledger = Ledger()
    for number in range(3):
        ledger.record(lambda number=number: gone.append(number))  # type: ignore[misc] # mypy infers no type of a default
    ledger.undo_all()
    assert gone == [2, 1, 0]


def test_everything_is_taken_back_once() -> None:
    gone: list[str] = []
    ledger = Ledger()
    ledger.record(lambda: gone.append("once"))
    ledger.undo_all()
    ledger.undo_all()
    assert gone == ["once"]


def test_what_is_registered_while_things_go_goes_too() -> None:
    gone: list[str] = []
    ledger = Ledger()
    ledger.record(lambda: gone.append("first"))
    ledger.record(lambda: ledger.record(lambda: gone.append("late")))
    ledger.undo_all()
    assert gone == ["late", "first"]
