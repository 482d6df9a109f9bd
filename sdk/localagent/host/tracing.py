"""A host that notes when it called which plugin, for how long, and what that cost."""

from __future__ import annotations

import contextlib
import inspect
import sys
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.host.costs import resident
from localagent.host.guard import Guard
from localagent.host.host import Host
from localagent.workflows.attempt import Unfinished

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

    from localagent.host.situation import HostOptions
    from localagent.workflows.attempt import Control


class Span(NamedTuple):
    """One time in which a plugin's code was called and had not come back.

    Attributes:
        plugin: whose code.
        step: what was done: ``import``, ``initialise``, ``command``, the subject of a message, ``cleanup`` ….
        began: seconds since the trace began.
        seconds: how long it took, what it waited for included.
        memory: bytes by which the process grew meanwhile.
        failed: whether it raised.
    """

    plugin: str
    step: str
    began: float
    seconds: float
    memory: int
    failed: bool


_inside: ContextVar[tuple[str, str] | None] = ContextVar("inside", default=None)


@dataclass(slots=True)
class Noting:
    """A call that is being noted.

    Attributes:
        goes_on: whether it only gave something to await, by which it is noted.
    """

    goes_on: bool = False


@dataclass(slots=True)
class Trace:
    """What is noted, in the order in which it ended."""

    began: float = field(default_factory=time.perf_counter)
    spans: list[Span] = field(default_factory=list[Span])

    @contextlib.contextmanager
    def span(self, plugin: str, step: str) -> Generator[Noting]:
        """Note what is done in the block; a call that is part of one of the same step is not told apart."""
        noting = Noting()
        if _inside.get() == (plugin, step):
            yield noting
            return
        token = _inside.set((plugin, step))
        began, memory = time.perf_counter(), resident()
        try:
            yield noting
        finally:
            _inside.reset(token)
            if not noting.goes_on:
                seconds, grown = time.perf_counter() - began, max(0, resident() - memory)
                self.spans.append(Span(plugin, step, began - self.began, seconds, grown, _has_failed(sys.exception())))


def _has_failed(error: BaseException | None) -> bool:
    """Whether what a call ended with is a failure; commands end by raising, too, with a code."""
    code = getattr(error, "code", getattr(error, "exit_code", 1))
    return error is not None and code not in (0, None)


class TracedGuard(Guard):
    """A guard that notes what it calls.

    Attributes:
        trace: where it is noted.
    """

    __slots__ = ("trace",)

    def __init__(self, *arguments: Any, trace: Trace, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.trace = trace

    def call(self, step: str, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """As `Guard.call`."""
        with self.trace.span(self.plugin, step) as noting:
            result = Guard.call(self, step, function, *arguments, **options)
            noting.goes_on = inspect.isawaitable(result)
            return result

    async def call_async(
        self, step: str, function: Callable[..., Any], *arguments: Any, limit: float | None = None
    ) -> Any:
        """As `Guard.call_async`."""
        with self.trace.span(self.plugin, step):
            return await Guard.call_async(self, step, function, *arguments, limit=limit)

    def attempt(
        self, step: str, work: Coroutine[Any, Any, Any], *, limit: float | None, control: Control | None
    ) -> Any:
        """As `Guard.attempt`."""
        with self.trace.span(self.plugin, step) as noting:
            given = Guard.attempt(self, step, work, limit=limit, control=control)
            if isinstance(given, Unfinished):
                noting.goes_on = True
                return given._replace(rest=self._traced(step, given.rest))
            return given

    async def _traced(self, step: str, rest: Awaitable[Any]) -> Any:
        with self.trace.span(self.plugin, step):
            return await rest


class TracingHost(Host):
    """A host that traces.

    Attributes:
        trace: what was noted.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.trace = Trace()
        super().__init__(*arguments, **options)

    def beside(self, options: HostOptions) -> TracingHost:
        """As `Host.beside`; what is called there is a part of the same trace."""
        other = type(self).open(options)
        other.trace = self.trace
        return other

    def new_guard(self, *arguments: Any, **options: Any) -> TracedGuard:
        """As `Host.new_guard`."""
        return TracedGuard(*arguments, trace=self.trace, **options)
