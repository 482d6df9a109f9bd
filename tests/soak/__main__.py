"""Run every long form, a piece at a time; what passed on the same sources before is not run again.

Ctrl-C ends it cleanly, and the next call goes on from there. Exit code 1 where a piece fails.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from soak.keeping import Kept, state_of
from soak.pieces import Piece, chosen, pieces_of
from soak.report import Result, listing, shown, span, table
from soak.running import ROOT, Moment, Outcome, run_tests
from soak.telling import tell, tell_passing

EXAMPLE = "for example: nox -s soak -- --only crashes --json soak.json"
INTERRUPTED = 130
CANNOT_SAY = 2
"""The exit code where no verdict is possible: there is nothing to run, or the sources change meanwhile."""
WORDS = ("-m", "soak", "-q", "-p", "no:randomly")
"""What pytest is always told: one order, so that what is left after a break is the rest."""
_TAIL = 60
"""How many of the last lines are shown of what a piece printed that failed."""


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; 1 where a piece fails, 130 after Ctrl-C."""
    options = _options(words)
    # What cares for this process may end it so; that is no other wish than Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        pieces = chosen(pieces_of(collected(options.root)), options.only)
    except KeyboardInterrupt:
        return INTERRUPTED
    if not pieces:
        tell(f"no long form has {options.only!r} in its name; --list tells which there are")
        return CANNOT_SAY
    kept = Kept.read(options.kept, state_of(options.root))
    if options.list:
        sys.stdout.write("\n".join(listing(pieces, kept)) + "\n")
        return 0
    if options.again:
        kept.forget(test for piece in pieces for test in piece.tests)
    soak = Soak(options.root, kept, options.jobs)
    code = soak.run(pieces)
    sys.stdout.write("\n".join(table(soak.results)) + "\n")
    if options.json:
        values = {"state": kept.state, "python": sys.version, "pieces": [each.to_dict() for each in soak.results]}
        options.json.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    return code


def collected(root: Path) -> list[str]:
    """The ids of all tests that are marked as long forms.

    Raises:
        SystemExit: they cannot be collected; what pytest says of it is told.
    """
    tell_passing("looking for long forms")
    tests: list[str] = []
    ended = run_tests([*WORDS, "--collect-only"], lambda moment: tests.extend(moment.tests), root=root)
    if ended.code:
        raise SystemExit(ended.output)
    return tests


@dataclass(slots=True)
class Soak:
    """The pieces, run one after another.

    Attributes:
        root: folder in which pytest runs.
        kept: what passed before, and what passes now.
        jobs: how many tests of one piece may run side by side.
        results: of all pieces, those that were not reached among them.
    """

    root: Path
    kept: Kept
    jobs: int
    results: list[Result] = field(default_factory=list[Result])

    def run(self, pieces: Sequence[Piece]) -> int:
        """The exit code: 0 where all hold, 1 where one fails, 2 where the sources changed, 130 after Ctrl-C."""
        began, code = time.monotonic(), 0
        for number, piece in enumerate(pieces, 1):
            try:
                result = self._run_piece(f"{number} of {len(pieces)}", piece)
            except KeyboardInterrupt:
                self.results += [Result(each, self._passed(each), ran=False) for each in pieces[number - 1 :]]
                tell("interrupted; what passed is kept, and the next call goes on from there")
                return INTERRUPTED
            if result.ran and not self.kept.is_current(self.root):
                self.kept.forget(piece.tests)
                tell(f"the sources changed while this ran, so nothing of it is kept: {piece.name}; call it again")
                return CANNOT_SAY
            self.results.append(result)
            tell(
                f"{number} of {len(pieces)}  {result.verdict:8}  {piece.name}  {span(result.seconds)}  {shown(result)}"
            )
            code = 1 if result.verdict == "FAILED" else code
        tell(f"{len(pieces)} pieces in {span(time.monotonic() - began)}")
        return code

    def _run_piece(self, place: str, piece: Piece) -> Result:
        passed = self._passed(piece)
        left = [test for test in piece.tests if test not in self.kept.found]
        if not left:
            return Result(piece, passed, ran=False)
        jobs = min(self.jobs, len(left))
        expected = self.kept.expected(left)
        whole = f"expected {span(expected and expected / jobs)}"
        tell(f"{place}  begins    {piece.name}  {len(left)} tests, {whole}")
        began, outcomes = time.monotonic(), list(passed)

        def follow(moment: Moment) -> None:
            for outcome in moment.outcomes:
                outcomes.append(outcome)
                self._keep(outcome)
            elapsed = span(time.monotonic() - began)
            tell_passing(f"{place}  {piece.name}: {len(outcomes)} of {len(piece.tests)}, {elapsed}, {whole}")

        ended = run_tests([*WORDS, *([f"-n{jobs}"] if jobs > 1 else []), *left], follow, root=self.root)
        if ended.code:
            tell("\n".join(ended.output.splitlines()[-_TAIL:]))
            known = {outcome.test for outcome in outcomes}
            # Nothing is said of a test in which the whole process died, nor of those after it.
            outcomes += [Outcome(test, "failed", 0) for test in left if test not in known]
        return Result(piece, tuple(outcomes), ran=True)

    def _passed(self, piece: Piece) -> tuple[Outcome, ...]:
        return tuple(Outcome(**self.kept.found[test]) for test in piece.tests if test in self.kept.found)

    def _keep(self, outcome: Outcome) -> None:
        self.kept.keep(outcome.test, asdict(outcome) if outcome.outcome == "passed" else None, seconds=outcome.seconds)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("--only", default="", help="pieces whose name, or a test's id, contains this")
    parser.add_argument("--list", action="store_true", help="only tell which pieces there are, and what passed")
    parser.add_argument("--again", action="store_true", help="also run what passed on the same sources before")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="tests of one piece side by side")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--kept", type=Path, default=ROOT / ".nox" / "soak.json", help="file with what passed before")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder whose tests are run")
    return parser.parse_args(words)


if __name__ == "__main__":
    raise SystemExit(main())
