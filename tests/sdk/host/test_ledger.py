"""What a plugin registered, taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from localagent import StalePluginError
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


def entered(ledger: Ledger, shown: list[str], name: str) -> Callable[[], None]:
    def register() -> Callable[[], None]:
        shown.append(name)
        return lambda: shown.remove(name)

    return ledger.enter(register)


def test_what_is_staged_is_seen_only_once_it_is_published() -> None:
    shown: list[str] = []
    ledger = Ledger(staged=True)
    end = entered(ledger, shown, "first")
    entered(ledger, shown, "second")
    end()
    assert shown == []
    ledger.publish()
    assert shown == ["second"]
    entered(ledger, shown, "third")
    assert shown == ["second", "third"]


def test_what_was_withdrawn_can_be_published_again() -> None:
    shown: list[str] = []
    ledger = Ledger()
    entered(ledger, shown, "first")
    entered(ledger, shown, "second")
    ledger.withdraw()
    assert shown == []
    ledger.publish()
    assert shown == ["first", "second"]
    ledger.undo_all()
    assert shown == []


def test_a_rehearsal_ends_when_the_real_thing_begins_or_never_does() -> None:
    shown: list[str] = []
    rehearsed: list[str] = []

    def rehearse() -> Callable[[], None]:
        rehearsed.append("yes")
        return rehearsed.clear

    for finish in (Ledger.publish, Ledger.undo_all):
        ledger = Ledger(staged=True)
        ledger.enter(lambda: shown.clear, rehearse=rehearse)
        assert rehearsed == ["yes"]
        finish(ledger)
        assert rehearsed == []


def test_a_ledger_that_is_closed_refuses_what_comes_later() -> None:
    shown: list[str] = []
    ledger = Ledger()
    entered(ledger, shown, "first")
    ledger.close(StalePluginError("gone", plugin="one"))
    assert shown == []
    with pytest.raises(StalePluginError):
        entered(ledger, shown, "second")
    with pytest.raises(StalePluginError):
        ledger.record(lambda: shown.append("undone"))
    assert shown == ["undone"]
