"""Properties that are made with their first use."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from localagent.services.made_once import made_once

MANY = 8


class Shop:
    def __init__(self) -> None:
        self.made = 0

    @made_once
    def till(self) -> list[int]:
        """What it earns."""
        self.made += 1
        # Long enough for the others to ask meanwhile.
        time.sleep(0.05)
        return [self.made]

    @made_once
    def door(self) -> tuple[list[int]]:
        return (self.till,)


def test_threads_that_ask_at_once_get_the_same_value() -> None:
    shop, together = Shop(), threading.Barrier(MANY)

    def ask(number: int) -> list[int]:
        together.wait()
        return shop.door[0] if number % 2 else shop.till

    with ThreadPoolExecutor(MANY) as pool:
        tills = list(pool.map(ask, range(MANY)))
    assert shop.made == 1
    assert all(till is tills[0] for till in tills)


def test_each_object_has_its_own_which_may_be_set() -> None:
    first, second = Shop(), Shop()
    assert first.till is not second.till
    second.till = [7]
    assert (second.till, first.till) == ([7], [1])


def test_the_class_shows_what_it_says_of_itself() -> None:
    assert Shop.till.__doc__ == "What it earns."
