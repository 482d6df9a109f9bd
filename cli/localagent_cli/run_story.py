"""What was recorded of a run, as values and as lines."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from localagent.manifest.plain import is_list, is_mapping
from localagent_cli.asking import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from localagent.workflows.runs import AttemptRecord, PhaseRecord, RunRecord, Runs

_MANY = 20
"""From so many agents on those that did well at the first attempt are only counted."""
_EVIDENCE = 3
"""So many things that an agent saw are told; the rest is counted."""


def row_of(runs: Runs, run: RunRecord) -> dict[str, Any]:
    """A run as JSON values; ``seconds`` is None while it goes on."""
    return {
        "run": run.id,
        "workflow": run.workflow,
        "state": runs.state_of(run),
        "started": _moment(run.started),
        "seconds": run.seconds,
        "task": run.task,
    }


def cells_of(row: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """A run as cells of a table."""
    return [
        "-" if row[name] is None else f"{row[name]:.2f}" if name == "seconds" else str(row[name]) for name in columns
    ]


def story_of(runs: Runs, run: RunRecord) -> dict[str, Any]:
    """All that was recorded of a run, as JSON values."""
    return {
        **row_of(runs, run),
        "context": run.context,
        "provider": run.provider,
        "executor": run.executor,
        "scheduler": run.scheduler,
        "error": run.error.message if run.error is not None else None,
        "phases": [_phase(phase, runs.attempts(run, phase.number)) for phase in runs.phases(run)],
        "result": run.result,
    }


def lines_of(story: Mapping[str, Any], *, everything: bool = False) -> Iterator[str]:
    """The story as text, without characters that a terminal would obey.

    Args:
        story: as `story_of` gives it.
        everything: whether agents of large phases that simply did well are told one by one too.
    """
    for line in _lines(story, everything=everything):
        yield harmless(line)


def answer_of(result: Mapping[str, Any]) -> str:
    """What a run gave, as text: the words of a single agent, else JSON."""
    found: dict[str, Any] = result["result"]
    results: Any = found.get("results")
    if is_list(results) and len(results) == 1:
        found = results[0]
    said: Any = found.get("result")
    return said if isinstance(said, str) else json.dumps(found, indent=2, ensure_ascii=False)


def _lines(story: Mapping[str, Any], *, everything: bool) -> Iterator[str]:
    took = "" if story["seconds"] is None else f" after {story['seconds']:.2f} s"
    yield f"run {story['run']}: {story['workflow']}, {story['state']}{took}"
    yield f"task: {story['task']}"
    where = story["executor"] + (f" at {story['scheduler']}" if story["scheduler"] else "")
    yield f"started: {story['started']}, executor: {where}, provider: {story['provider'] or 'default'}"
    if story["error"]:
        yield f"error: {story['error']}"
    for phase in story["phases"]:
        yield from _phase_lines(phase, everything=everything)
    if story["state"] == "interrupted" or any(phase["state"] == "failed" for phase in story["phases"]):
        yield f"to go on: localagent workflow resume {story['run']}"


def _phase_lines(phase: Mapping[str, Any], *, everything: bool) -> Iterator[str]:
    agents = phase["agents"]
    took = "" if phase["seconds"] is None else f", {phase['seconds']:.2f} s"
    yield ""
    yield f"phase {phase['id']}: {phase['state']}, {phase['succeeded']} of {len(agents)} succeeded{took}"
    if phase["error"] and not agents:
        yield f"  {_told_error(phase['error'])}"
    is_short = len(agents) > _MANY and not everything
    plain = [agent for agent in agents if is_short and _is_plain(agent)]
    for agent in agents:
        if agent not in plain:
            yield from _agent_lines(agent)
    if plain:
        yield f"  {len(plain)} more succeeded at once (--all shows them)"


def _agent_lines(agent: Mapping[str, Any]) -> Iterator[str]:
    attempts = agent["attempts"]
    name = agent["key"] if agent["key"] == agent["agent"] else f"{agent['key']} ({agent['agent']})"
    if not attempts:
        yield f"  {name}: not begun"
    for attempt in attempts:
        count = f", attempt {attempt['attempt']}" if len(attempts) > 1 or attempt["attempt"] > 1 else ""
        worker = f" on {attempt['worker']}" if attempt["worker"] else ""
        yield f"  {name}: {attempt['status']}{count}, {attempt['seconds']:.2f} s{worker}"
        if attempt["error"]:
            yield f"    {_told_error(attempt['error'])}"
            yield from (f"    | {line}" for line in attempt["error"]["trace"].splitlines())
        if attempt["given"] is not None:
            yield f"    given: {json.dumps(attempt['given'], ensure_ascii=False)}"
    evidence = attempts[-1]["result"].get("evidence") if attempts else None
    if is_list(evidence):
        yield from (f"    saw {_told_evidence(each)}" for each in evidence[:_EVIDENCE])
        if len(evidence) > _EVIDENCE:
            yield f"    saw {len(evidence) - _EVIDENCE} more"


def _is_plain(agent: Mapping[str, Any]) -> bool:
    return [attempt["status"] for attempt in agent["attempts"]] == ["succeeded"]


def _told_error(error: Mapping[str, Any]) -> str:
    return f"{error['message']}{' (' if error['place'] else ''}{error['place']}{')' if error['place'] else ''}"


def _told_evidence(evidence: Any) -> str:
    """One thing that was seen: its place and words where it has these, else as JSON."""
    if not is_mapping(evidence) or not evidence.keys() & {"file", "text"}:
        return json.dumps(evidence, ensure_ascii=False)
    place = ":".join(str(evidence[key]) for key in ("file", "line") if key in evidence)
    return " ".join(filter(None, (place, str(evidence.get("text", "")))))


def _phase(phase: PhaseRecord, attempts: Sequence[AttemptRecord]) -> dict[str, Any]:
    by_agent: dict[int, list[dict[str, Any]]] = {}
    for each in attempts:
        by_agent.setdefault(each.agent, []).append(_attempt(each))
    agents = [{**agent.to_json(), "attempts": by_agent.get(number, [])} for number, agent in enumerate(phase.agents)]
    return {
        "id": phase.id,
        "state": phase.state,
        "started": _moment(phase.started),
        "seconds": phase.seconds,
        "succeeded": sum(
            bool(agent["attempts"]) and agent["attempts"][-1]["status"] == "succeeded" for agent in agents
        ),
        "error": phase.error and phase.error._asdict(),
        "agents": agents,
    }


def _attempt(record: AttemptRecord) -> dict[str, Any]:
    outcome = record.outcome
    return {
        "attempt": record.attempt,
        "status": "begun" if outcome is None else outcome.status,
        "seconds": 0.0 if outcome is None else outcome.seconds,
        "worker": "" if outcome is None else outcome.worker,
        "result": {} if outcome is None else outcome.result,
        "error": None if outcome is None or outcome.error is None else outcome.error._asdict(),
        "given": record.given,
    }


def _moment(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
