"""Which tests are flaky, by what became of them in several orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Order:
    """One run of the suite in the order that a seed gives.

    Attributes:
        seed: for pytest-randomly.
        tests: how many ran.
        seconds: that it took.
        failed: ids of those that failed.
        failed_alone: those of them that failed again by themselves, with the same seed.
    """

    seed: int
    tests: int
    seconds: float
    failed: tuple[str, ...]
    failed_alone: tuple[str, ...]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Order:
        """As `asdict` gave it, and perhaps JSON since."""
        failed = {name: tuple(values[name]) for name in ("failed", "failed_alone")}
        return cls(**{**values, **failed})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a test that failed somewhere.

    Attributes:
        test: its id.
        seeds: of the orders in which it failed.
        orders: how many there were.
        alone: in how many of those it failed by itself, too.
    """

    test: str
    seeds: tuple[int, ...]
    orders: int
    alone: int

    @property
    def is_broken(self) -> bool:
        """Whether it fails whatever comes before it, which is not flaky."""
        return self.alone == len(self.seeds) == self.orders


def verdicts(orders: Sequence[Order]) -> list[Verdict]:
    """Each test that failed somewhere, in the order of the ids."""
    tests = sorted({test for order in orders for test in order.failed})
    return [_verdict(test, orders) for test in tests]


def _verdict(test: str, orders: Sequence[Order]) -> Verdict:
    seeds = tuple(order.seed for order in orders if test in order.failed)
    alone = sum(test in order.failed_alone for order in orders)
    return Verdict(test, seeds, len(orders), alone)


def table(orders: Sequence[Order], repeat: str) -> Iterator[str]:
    """All orders and then all tests that failed in any, as Markdown.

    Args:
        orders: those that ran.
        repeat: the command for one order, without the seed.
    """
    yield "| seed | tests | failed | seconds |"
    yield "|---|---|---|---|"
    for order in orders:
        yield f"| {order.seed} | {order.tests} | {len(order.failed)} | {order.seconds:.0f} |"
    failed = verdicts(orders)
    if not failed:
        return
    yield ""
    yield "| test | verdict | failed in | alone | repeat |"
    yield "|---|---|---|---|---|"
    for each in failed:
        verdict = "broken" if each.is_broken else "FLAKY"
        failures = f"{len(each.seeds)} of {each.orders}"
        again = f"{repeat} --randomly-seed={each.seeds[0]}"
        yield f"| {each.test} | {verdict} | {failures} | {each.alone} of {len(each.seeds)} | {again} |"


def to_dict(orders: Sequence[Order]) -> dict[str, Any]:
    """The same as JSON values."""
    failed = [asdict(each) | {"verdict": "broken" if each.is_broken else "flaky"} for each in verdicts(orders)]
    return {"orders": [asdict(order) for order in orders], "failed": failed}
