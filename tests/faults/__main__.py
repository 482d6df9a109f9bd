"""Put this host and its peers through the same faults and print one page; 1 where this host falls short."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from faults.catalogue import FAULTS, STEPS
from faults.cells import all_cells, try_cell
from faults.crowd import try_crowd
from faults.numbered import numbered_faults
from faults.page import page
from faults.peers import Peer, PeerOutcome, peers, try_peer, try_stranger_with
from faults.report import Problems, Report
from faults.sequels import SEQUELS, try_sequel
from faults.strangers import STRANGERS, try_stranger
from faults.tried import failed_tests

T = TypeVar("T")
U = TypeVar("U")


def main(words: Sequence[str] | None = None) -> int:
    """Print the page; 1 where this host falls short."""
    options = _options(words)
    with tempfile.TemporaryDirectory(prefix="localagent-faults-") as folder, ThreadPoolExecutor(options.jobs) as pool:
        trial = Trial(Path(folder), pool, tuple(peers(options.peers)))
        report = trial.cells(options.only)
        if not options.only:
            theirs = report.theirs | trial.strangers_elsewhere()
            report = replace(report, theirs=theirs, strangers=trial.strangers())
            _tell("numbered faults")
            report = replace(report, numbered=tuple(numbered_faults()), failed_tests=failed_tests(trial.folder))
            report = replace(report, crowds=trial.crowds(options.crowd), sequels=trial.sequels(), size=options.crowd)
    sys.stdout.write("\n".join(report.lines()) + "\n")
    if options.page:
        options.page.write_text("\n".join(page(report)) + "\n", encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(report.to_dict(), indent=2), encoding="utf-8")
    return 1 if report.fell_short else 0


@dataclass(frozen=True, slots=True)
class Trial:
    """Where faults are tried, several at a time."""

    folder: Path
    pool: ThreadPoolExecutor
    peers: tuple[Peer, ...]

    def cells(self, only: str) -> Report:
        """Each fault at each step here, and at import with each peer."""
        cells = [cell for cell in all_cells() if only in cell.name]
        outcomes = self._each("cells", cells, try_cell)
        faults = [fault for fault in FAULTS if any(cell.fault is fault for cell in cells)]
        theirs = self._with_peers("peers", {fault.name: fault for fault in faults}, try_peer)
        return Report(tuple(peer.name for peer in self.peers), tuple(outcomes), theirs)

    def strangers(self) -> dict[str, Problems]:
        """Broken distributions of others beside healthy plugins here."""
        strangers = STRANGERS.values()
        outcomes = self._each("strangers", strangers, lambda stranger, place: tuple(try_stranger(stranger, place)))
        return dict(zip(STRANGERS, outcomes, strict=True))

    def strangers_elsewhere(self) -> dict[tuple[str, str], PeerOutcome]:
        """The same with each peer."""
        return self._with_peers("strangers elsewhere", STRANGERS, try_stranger_with)

    def crowds(self, size: int) -> dict[str, Problems]:
        """Many plugins of which a fifth is broken, at each step."""
        outcomes = self._each("crowds", STEPS, lambda step, place: tuple(try_crowd(step, place, size=size)))
        return dict(zip(STEPS, outcomes, strict=True))

    def sequels(self) -> dict[str, Problems]:
        """What goes wrong on the way."""
        outcomes = self._each("sequels", SEQUELS, lambda kind, place: tuple(try_sequel(kind, place)))
        return dict(zip(SEQUELS, outcomes, strict=True))

    def _with_peers(
        self, what: str, things: dict[str, T], put: Callable[[Peer, T, Path], PeerOutcome]
    ) -> dict[tuple[str, str], PeerOutcome]:
        pairs = [(peer, name) for name in things for peer in self.peers]
        outcomes = self._each(what, pairs, lambda pair, place: put(pair[0], things[pair[1]], place))
        return {(peer.name, name): outcome for (peer, name), outcome in zip(pairs, outcomes, strict=True)}

    def _each(self, what: str, things: Iterable[T], put: Callable[[T, Path], U]) -> list[U]:
        """What becomes of each thing, tried in a folder of its own."""
        tried = list(things)
        places = [self.folder / what / str(number) for number in range(len(tried))]
        outcomes: list[U] = []
        for outcome in self.pool.map(put, tried, places):
            outcomes.append(outcome)
            _tell(f"{what}: {len(outcomes)} of {len(tried)}")
        return outcomes


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--only", default="", help="cells whose name, as 'raise at import', contains this")
    parser.add_argument("--peers", type=Path, default=Path("peers"), help="folder with an environment for each peer")
    parser.add_argument("--crowd", type=int, default=200, help="how many plugins of which a fifth is broken")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--page", type=Path, help="also write the tables, with what they mean, to this Markdown file")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    return parser.parse_args(words)


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
