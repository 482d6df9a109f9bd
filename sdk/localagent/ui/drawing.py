"""What a component makes of data, so that nothing its code does on the way harms who draws it."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.measure import Measurement
from rich.panel import Panel
from rich.protocol import is_renderable

from localagent.errors import PluginFailed, UsageError
from localagent.ui.built_in import BUILT_IN
from localagent.ui.components import same_name
from localagent.ui.texts import as_text, harmless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import ConsoleOptions, RenderableType, RenderResult
    from rich.segment import Segment
    from rich.text import Text

    from localagent.ui.components import Component
    from localagent.ui.screen import Screen

STEP = "draw"
"""The step at which a component's failures are told."""
_NARROW = 20


class Drawing:
    """Something that Rich can draw, made by a component.

    Where the component fails, be it only when its content is drawn, a panel stands there that says so.

    Attributes:
        component: who made it.
        failure: what went wrong so far, None if nothing did.
        is_drawn: whether the component drew it itself, on a live display; there is nothing left to draw then.
    """

    def __init__(self, component: Component, content: Any = None, *, is_drawn: bool = False) -> None:
        self.component = component
        self.failure: PluginFailed | None = None
        self.is_drawn = is_drawn
        self._content = content

    @classmethod
    def make(cls, component: Component, data: Any, options: Mapping[str, Any], screen: Screen) -> Drawing:
        """Call a component.

        Raises:
            UsageError: it takes no such options, or, if it is LocalAgent's own, no such data.
        """
        check_options(component, options)
        try:
            with screen.lent() as lives:
                content = component.guarded(partial(component.function, data, **options))
            if content is None and lives:
                return cls(component, is_drawn=True)
            return cls(component, _drawable(component, content), is_drawn=bool(lives))
        except PluginFailed as failure:
            return cls.failed(component, failure)

    @classmethod
    def failed(cls, component: Component, failure: PluginFailed) -> Drawing:
        """What stands for a component that failed."""
        drawing = cls(component, failure_panel(failure))
        drawing.failure = failure
        return drawing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.is_drawn:
            return
        yield from self._segments(console, options)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        if self.is_drawn:
            return Measurement(0, 0)
        try:
            measured: Measurement = self.component.guarded(partial(Measurement.get, console, options, self._content))
        except PluginFailed as failure:
            self._fail(failure)
            return Measurement.get(console, options, self._content)
        return measured

    def _segments(self, console: Console, options: ConsoleOptions) -> Sequence[Segment]:
        try:
            # The whole of it, since what is half drawn cannot be taken back.
            segments: list[Segment] = self.component.guarded(partial(_drawn, console, options, self._content))
        except PluginFailed as failure:
            self._fail(failure)
            return _drawn(console, options, self._content)
        return segments

    def _fail(self, failure: PluginFailed) -> None:
        self.failure = failure
        self._content = failure_panel(failure)


def check_options(component: Component, options: Mapping[str, Any]) -> None:
    """See that a component takes these options.

    Raises:
        UsageError: it does not; the error names those that it takes.
    """
    try:
        signature = inspect.signature(component.function)
    except (TypeError, ValueError):
        # Some built-in functions and classes do not say; calling them tells.
        return
    parameters = list(signature.parameters.values())[1:]
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters):
        return
    taken = [each.name for each in parameters if each.kind is not inspect.Parameter.VAR_POSITIONAL]
    for name in options:
        if name not in taken:
            raise UsageError(
                f"the component '{component.name}' of '{component.plugin}' takes no option '{name}'",
                fix=f"it takes {', '.join(taken)}" if taken else "it takes none",
            )


def shaped(component: Component, data: Any) -> Any:
    """Data from outside as a component takes them: one with the name of a built-in one gets what that one gets.

    Raises:
        UnfitData: they do not fit.
    """
    built_in = BUILT_IN.get(same_name(component.name))
    return data if built_in is None else built_in.shaped(data)


def failure_panel(failure: PluginFailed) -> RenderableType:
    """What is drawn in the place of a component that failed: whose it is, where and why."""
    who = as_text(f"{failure.plugin} {failure.version}".rstrip())
    lines = [as_text(failure.message)]
    lines += [as_text(failure.place, style="dim")] if failure.file is not None else []
    lines += [as_text(f"fix: {failure.fix}")] if failure.fix else []
    return _Framed(who, lines)


class _Framed:
    """Lines in a red frame, without it where there is no room."""

    def __init__(self, title: Text, lines: list[Text]) -> None:
        self._title = title
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in (self._title, *self._lines):
            line.overflow = "fold"
        if options.max_width < _NARROW:
            yield Group(self._title, *self._lines)
        else:
            yield Panel(Group(*self._lines), title=self._title, border_style="red", expand=False)


def _drawn(console: Console, options: ConsoleOptions, content: Any) -> list[Segment]:
    return list(harmless(console.render(content, options)))


def _drawable(component: Component, content: Any) -> Any:
    """What a component gave, if Rich can draw it.

    Raises:
        PluginFailed: it cannot.
    """
    if isinstance(content, str):
        return as_text(content)
    if not inspect.isclass(content) and is_renderable(content):
        return content
    if inspect.iscoroutine(content):
        content.close()
    raise PluginFailed(
        f"{STEP}: the component '{component.name}' gave {_called(content)}, which Rich cannot draw",
        plugin=component.plugin,
        step=STEP,
        file=component.file,
        line=component.line,
        fix="return a Rich renderable or text",
    )


def _called(content: Any) -> str:
    return "None" if content is None else f"a value of the type '{type(content).__name__}'"
