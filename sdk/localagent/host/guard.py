"""The one way from the host into plugin code: it is timed, contained, and named in whatever goes wrong."""

from __future__ import annotations

import contextlib
import inspect
import os
import time
import traceback
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar

from localagent.errors import PluginFailed, PluginTimeout
from localagent.host import interrupts
from localagent.host.belonging import running
from localagent.host.budgets import LOADING_STEPS, Budgets
from localagent.host.calls import Calls
from localagent.host.deadlines import Deadline, TimeLimit, rest
from localagent.host.journal import mark_of
from localagent.host.loop import entered
from localagent.host.places import NOWHERE, is_hosts, own_line
from localagent.host.slices import WAITS, Slices
from localagent.host.surroundings import Surroundings, captured
from localagent.host.tally import Tally
from localagent.plugins.base import Plugin

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
    from pathlib import Path

    from localagent.host.attempts import Place as PlaceOfWork
    from localagent.host.journal import Journal
    from localagent.host.places import Place
    from localagent.workflows.attempt import Control

    T = TypeVar("T")

_CAPTURED_STEPS = frozenset({"import", "construct", "register"})
_NETTED_STEPS = frozenset({"import", "construct", "register", "initialise", "cleanup"})
"""Steps so rare that they can afford the last net under C code that keeps the interpreter's lock."""
_NEVER_WAITING = (Plugin.initialize, Plugin.cleanup)
_STDERR = 2
_GAVE_UP = 5
"""Exit code of a process that a plugin did not let go on."""
_GRACE_AFTER_SIGNAL = 0.05


class Guard:
    """Calls code of one plugin.

    Attributes:
        plugin: whose code it is.
        root: the folder or file its code lies in; used to name the line at fault.
        budgets: how long each step may take.
        journal: where the present step is written down; None for a process that nobody asks what it died of.
        version: the plugin's, for what is told of it; may be empty.
        fingerprint: of the plugin's files, for the journal.
        declaration: tells which line declares the plugin; asked where none of its own lines was running.
        log_file: where what the plugin prints while it is loaded goes; None leaves it alone.
        tally: what the host counts of its plugins.
        redact: masks the secrets in what is captured.
        calls: what runs through this guard right now.
    """

    __slots__ = (
        "budgets",
        "calls",
        "declaration",
        "fingerprint",
        "journal",
        "log_file",
        "plugin",
        "redact",
        "root",
        "tally",
        "version",
    )

    def __init__(
        self,
        plugin: str,
        root: Path | None = None,
        *,
        budgets: Budgets | None = None,
        journal: Journal | None = None,
        version: str = "",
        fingerprint: str = "",
        declaration: Callable[[], Place] = lambda: NOWHERE,
        log_file: Path | None = None,
        tally: Tally | None = None,
        redact: Callable[[str], str] = str,
    ) -> None:
        self.plugin = plugin
        self.root = root
        self.budgets = budgets or Budgets()
        self.journal = journal
        self.version = version
        self.fingerprint = fingerprint
        self.declaration = declaration
        self.log_file = log_file
        self.tally = tally or Tally()
        self.redact = redact
        self.calls = Calls()

    def __str__(self) -> str:
        return f"the plugin '{self.plugin}'{' ' if self.version else ''}{self.version}"

    def call(
        self,
        step: str,
        function: Callable[..., T],
        *arguments: Any,
        limit: float | None = None,
        passing: tuple[type[BaseException], ...] = (),
    ) -> T:
        """Call `function`.

        Args:
            step: what is being done, in one word.
            function: code of the plugin.
            arguments: what it is called with.
            limit: seconds it may take; None means what the budget of the step says.
            passing: exceptions that mean no failure here and pass through.

        Raises:
            PluginFailed: the function raised anything else, `SystemExit` included.
            PluginTimeout: it took longer than `limit`.
            KeyboardInterrupt: a real signal came.
        """
        if step in _CAPTURED_STEPS and self.log_file is not None:
            with captured(self.log_file, self.redact) as stderr:
                return self._call(step, function, arguments, limit, passing, stderr)
        return self._call(step, function, arguments, limit, passing, _STDERR)

    async def call_async(
        self, step: str, function: Callable[..., Any], *arguments: Any, limit: float | None = None
    ) -> Any:
        """Call `function` and, if that can be awaited, await what it gives, as a task of its own.

        A task that is late is cancelled; one that goes on nevertheless is abandoned after `Budgets.grace` and counted
        in the tally. Time in which other plugins kept the event loop from going on does not count.

        Raises:
            PluginFailed: as `call`.
            PluginTimeout: as `call`.
        """
        seconds = self.budgets.limit_of(step) if limit is None else limit
        if never_waits(function):
            return self.call(step, _finished, function, *arguments, limit=seconds)
        await entered()
        began = time.monotonic()
        result = self.call(step, function, *arguments, limit=seconds)
        if not inspect.isawaitable(result):
            return result
        return await self._await(step, result, seconds, began)

    @contextlib.contextmanager
    def streaming(self) -> Generator[None]:
        """Around the part of a call under way that gives its result piece by piece: a reload does not wait for it."""
        self.calls.running -= 1
        self.calls.streams += 1
        try:
            yield
        finally:
            self.calls.streams -= 1
            self.calls.running += 1

    def attempt(
        self, step: str, work: Coroutine[Any, Any, Any], *, limit: float | None, control: Control | None
    ) -> Any:
        """Do `work` in the present task; what does not end when it is late, or given up, is driven no further.

        Returns:
            What it gives, or if it waits, what to await at once for that, as `Unfinished`.

        Raises:
            PluginFailed: as `call`.
            PluginTimeout: as `call`.
        """
        place: PlaceOfWork | None = None if control is None else control.place
        if place is None:
            from localagent.host.attempts import place_here

            place = place_here(control)
        place.begin(self, step, limit, control)
        is_waiting = False
        # It stays from one attempt to the next where a task does nothing else; the host's code is known by its file.
        is_kept = control is not None and control.is_alone
        outer = None if is_kept and running.get() is self else running.set(self)
        try:
            given = place.first(work, self.journal)
            is_waiting = given is WAITS
        except BaseException as error:
            failure = self._failure_of_attempt(error, step, place)
            if failure is None:
                raise
            raise failure from (None if isinstance(failure, PluginTimeout) else error)
        finally:
            if outer is not None and not is_kept:
                running.reset(outer)
            if not is_waiting:
                place.end()
        return place.unfinished(self._rest(step, place, work)) if is_waiting else given

    async def _rest(self, step: str, place: PlaceOfWork, work: Coroutine[Any, Any, Any]) -> Any:
        """Await the rest of an attempt, counted among the calls under way: what never waits nobody could wait for."""
        outer = running.set(self)
        self.calls.running += 1
        try:
            return await place.rest(work, self.journal)
        except BaseException as error:
            failure = self._failure_of_attempt(error, step, place)
            if failure is None:
                raise
            raise failure from (None if isinstance(failure, PluginTimeout) else error)
        finally:
            self.calls.running -= 1
            running.reset(outer)
            place.end()

    def _failure_of_attempt(self, error: BaseException, step: str, place: PlaceOfWork) -> PluginFailed | None:
        """What an attempt ended with, as the host tells it; None for what only passes through."""
        if place.is_late:
            place.forgive()
            return self._too_late(step, place.deadline.seconds, place.lines)
        if _is_somebody_elses(error, place.deadline) or place.is_cancelled(error):
            return None
        return self.failure(step, error)

    async def background(self, work: Awaitable[Any]) -> Any:
        """Await `work` that the plugin does beside the host's steps, without a limit; its own errors pass as they are.

        Raises:
            PluginFailed: it raised `SystemExit` or `KeyboardInterrupt`, which would end the event loop.
        """
        mark = self.mark("background") if self.journal is not None else b""
        try:
            return await Slices(work, self.journal, mark, None)
        except (KeyboardInterrupt, SystemExit) as error:
            if _is_somebody_elses(error, None):
                raise
            raise self.failure("background", error) from error

    def failure(self, step: str, error: BaseException) -> PluginFailed:
        """`error` as the host tells it: step, cause, file and line of the plugin, and the way out."""
        if isinstance(error, TimeLimit):
            return self._too_late(step, error.deadline.seconds, error.lines)
        file, line = self._place(error)
        message, fix = _explain(error)
        return PluginFailed(
            f"{step}: {message}", plugin=self.plugin, version=self.version, step=step, file=file, line=line, fix=fix
        )

    def tell_exit(self, code: int, file: str, line: int) -> None:
        """Say, and write down for the next start, that a line of the plugin is about to end the process by itself."""
        reason, place = f"it ended the process with os._exit({code})", f"{file}:{line}"
        if self.journal is not None:
            self.journal.charge(self.mark("background"), reason, place)
        _say_last(f"error {place}: {self}: {reason}; no cleanup was run", _STDERR)

    def _call(
        self,
        step: str,
        function: Callable[..., T],
        arguments: tuple[Any, ...],
        limit: float | None,
        passing: tuple[type[BaseException], ...],
        stderr: int,
    ) -> T:
        journal = self.journal
        seconds = self.budgets.limit_of(step) if limit is None else limit
        surroundings = Surroundings()
        deadline = None
        if seconds is not None:
            deadline = Deadline(step, seconds, self.give_up, net=stderr if step in _NETTED_STEPS else None)
        if journal is not None:
            journal.enter(self.mark(step))
        outer = running.set(self)
        try:
            if deadline is not None:
                deadline.start()
            else:
                rest()
            return function(*arguments)
        except passing:
            raise
        except BaseException as error:
            if _is_somebody_elses(error, deadline):
                raise
            raise self.failure(step, error) from error
        finally:
            running.reset(outer)
            if deadline is not None:
                deadline.stop()
            if journal is not None:
                journal.leave()
            surroundings.restore()

    async def _await(self, step: str, awaitable: Awaitable[Any], seconds: float | None, began: float) -> Any:
        """Run `awaitable` as a task and wait for it, but never longer than it may take."""
        import asyncio

        surroundings = Surroundings()
        deadline = None
        if seconds is not None:
            net = _STDERR if step in _NETTED_STEPS else None
            deadline = Deadline(step, seconds, self.give_up, is_task=True, net=net, began=began)
            deadline.start()
        mark = self.mark(step) if self.journal is not None else b""
        slices = Slices(awaitable, self.journal, mark, deadline)
        self.calls.running += 1
        outer = running.set(self)
        task = asyncio.get_running_loop().create_task(_contained(slices), name=f"{self.plugin}: {step}")
        running.reset(outer)
        try:
            if deadline is not None:
                deadline.leave_context()
            await _done_in_time(task, deadline)
            if task.done():
                return self._outcome(step, task, deadline)
            raise self._too_late(step, seconds or 0.0, slices.lines())
        finally:
            # Late, or the host lets go of us and so of the plugin; what the plugin raises never comes this way.
            try:
                if not task.done():
                    await self._let_go(step, task, deadline)
            finally:
                self.calls.running -= 1
                if deadline is not None:
                    deadline.stop()
                surroundings.restore(slices.left)

    async def _let_go(self, step: str, task: Task[Any], deadline: Deadline | None) -> None:
        """Cancel a task and wait a little for it to end; never for ever."""
        import asyncio

        grace = self.budgets.grace if interrupts.pending() is None else _GRACE_AFTER_SIGNAL
        if deadline is not None:
            deadline.extend(time.monotonic() + grace)
        task.cancel()
        try:
            await asyncio.wait({task}, timeout=grace)
        finally:
            if task.done():
                _look_at(task)
            else:
                task.add_done_callback(_look_at)
                self.tally.abandon(self.plugin, step, task)

    def _outcome(self, step: str, task: Task[Any], deadline: Deadline | None) -> Any:
        """What a task that is done gave."""
        import asyncio

        if task.cancelled():
            error: BaseException = asyncio.CancelledError("it cancelled itself")
            raise self.failure(step, error) from error
        failed = task.exception()
        if failed is None:
            result, raised = task.result()
            if raised is None:
                return result
            failed = raised
        if _is_somebody_elses(failed, deadline):
            raise failed
        raise self.failure(step, failed) from failed

    def mark(self, step: str) -> bytes:
        """The journal's entry for a step."""
        return mark_of(self.plugin, step, self.fingerprint, self.root)

    def _too_late(self, step: str, seconds: float, lines: Iterable[tuple[str, int]]) -> PluginTimeout:
        file, line = self._own_line(lines)
        return PluginTimeout(
            f"{step}: took longer than {seconds:.3g} s and was stopped",
            plugin=self.plugin,
            version=self.version,
            step=step,
            file=file,
            line=line,
            fix=f"if it needs that long, set budgets.{_budget_of(step)} in config.yaml",
        )

    def give_up(self, limit: TimeLimit) -> None:
        """End the process, as this step cannot be ended otherwise; said, and written down for the next start."""
        deadline = limit.deadline
        file, line = self._own_line(limit.lines)
        reason = f"it took longer than {deadline.seconds:.3g} s and could not be stopped"
        if self.journal is not None:
            self.journal.note(reason, f"{file}:{line}")
        message = f"error {file}:{line}: {self}, {deadline.step}: {reason}; giving up"
        _say_last(message, _STDERR if deadline.net is None else deadline.net)
        interrupts.give_up(_GAVE_UP)

    def _place(self, error: BaseException) -> Place:
        """The line of the plugin that was running last."""
        if isinstance(error, SyntaxError) and isinstance(error.filename, str):
            return error.filename, error.lineno
        frames = traceback.extract_tb(error.__traceback__)
        return self._own_line((frame.filename, frame.lineno or 0) for frame in reversed(frames))

    def _own_line(self, lines: Iterable[tuple[str, int]]) -> Place:
        """The first of `lines` that is the plugin's, else its declaration, else the first that is not the host's."""
        candidates = [line for line in lines if not is_hosts(line[0])]
        own = own_line(candidates, self.root)
        if own == NOWHERE:
            own = self.declaration()
        return own if own != NOWHERE else next(iter(candidates), NOWHERE)


def never_waits(function: object) -> bool:
    """Whether a coroutine function needs no event loop; only of the host's own it is known, which do nothing."""
    return type(function) is MethodType and any(function.__func__ is known for known in _NEVER_WAITING)


def _finished(function: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
    """The result of a coroutine function that never waits."""
    try:
        function(*arguments).send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("it waits")


def _is_somebody_elses(error: BaseException, deadline: Deadline | None) -> bool:
    """Whether an exception only passes through the plugin: a real Ctrl-C, or the limit of a step around this one."""
    if isinstance(error, KeyboardInterrupt):
        return interrupts.pending() is not None
    return isinstance(error, TimeLimit) and error.deadline is not deadline


async def _done_in_time(task: Task[Any], deadline: Deadline | None) -> None:
    """Wait for a task, but not past its deadline, which may move while we wait."""
    import asyncio

    if deadline is None:
        await asyncio.wait({task})
        return
    while not task.done() and (left := deadline.left()):
        await asyncio.wait({task}, timeout=left)


async def _contained(awaitable: Awaitable[Any]) -> tuple[Any, BaseException | None]:
    """The result, or an exception that asyncio would let out of the task and through the whole loop."""
    try:
        return await awaitable, None
    except (KeyboardInterrupt, SystemExit) as error:
        if _is_somebody_elses(error, None):
            raise
        return None, error


def _look_at(task: Task[Any]) -> None:
    """Take note of a late outcome, so that asyncio does not complain that nobody did."""
    if not task.cancelled():
        task.exception()


def _say_last(message: str, descriptor: int) -> None:
    """Write a line of a process that is about to end; nobody may be there to read it any more."""
    with contextlib.suppress(OSError):
        os.write(descriptor, f"{message}\n".encode(errors="backslashreplace"))


def _budget_of(step: str) -> str:
    if step in ("initialise", "register"):
        return "initialise"
    if step in LOADING_STEPS:
        return "import"
    return {"cleanup": "cleanup", "complete": "completion"}.get(step, "handler")


def _explain(error: BaseException) -> tuple[str, str | None]:
    """What went wrong in one sentence, and the command that mends it where one is known."""
    try:
        return _told(error)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - what an exception says of itself is the plugin's code as well
        return type(error).__name__, None


def _told(error: BaseException) -> tuple[str, str | None]:
    if isinstance(error, ModuleNotFoundError) and error.name:
        module = error.name.partition(".")[0]
        return f"needs the module '{error.name}', which is not installed", f"python -m pip install {module}"
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg}", None
    if isinstance(error, SystemExit):
        return f"asked the whole process to exit (SystemExit({error.code!r}))", None
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__, None
