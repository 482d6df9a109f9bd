"""What became of the faults, here and with the peers, as one page and as JSON values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from faults.catalogue import STEPS
from faults.cells import Outcome
from faults.numbered import NumberedFault
from faults.peers import PeerOutcome

Problems = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All results; problems are told in words, and there are none where all is well.

    Attributes:
        peers: the names of those that took part.
        outcomes: of each fault at each step.
        theirs: what a peer made of a fault at import or of a stranger, by peer and name.
        strangers: problems with each broken distribution of somebody else.
        crowds: problems with many plugins of which a fifth is broken, by step.
        sequels: problems with what goes wrong on the way, by what that is.
        size: how many plugins a crowd is.
        numbered: the tests of numbered faults, where they were run.
        failed_tests: what became of those that did not pass, by the name of their function.
    """

    peers: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    theirs: dict[tuple[str, str], PeerOutcome]
    strangers: dict[str, Problems] = field(default_factory=dict[str, Problems])
    crowds: dict[str, Problems] = field(default_factory=dict[str, Problems])
    sequels: dict[str, Problems] = field(default_factory=dict[str, Problems])
    size: int = 0
    numbered: tuple[NumberedFault, ...] = ()
    failed_tests: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def fell_short(self) -> bool:
        """Whether this host has a problem anywhere."""
        tables = (self.strangers, self.crowds, self.sequels)
        fell = any(outcome.problems for outcome in self.outcomes) or any(any(table.values()) for table in tables)
        return fell or bool(self.failed_tests)

    def lines(self) -> Iterator[str]:
        """All tables, as Markdown."""
        yield from self.cells()
        if self.strangers:
            yield ""
            yield from self.of_strangers()
        if self.crowds:
            yield ""
            yield from self.of_crowds()
        if self.sequels:
            yield ""
            yield from self.of_sequels()

    def to_dict(self) -> dict[str, Any]:
        """The results as JSON values."""
        return {
            "cells": [
                {"fault": each.cell.fault.name, "step": each.cell.step, "problems": each.problems}
                for each in self.outcomes
            ],
            "peers": [
                {
                    "peer": peer,
                    "fault": fault,
                    "works": seen.works,
                    "disturbed": seen.disturbed,
                    "named": seen.named,
                    "code": seen.code,
                }
                for (peer, fault), seen in self.theirs.items()
            ],
            "strangers": self.strangers,
            "crowds": self.crowds,
            "sequels": self.sequels,
        }

    def cells(self) -> Iterator[str]:
        """Each fault at each step, how many cells hold, and what is wrong with those that do not."""
        yield from _head("fault", *STEPS, *(f"{name}, at import" for name in self.peers))
        for fault in dict.fromkeys(outcome.cell.fault.name for outcome in self.outcomes):
            ours = {each.cell.step: each for each in self.outcomes if each.cell.fault.name == fault}
            cells = [("FALLS SHORT" if ours[step].problems else "ok") if step in ours else "" for step in STEPS]
            yield _row(fault, *cells, *self._of_peers(fault))
        well = sum(not outcome.problems for outcome in self.outcomes)
        yield ""
        yield f"{well} of {len(self.outcomes)} cells hold."
        if self.fell_short:
            yield ""
        for outcome in self.outcomes:
            if outcome.problems:
                yield f"- {outcome.cell.name}: {'; '.join(dict.fromkeys(outcome.problems))}"

    def of_strangers(self) -> Iterator[str]:
        """What somebody else's broken distribution costs."""
        yield from _head("a stranger's entry_points.txt has", "here", *self.peers)
        for kind, problems in self.strangers.items():
            yield _row(kind, "; ".join(problems) or "ok", *self._of_peers(kind))

    def of_crowds(self) -> Iterator[str]:
        """What becomes of many plugins of which a fifth is broken."""
        bad = self.size // 5
        yield from _head(f"{self.size} plugins, {bad} of them broken at", "here")
        for step, problems in self.crowds.items():
            yield _row(step, "; ".join(problems) or f"{self.size - bad} work, {bad} are reported")

    def of_sequels(self) -> Iterator[str]:
        """What becomes of what goes wrong on the way."""
        yield from _head("on the way", "here")
        for kind, problems in self.sequels.items():
            yield _row(kind, "; ".join(problems) or "ok")

    def _of_peers(self, name: str) -> Iterator[str]:
        return (str(self.theirs.get((peer, name), "")) for peer in self.peers)


def _head(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield _row(*("---" for _ in titles))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
