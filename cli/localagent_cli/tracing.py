"""A traced run of a command: its host, and what is shown of the trace."""

from __future__ import annotations

import json
import os
import sys
from itertools import groupby
from typing import TYPE_CHECKING

from localagent.host.journal import Journal
from localagent.host.tracing import Span, Trace, TracingHost
from localagent.services.files import write_text
from localagent_cli.help_page import speaks_unicode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from localagent_cli.app import LocalAgentCLI

_NARROWEST = 10
"""Columns below which the bars are left out."""


def traced(cli: LocalAgentCLI) -> tuple[LocalAgentCLI, Trace]:
    """Another command line over the same home, whose host traces; and its trace, which begins now."""
    situation = cli.host.situation
    journal = Journal(situation.home.journal) if situation.options.journal else None
    host = TracingHost(situation, journal=journal)
    return cli.over(host), host.trace


def waterfall(trace: Trace) -> Iterator[str]:
    """The spans as lines: plugin, step, when it began, how long it took, memory, and a bar on one scale."""
    spans = list(_together(sorted(trace.spans, key=lambda span: span.began)))
    if not spans:
        yield "no plugin's code was called"
        return
    whole = max(span.began + span.seconds for span, _ in spans)
    rows = [_cells(span, times) for span, times in spans]
    head = ("plugin", "step", "at ms", "ms", "MB")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    bars = _columns() - sum(widths) - 2 * len(widths)
    yield _line(head, widths)
    for (span, _), row in zip(spans, rows, strict=True):
        yield f"{_line(row, widths)}  {_bar(span, whole, bars)}".rstrip()
    calls = sum(times for _, times in spans)
    yield f"calls: {calls}, plugins: {len({span.plugin for span, _ in spans})}, end of the last: {whole * 1000:.1f} ms"


def write(trace: Trace, file: Path) -> None:
    """Write the spans to a file as JSON, in the order in which they began.

    Raises:
        SystemProblem: it cannot be written.
    """
    spans = [span._asdict() for span in sorted(trace.spans, key=lambda span: span.began)]
    write_text(file, json.dumps({"spans": spans}, indent=2) + "\n")


def _together(spans: Sequence[Span]) -> Iterator[tuple[Span, int]]:
    """Calls of the same step that follow each other as one, with how many they were."""
    for (plugin, step), group in groupby(spans, key=lambda span: (span.plugin, span.step)):
        calls = list(group)
        first, last = calls[0], max(calls, key=lambda span: span.began + span.seconds)
        seconds = last.began + last.seconds - first.began
        memory, failed = sum(span.memory for span in calls), any(span.failed for span in calls)
        yield Span(plugin, step, first.began, seconds, memory, failed), len(calls)


def _cells(span: Span, times: int) -> tuple[str, ...]:
    step = f"{span.step}{f' x{times}' if times > 1 else ''}{' FAILED' if span.failed else ''}"
    return (
        span.plugin,
        step,
        f"{span.began * 1000:.1f}",
        f"{span.seconds * 1000:.1f}",
        f"{span.memory / 1e6:.1f}" if span.memory else "",
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    plugin, step, *numbers = cells
    texts = [plugin.ljust(widths[0]), step.ljust(widths[1])]
    return "  ".join([*texts, *(text.rjust(width) for text, width in zip(numbers, widths[2:], strict=True))])


def _bar(span: Span, whole: float, columns: int) -> str:
    """When it was, as a bar in so many columns; nothing where they are too few."""
    if columns < _NARROWEST:
        return ""
    block = "█" if speaks_unicode() else "#"
    scale = columns / whole if whole else 0
    return " " * int(span.began * scale) + block * max(1, round(span.seconds * scale))


def _columns() -> int:
    """Columns of the terminal that standard error is, or 100."""
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return 100
