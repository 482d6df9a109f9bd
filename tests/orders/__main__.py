"""Run the quick tests in several random orders, and tell which of them are flaky; further words go to pytest.

An order that ran on the same sources before is not run again. Ctrl-C ends it cleanly, and the next call goes on from
there. Exit code 1 where a test fails in any order.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from orders.verdicts import Order, table, to_dict
from soak.keeping import Kept, state_of
from soak.report import span
from soak.running import ROOT, Moment, run_tests
from soak.telling import tell, tell_passing

EXAMPLE = "for example: nox -s orders -- --orders 3 tests/sdk/services"
INTERRUPTED = 130
FAILURES = 1
"""The exit code of pytest where tests failed and nothing worse happened."""
_TAIL = 60


def main(words: Sequence[str] | None = None) -> int:
    """Print the tables; 1 where a test failed in any order, 2 where no verdict is possible, 130 after Ctrl-C."""
    options, further = _parser().parse_known_args(words)
    # What cares for this process may end it so; that is no other wish than Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    kept = Kept.read(options.kept, state_of(options.root))
    series = Series(options.root, kept, (*([f"-n{options.jobs}"] if options.jobs > 1 else []), *further))
    seeds = range(options.first, options.first + options.orders)
    if options.again:
        kept.forget(series.name_of(seed) for seed in seeds)
    code = series.run(seeds)
    sys.stdout.write("\n".join(table(series.orders, shlex.join(["python", "-m", "pytest", *series.words]))) + "\n")
    if options.json:
        values = {"state": kept.state, "python": sys.version, **to_dict(series.orders)}
        options.json.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    return code


@dataclass(slots=True)
class Series:
    """The tests, run in one order after another.

    Attributes:
        root: folder in which pytest runs.
        kept: orders that ran before, and that run now.
        words: what pytest is told but for the seed.
        orders: those that came to their end.
    """

    root: Path
    kept: Kept
    words: tuple[str, ...]
    orders: list[Order] = field(default_factory=list[Order])

    def name_of(self, seed: int) -> str:
        """Under which an order is kept."""
        return shlex.join([f"--randomly-seed={seed}", *self.words])

    def run(self, seeds: Sequence[int]) -> int:
        """The exit code: 0 where no test failed, 1 where one did, 2 where no verdict is possible, 130 after Ctrl-C."""
        for number, seed in enumerate(seeds, 1):
            place = f"{number} of {len(seeds)}  seed {seed}"
            found = self.kept.found.get(self.name_of(seed))
            try:
                order = Order.from_dict(found) if found is not None else self._run_order(place, seed)
            except KeyboardInterrupt:
                tell("interrupted; the orders that ended are kept, and the next call goes on from there")
                return INTERRUPTED
            except RuntimeError as problem:
                tell(str(problem))
                return 2
            self.orders.append(order)
            was = ", kept" if found is not None else ""
            tell(f"{place}  {len(order.failed)} of {order.tests} tests failed, {span(order.seconds)}{was}")
        return 1 if any(order.failed for order in self.orders) else 0

    def _run_order(self, place: str, seed: int) -> Order:
        name = self.name_of(seed)
        whole = f"expected {span(self._expected())}"
        tell(f"{place}  begins, {whole}")
        began, failed, ran, known = time.monotonic(), set[str](), set[str](), set[str]()

        def follow(moment: Moment) -> None:
            known.update(moment.tests)
            ran.update(outcome.test for outcome in moment.outcomes)
            failed.update(outcome.test for outcome in moment.outcomes if outcome.outcome == "failed")
            elapsed = span(time.monotonic() - began)
            tell_passing(f"{place}  {len(ran)} of {len(known)} tests, {len(failed)} failed, {elapsed}, {whole}")

        ended = run_tests(["-q", f"--randomly-seed={seed}", *self.words], follow, root=self.root)
        if ended.code not in (0, FAILURES):
            raise RuntimeError("\n".join(ended.output.splitlines()[-_TAIL:]))
        seconds = time.monotonic() - began
        if failed:
            tell("\n".join(ended.output.splitlines()[-_TAIL:]))
        if not self.kept.is_current(self.root):
            raise RuntimeError("the sources changed while this order ran, so it is not kept; call it again")
        order = Order(seed, len(ran), round(seconds, 3), tuple(sorted(failed)), self._alone(seed, failed))
        self.kept.keep(name, asdict(order), seconds=order.seconds)
        return order

    def _alone(self, seed: int, failed: set[str]) -> tuple[str, ...]:
        """Which of these fail without those that came before them, each in a process of its own."""
        return tuple(test for test in sorted(failed) if self._fails_alone(seed, test))

    def _fails_alone(self, seed: int, test: str) -> bool:
        tell_passing(f"by itself: {test}")
        return run_tests(["-q", f"--randomly-seed={seed}", test], lambda _: None, root=self.root).code != 0

    def _expected(self) -> float | None:
        """The most seconds that an order of these tests took so far."""
        words = shlex.join(self.words)
        return max((each for name, each in self.kept.seconds.items() if name.partition(" ")[2] == words), default=None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m orders", description=__doc__, epilog=EXAMPLE, allow_abbrev=False)
    parser.add_argument("--orders", type=int, default=20, help="how many orders")
    parser.add_argument("--first", type=int, default=1, help="seed of the first one; the others follow")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes share the tests of an order")
    parser.add_argument("--again", action="store_true", help="also run orders that ran on the same sources before")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--kept", type=Path, default=ROOT / ".nox" / "orders.json", help="file with what ran before")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder whose tests are run")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
