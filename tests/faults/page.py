"""The results of all faults as a page for readers who did not see them happen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from faults.catalogue import FAULTS, STEPS
from faults.plugins import HEALTHY

if TYPE_CHECKING:
    from faults.numbered import NumberedFault
    from faults.report import Report

_MEANING = """\
A plugin that does something wrong is put between two healthy ones, and everything is done twice: a program loads all
three into one process, calls each command and lets all go; and each command is called by itself, as a user would.

**ok** means all of this:

- the healthy plugins {healthy} work and are cleaned up, in the first run already; where the fault ends the process
  after everything was loaded (`os._exit`, a segfault), from the second run on, as the plugin is quarantined by then;
- `--help`, `plugins list` and `plugins info` work;
- the faulty plugin is named, with the step and with file and line; the exit code is the documented one;
- nobody sees a traceback, and what the fault changed (current folder, signal handlers, streams, logging) is put back.
"""

_PEERS = """\
The other columns are other hosts, each with its own kind of plugin and the same fault at import, the one step that all
of them have: **works** means that the healthy plugins worked in both runs; **disturbed** that they ran, but found
changed what they rely on; **DOWN** that at least one did not work. Then follow the exit code and whether anything that
was printed named the culprit, be it in a traceback.
"""


def page(report: Report) -> Iterator[str]:
    """The page, line by line, as Markdown."""
    yield "# Faults on purpose"
    yield ""
    yield f"{len(FAULTS)} faults at {len(STEPS)} steps of a plugin's life. This page was written by `nox -s faults`."
    yield ""
    yield _MEANING.format(healthy=" and ".join(f"`{name}`" for name in HEALTHY))
    if report.peers:
        yield _PEERS
    yield "## One fault"
    yield ""
    yield from report.cells()
    if report.strangers:
        yield ""
        yield "## A broken distribution of somebody else"
        yield ""
        yield "Its plugin is nobody's business here; all commands must work, and `plugins list` and `doctor` name it."
        yield ""
        yield from report.of_strangers()
    if report.crowds:
        yield ""
        yield "## A crowd"
        yield ""
        yield "All in one process, the broken ones with one fault each in turn; each must be told with step and line."
        yield ""
        yield from report.of_crowds()
    if report.sequels:
        yield ""
        yield "## On the way"
        yield ""
        yield "A workflow goes on from the step that went wrong, and asks before it repeats what must not be repeated;"
        yield "a handler that fails again and again is paused, and the plugin's other one is not."
        yield ""
        yield from report.of_sequels()
    if report.numbered:
        yield ""
        yield from _numbered(report)


def _numbered(report: Report) -> Iterator[str]:
    yield "## Each fault by its number"
    yield ""
    yield "Bad input, bad plugins, bad places and bad moments, each with the tests that prove what happens then, most"
    yield "of them with real processes: one message with place and fix, the right exit code, no traceback, other"
    yield "plugins unaffected, nothing lost that was acknowledged. **ok** means that the test passed; what is"
    yield "**not yet** as it should be is a test that is expected to fail until it is."
    yield ""
    yield from numbered_table(report.numbered, report.failed_tests)


def numbered_table(faults: Iterable[NumberedFault], failed: Mapping[str, str]) -> Iterator[str]:
    """Number, what happens and result of each test, as Markdown.

    Args:
        failed: the words to show for tests that did not pass, by the name of their function.
    """
    listed = list(faults)
    results = {fault.name: failed.get(fault.name, "ok" if fault.is_met else "not yet") for fault in listed}
    yield "| fault | what happens | result |"
    yield "| --- | --- | --- |"
    yield from (f"| {fault.number} | {fault.happens} | {results[fault.name]} |" for fault in listed)
    numbers = {fault.number for fault in listed}
    unmet = {fault.number for fault in listed if results[fault.name] != "ok"}
    yield ""
    yield f"{len(numbers)} faults, of which {len(numbers - unmet)} hold in all their tests."
