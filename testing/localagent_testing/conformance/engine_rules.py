"""The rules of agents within the real engine: side by side, on each executor, with evidence that can be shown."""

from __future__ import annotations

import importlib.util
import time
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.errors import LocalAgentError
from localagent.manifest.plain import is_list, is_mapping
from localagent_testing.conformance.judging import Unobserved
from localagent_testing.conformance.parts import RESULTS, Part, SideBySide, run_side_by_side
from localagent_testing.conformance.workflow_rules import of_each

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from localagent_testing.conformance.subject import Subject

AT_ONCE = 4
"""Agents of one class that run at the same time."""

TURN_BY_TURN = 0.6
"""Of the time that they would take one after the other; what takes longer did not overlap."""

SHORTEST = 0.05
"""Seconds of wall time from which on it can be told whether agents overlap."""

COMPUTING = 0.7
"""The share of its time that an agent computes, from which on no event loop can let another one go on meanwhile."""

TRIES = 3
"""How often both are done; the quickest of each counts, since a busy machine delays anything."""

LONG = 1.0
"""Seconds from which on one look is enough, as all that delays is short beside them."""

_EVIDENCE_TYPES: dict[str, tuple[type, str]] = {"file": (str, "text"), "line": (int, "a number"), "text": (str, "text")}


async def overlaps(part: Part) -> AsyncIterator[Finding]:
    """An agent beside which no other one of its class goes on."""
    if part.sort != "agent":
        return
    computing = time.process_time()
    alone = (await _run(part, 1)).seconds
    computing = time.process_time() - computing
    if alone < SHORTEST:
        return
    if computing > COMPUTING * alone:
        raise Unobserved(f"{part} computes all the time, so only other processes could run it beside others")
    together = (await _run(part, AT_ONCE)).seconds
    for _ in range(TRIES - 1 if alone < LONG else 0):
        alone = min(alone, (await _run(part, 1)).seconds)
        together = min(together, (await _run(part, AT_ONCE)).seconds)
    # The first time alone may have been a pause of the machine's.
    if alone < SHORTEST or together < TURN_BY_TURN * AT_ONCE * alone:
        return
    message = f"{AT_ONCE} at once of {part} take {together / alone:.1f} times as long as one"
    fix = "await what takes long, asyncio.to_thread(…) what blocks; share no lock between agents"
    yield Finding(message, part.place, fix)


async def shows_evidence(part: Part) -> AsyncIterator[Finding]:
    """Evidence that cannot be shown as places, or not be kept."""
    if part.sort != "agent":
        return
    (result,) = (await _run(part, 1)).results
    for message in _misshapen(result.get("evidence", [])):
        yield Finding(f"{part}: {message}", part.place, 'write {"file": "a.py", "line": 3, "text": "…"} for each thing')


async def gives_the_same_elsewhere(part: Part) -> AsyncIterator[Finding]:
    """An agent whose result in another process is another one."""
    if part.sort != "agent":
        return
    here, again = await _run(part, 1), await _run(part, 1)
    if here.results != again.results:
        raise Unobserved(f"{part} gives another result each time, so results cannot be compared")
    try:
        there = await run_side_by_side(part, 1, executor="dask")
    except LocalAgentError as error:
        raise Unobserved(f"no cluster can be had here: {error.message}") from error
    if there.results != here.results:
        (result,) = there.results
        what = result["error"] if not result["success"] else "another result"
        message = f"in a process of a cluster, {part} gives: {what}"
        fix = "take all that execute() needs from config and context; globals and open things stay behind"
        yield Finding(message, part.place, fix)


def _misshapen(evidence: Any) -> Iterator[str]:
    """What is wrong with evidence."""
    if not is_list(evidence):
        yield f"its evidence is a {type(evidence).__name__}, not a list"
        return
    for number, each in enumerate(evidence):
        if not is_mapping(each):
            yield f"evidence[{number}] is a {type(each).__name__}, not a dict"
            continue
        for key, (kind, called) in _EVIDENCE_TYPES.items():
            if key in each and (not isinstance(each[key], kind) or isinstance(each[key], bool)):
                yield f"evidence[{number}].{key} is {each[key]!r}, not {called}"


async def _run(part: Part, times: int) -> SideBySide:
    """Agents that the engine ran, and which succeeded.

    Raises:
        Unobserved: one did not.
    """
    done = await run_side_by_side(part, times)
    failed = next((result for result in done.results if not result["success"]), None)
    if failed is not None and part.sample is None:
        raise part.untried(f"cannot do '{part.task}'", failed["error"], "task")
    if failed is not None:
        raise Unobserved(f"{part} has no results ({failed['error']}): see {RESULTS}")
    return done


def _where_there_is_dask(subject: Subject) -> Any:
    if importlib.util.find_spec("distributed") is None:
        raise Unobserved("there is no Dask to try another executor: python -m pip install 'localagent[dask]'")
    return of_each(gives_the_same_elsewhere)(subject)


CHECKS: dict[str, Rule[Subject]] = {
    "overlaps": Rule(
        "LA644",
        "Agents of one class really run side by side",
        of_each(overlaps),
        tier=Tier.GOLD,
        explanation="A phase is as quick as its slowest agent, unless one of them keeps the event loop to itself.",
        bad="async def execute(self, task, context):\n    answer = requests.get(address)",
        good="async def execute(self, task, context):\n    answer = await asyncio.to_thread(requests.get, address)",
    ),
    "shows-evidence": Rule(
        "LA645",
        "Evidence is a list of dicts that say file, line and text",
        of_each(shows_evidence),
        tier=Tier.SILVER,
        explanation="'workflow show' prints evidence as places that editors can open; runs keep it as JSON.",
        bad='return {"evidence": "a.py:3"}',
        good='return {"evidence": [{"file": "a.py", "line": 3, "text": "an open end"}]}',
    ),
    "same-elsewhere": Rule(
        "LA646",
        "Agents give the same result on each executor",
        _where_there_is_dask,
        tier=Tier.PLATINUM,
        explanation="A user moves a workflow to a cluster by one word; an agent there has only what it is given.",
        bad="results = []  # filled by initialize(), empty in another process",
        good='results = context["results"]',
    ),
}
"""The rules by the word that follows the id in a test's name."""
