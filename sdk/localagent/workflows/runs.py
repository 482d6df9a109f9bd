"""The recorded runs of workflows: what was asked, what each phase and agent gave, and how far a run came."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from localagent.errors import RunBusy, RunNotFound, SystemProblem
from localagent.services.database import Database, Layout
from localagent.workflows.definition import Defaults, agents_from_json
from localagent.workflows.executor import AgentError, AgentOutcome
from localagent.workflows.json_text import lenient_json_text, quoted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from filelock import BaseFileLock

    from localagent.workflows.definition import Agent

State = Literal["running", "completed", "failed", "interrupted"]
BEGUN = "begun"
"""The status of an attempt of which only the beginning is known."""
_BEGINNING: tuple[str, str, None, float, str] = (BEGUN, "{}", None, 0.0, "")
"""What is recorded of one, as of an `AgentOutcome`."""

_SHORT = 4
"""Items of an attempt of which only what is not as always is recorded."""

_LAYOUT = Layout(
    1,
    (
        """CREATE TABLE IF NOT EXISTS runs (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, task TEXT NOT NULL,
            context TEXT NOT NULL, provider TEXT, executor TEXT NOT NULL, scheduler TEXT, definition TEXT NOT NULL,
            state TEXT NOT NULL, started REAL NOT NULL, seconds REAL, result TEXT, error TEXT)""",
        """CREATE TABLE IF NOT EXISTS phases (
            run INTEGER NOT NULL, number INTEGER NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, agents TEXT,
            started REAL NOT NULL, seconds REAL, result TEXT, error TEXT, PRIMARY KEY (run, number)) WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS attempts (
            number INTEGER PRIMARY KEY, run INTEGER NOT NULL, phase INTEGER NOT NULL, ended TEXT NOT NULL)""",
        "CREATE INDEX IF NOT EXISTS of_phase ON attempts (run, phase)",
    ),
    ("attempts", "phases", "runs"),
    bool,
    "remove old runs",
    is_synced=False,
)


class PhaseRecord(NamedTuple):
    """A phase of a run.

    Attributes:
        number: counts the phases of the run in the order in which they began.
        id: the phase's id.
        state: ``running``, ``succeeded``, ``failed``, or ``tolerated`` for one whose failures the rest goes on with.
        agents: its agents.
        started: when it began, in seconds since 1970.
        seconds: what it took; None while it runs.
        result: what it gave, for a phase that does its work itself.
        error: why it failed, as `AgentError`.
    """

    number: int
    id: str
    state: str
    agents: tuple[Agent, ...]
    started: float
    seconds: float | None
    result: dict[str, Any] | None
    error: AgentError | None

    @property
    def is_finished(self) -> bool:
        """Whether it never runs again."""
        return self.state in ("succeeded", "tolerated")


class RunRecord(NamedTuple):
    """A run.

    Attributes:
        number: counts all runs.
        id: what the run is called.
        workflow: the workflow's name.
        task: what it is about.
        context: what the user gave to it.
        provider: who answers for it; None leaves it to the settings.
        executor: where its agents run.
        scheduler: the cluster's address, if one was named.
        definition: the workflow as JSON values.
        state: how it stands.
        started: when it began, in seconds since 1970.
        seconds: what it took until its end; None while it runs.
        result: what it gave.
        error: why it failed.
    """

    number: int
    id: str
    workflow: str
    task: str
    context: dict[str, Any]
    provider: str | None
    executor: str
    scheduler: str | None
    definition: dict[str, Any]
    state: State
    started: float
    seconds: float | None
    result: dict[str, Any] | None
    error: AgentError | None


class AttemptRecord(NamedTuple):
    """An attempt of an agent.

    Attributes:
        agent: position of the agent in its phase.
        attempt: 1 for the first.
        outcome: how it ended; None where only its beginning is known.
        given: its settings, task and context, where development mode keeps them.
    """

    agent: int
    attempt: int
    outcome: AgentOutcome | None
    given: dict[str, Any] | None


class Runs:
    """The runs of one home; any number of them may be driven over it at a time.

    Args:
        file: where they are recorded.
        tell: given a sentence when the file had to be moved aside or can only be read.
        clock: seconds since 1970.
    """

    def __init__(self, file: Path, *, tell: Callable[[str], object], clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self._begun: dict[int, list[tuple[Any, ...]]] = {}
        self._database = Database(file, plugin="workflow", tell=tell, layout=_LAYOUT)

    def close(self) -> None:
        """Let the file go; the next use opens it again."""
        self._database.close()

    def begin(
        self,
        *,
        workflow: str,
        definition: Mapping[str, Any],
        task: str,
        context: Mapping[str, Any],
        provider: str | None,
        executor: str,
        scheduler: str | None,
    ) -> RunRecord:
        """Record that a run begins.

        Raises:
            SystemProblem: it cannot be recorded.
        """
        started, told = self._clock(), dict(definition)

        def insert(db: sqlite3.Connection) -> RunRecord:
            name = _free_id(db)
            row = (
                name,
                workflow,
                task,
                lenient_json_text(context),
                provider,
                executor,
                scheduler,
                lenient_json_text(told),
                "running",
                started,
            )
            number = db.execute(
                "INSERT INTO runs (id, workflow, task, context, provider, executor, scheduler, definition, state,"
                " started) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            ).lastrowid
            return RunRecord(
                number or 0, name, workflow, task, dict(context), provider, executor, scheduler, told, "running",
                started, None, None, None,
            )  # fmt: skip

        return self._database.write(insert)

    def find(self, name: str) -> RunRecord:
        """The run of an id, which may be cut short as long as no other begins like it.

        Raises:
            RunNotFound: there is none, or more than one.
        """
        found = self._runs("WHERE substr(id, 1, ?) = ? ORDER BY number DESC LIMIT 5", (len(name), name)) if name else []
        if len(found) == 1 or (found and found[0].id == name):
            return found[0]
        if found:
            ids = ", ".join(run.id for run in found)
            raise RunNotFound(f"several runs begin with '{name}': {ids}", fix="give more of its id")
        raise RunNotFound(f"there is no run '{name}'", fix=self._hint(name))

    def newest(self, limit: int | None = None) -> list[RunRecord]:
        """The runs, the newest first, at most `limit` of them."""
        return self._runs("ORDER BY number DESC LIMIT ?", (-1 if limit is None else limit,))

    def phases(self, run: RunRecord) -> list[PhaseRecord]:
        """The phases of a run that began, in that order."""

        def select(db: sqlite3.Connection) -> list[PhaseRecord]:
            rows = db.execute(
                "SELECT number, id, state, agents, started, seconds, result, error FROM phases WHERE run = ?"
                " ORDER BY number",
                (run.number,),
            )
            defined = {phase["id"]: phase for phase in run.definition["phases"]}
            return [_phase(row, defined) for row in rows]

        return self._database.read(select, default=[])

    def attempts(self, run: RunRecord, phase: int) -> list[AttemptRecord]:
        """The attempts of a phase, by agent and number; those that were lost come before the one in their place."""

        def select(db: sqlite3.Connection) -> list[AttemptRecord]:
            rows = db.execute(
                "SELECT ended FROM attempts WHERE run = ? AND phase = ? ORDER BY number", (run.number, phase)
            )
            told = (_attempt(each) for (ended,) in rows for each in _value(ended))
            found: dict[tuple[int, int], list[AttemptRecord]] = {}
            for each in told:
                same = found.setdefault((each.agent, each.attempt), [])
                # The end of an attempt comes after its beginning.
                if same and same[-1].outcome is None:
                    same.pop()
                same.append(each)
            return [each for key in sorted(found) for each in found[key]]

        return self._database.read(select, default=[])

    def begin_phase(
        self, run: RunRecord, number: int, phase_id: str, agents: Sequence[str | Mapping[str, Any]] | None
    ) -> None:
        """Record, together with what comes next, that a phase begins, or begins anew.

        Args:
            run: the run.
            number: of the phase in it.
            phase_id: the phase's id.
            agents: its agents; None for those that the definition names.
        """
        told = None if agents is None else lenient_json_text(agents)
        self._begun.setdefault(run.number, []).append((run.number, number, phase_id, told, self._clock()))

    def begin_attempt(self, run: RunRecord, phase: int, attempt: str) -> None:
        """Record that an attempt begins which must not be repeated; on the disk when this returns."""
        self._write(run, lambda db: _insert(db, run, phase, [attempt]), is_synced=True)

    def end_phase(
        self,
        run: RunRecord,
        number: int,
        *,
        state: str,
        seconds: float,
        attempts: Sequence[str] = (),
        result: str | None = None,
        error: AgentError | None = None,
    ) -> None:
        """Record how a phase ended, and the last of its attempts."""

        def update(db: sqlite3.Connection) -> None:
            _insert(db, run, number, attempts)
            db.execute(
                "UPDATE phases SET state = ?, seconds = ?, result = ?, error = ? WHERE run = ? AND number = ?",
                (state, seconds, result, _error_text(error), run.number, number),
            )

        self._write(run, update)

    def add(self, run: RunRecord, phase: int, attempts: Sequence[str]) -> None:
        """Record how attempts of a phase ended."""
        self._write(run, lambda db: _insert(db, run, phase, attempts))

    def resume(self, run: RunRecord, *, executor: str, scheduler: str | None) -> RunRecord:
        """Record that a run goes on."""
        self._database.write(
            lambda db: db.execute(
                "UPDATE runs SET state = 'running', seconds = NULL, error = NULL, executor = ?, scheduler = ?"
                " WHERE number = ?",
                (executor, scheduler, run.number),
            )
        )
        return self.find(run.id)

    def end(
        self,
        run: RunRecord,
        state: State,
        *,
        seconds: float | None = None,
        result: Mapping[str, Any] | None = None,
        error: AgentError | None = None,
    ) -> None:
        """Record how a run ended."""
        row = (state, seconds, None if result is None else lenient_json_text(result), _error_text(error), run.number)
        statement = "UPDATE runs SET state = ?, seconds = ?, result = ?, error = ? WHERE number = ?"
        self._write(run, lambda db: db.execute(statement, row), is_synced=True)

    @contextlib.contextmanager
    def driving(self, run: RunRecord) -> Generator[None]:
        """Within, no other process drives the run; the end of this process, whatever it is, ends that too.

        Raises:
            RunBusy: another one does.
        """
        lock = self._lock(run)
        if not _taken(lock, self._file.parent):
            raise RunBusy(f"another process is driving the run '{run.id}'", fix="wait until it has ended")
        try:
            yield
        finally:
            # What could not be written by now must not be written over what another process records.
            self._begun.pop(run.number, None)
            # While it is held: who comes now makes a new one.
            with contextlib.suppress(OSError):
                os.unlink(lock.lock_file)  # noqa: PTH108 - as the lock names it
            lock.release()

    def is_driven(self, run: RunRecord) -> bool:
        """Whether a living process drives a run."""
        lock = self._lock(run)
        if not os.path.exists(lock.lock_file):  # noqa: PTH110 - as the lock names it
            return False
        if not _taken(lock, self._file.parent):
            return True
        lock.release()
        return False

    def state_of(self, run: RunRecord) -> State:
        """How a run stands: one that nobody drives any more, and that did not end, was interrupted."""
        return "interrupted" if run.state == "running" and not self.is_driven(run) else run.state

    def _write(self, run: RunRecord, work: Callable[[sqlite3.Connection], object], *, is_synced: bool = False) -> None:
        """Let `work` write, after the beginnings of phases of the run that nobody wrote yet."""
        begun = self._begun.get(run.number, ())

        def both(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT INTO phases (run, number, id, state, agents, started) VALUES (?, ?, ?, 'running', ?, ?)"
                " ON CONFLICT (run, number) DO UPDATE SET state = excluded.state, agents = excluded.agents,"
                " started = excluded.started, seconds = NULL, result = NULL, error = NULL",
                begun,
            )
            work(db)

        self._database.write(both, is_synced=is_synced)
        self._begun.pop(run.number, None)

    def _lock(self, run: RunRecord) -> BaseFileLock:
        from filelock import FileLock

        return FileLock(self._file.with_name(f"{run.id}.lock"), timeout=0)

    def _runs(self, where: str, values: tuple[Any, ...]) -> list[RunRecord]:
        def select(db: sqlite3.Connection) -> list[RunRecord]:
            rows = db.execute(f"SELECT {', '.join(RunRecord._fields)} FROM runs {where}", values)  # noqa: S608 - our own words
            return [_run(row) for row in rows]

        return self._database.read(select, default=[])

    def _hint(self, name: str) -> str:
        from localagent.manifest.wording import did_you_mean

        return (
            did_you_mean(name, (run.id for run in self.newest(50))) or "'localagent workflow runs' shows what there is"
        )


def attempt_row(agent: int, attempt: int, outcome: AgentOutcome | None, given: Mapping[str, Any] | None = None) -> str:
    """An attempt as `Runs.add` takes it, in JSON; without an outcome it is one that begins.

    Many of them are kept in a row of ``attempts``: a row for each would cost as much as all the rest of the engine.
    What an agent gave is JSON by now, and is not written as a text within it.
    """
    status, result, error, seconds, worker = _BEGINNING if outcome is None else outcome
    # A whole number and a power are written in a tenth of the time that a fraction takes.
    took = f"{int(seconds * 1_000_000)}e-6"
    if status == "succeeded" and given is None and not worker:
        # As nearly all are: what is as always is left out.
        return f"[{agent},{attempt},{took},{result}]"
    given_text = "null" if given is None else lenient_json_text(given)
    error_text = "null" if error is None else lenient_json_text(error)
    return f'[{agent},{attempt},"{status}",{took},{quoted(worker)},{result},{error_text},{given_text}]'


def _insert(db: sqlite3.Connection, run: RunRecord, phase: int, attempts: Sequence[str]) -> None:
    if attempts:
        row = (run.number, phase, f"[{','.join(attempts)}]")
        db.execute("INSERT INTO attempts (run, phase, ended) VALUES (?, ?, ?)", row)


def _run(row: tuple[Any, ...]) -> RunRecord:
    record = RunRecord(*row)
    return record._replace(
        context=_value(row[4]), definition=_value(row[8]), result=_value(row[12]), error=_error(row[13])
    )


def _phase(row: tuple[Any, ...], defined: Mapping[str, Mapping[str, Any]]) -> PhaseRecord:
    """A row as a phase; agents that the definition names are kept there alone."""
    if row[3] is None:
        agents = agents_from_json(defined[row[1]]["agents"], Defaults(*defined[row[1]]["defaults"]))
    else:
        agents = agents_from_json(_value(row[3]))
    return PhaseRecord(*row)._replace(agents=agents, result=_value(row[6]), error=_error(row[7]))


def _attempt(told: list[Any]) -> AttemptRecord:
    if len(told) == _SHORT:
        agent, attempt, seconds, result = told
        return AttemptRecord(agent, attempt, AgentOutcome("succeeded", lenient_json_text(result), None, seconds), None)
    agent, attempt, status, seconds, worker, result, error, given = told
    if status == BEGUN:
        return AttemptRecord(agent, attempt, None, given)
    made = None if error is None else AgentError(*error)
    return AttemptRecord(agent, attempt, AgentOutcome(status, lenient_json_text(result), made, seconds, worker), given)


def _free_id(db: sqlite3.Connection) -> str:
    while True:
        name = secrets.token_hex(3)
        if db.execute("SELECT 1 FROM runs WHERE id = ?", (name,)).fetchone() is None:
            return name


def _taken(lock: BaseFileLock, folder: Path) -> bool:
    """Whether a lock could be had now.

    Raises:
        SystemProblem: there is no place for it.
    """
    from filelock import Timeout

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        return False
    except OSError as error:
        raise SystemProblem(
            f"runs cannot be recorded: {error.strerror}", file=folder, fix=f"make {folder} writable"
        ) from error
    return True


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _error_text(error: AgentError | None) -> str | None:
    return None if error is None else lenient_json_text(error)


def _error(text: str | None) -> AgentError | None:
    return None if text is None else AgentError(*json.loads(text))
