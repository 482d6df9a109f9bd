"""What many measurements come to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PERCENTILES = (50, 95, 99)


def average(values: Sequence[float]) -> float:
    """The mean; 0 where nothing was measured."""
    return math.fsum(values) / len(values) if values else 0.0


def percentiles(values: Sequence[float], of: str) -> dict[str, float]:
    """``p50_…``, ``p95_…`` and ``p99_…`` of what `of` names: the smallest value that so many percent do not exceed.

    So each is a value that was measured, however few there are; 0 where nothing was.
    """
    ordered = sorted(values)
    return {f"p{percent}_{of}": _percentile(ordered, percent) for percent in PERCENTILES}


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[math.ceil(len(ordered) * percent / 100) - 1] if ordered else 0.0
