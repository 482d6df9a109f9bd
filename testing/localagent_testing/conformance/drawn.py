"""What a component draws of data, and which data it is tried with."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import PluginFailed, UnfitData
from localagent.manifest.plain import is_list, is_mapping
from localagent_testing.conformance.judging import Unobserved
from localagent_testing.conformance.plan import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localagent.ui.components import Component, ComponentRegistry
    from localagent.ui.screen import Screen

MARKED = "[bold]marked[/bold] [/nothing]"
"""A text that reads as markup of Rich, and as markup that is not well formed."""

ROWS = 10_000

_USUAL = 80
_ROW = {"name": "one", "size": 1, "status": "running", "progress": 40}
_SAMPLES: tuple[Any, ...] = (
    [_ROW, {**_ROW, "name": "two"}],
    [{"name": "one", "progress": 40}, {"name": "two", "progress": 100}],
    {"state": "ready", "plugins": 3},
    ["one", "two"],
    "one\ntwo\n",
    {"before": "old\n", "after": "new\n"},
)
"""The data that LocalAgent's own components take, in turn."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of drawing.

    Attributes:
        text: what was drawn, without colours.
        failure: why it failed, None if it did not.
    """

    text: str
    failure: PluginFailed | None


@dataclass(frozen=True, slots=True)
class Tried:
    """A component with data that it draws.

    Attributes:
        registry: the components of its host.
        component: the component.
        data: the data.
        is_given: whether the project gave them.
    """

    registry: ComponentRegistry
    component: Component
    data: Any
    is_given: bool

    def drawn(self, data: Any, *, width: int = _USUAL, colour: bool = True) -> Drawn:
        """What the component draws of data.

        Args:
            data: the data, as they come from a file.
            width: columns.
            colour: whether colours may be used.
        """
        return draw(self.registry, self.component, data, recording(width, colour=colour))


def tried(registry: ComponentRegistry, component: Component, data: Mapping[str, Any]) -> Tried:
    """A component with the project's data for it, else the first sample that it draws.

    Raises:
        Unobserved: it draws none of them.
    """
    if component.name in data:
        return Tried(registry, component, data[component.name], is_given=True)
    reason = ""
    for sample in _SAMPLES:
        drawn = draw(registry, component, sample, recording(_USUAL, colour=True))
        if drawn.failure is None:
            return Tried(registry, component, sample, is_given=False)
        reason = reason or drawn.failure.message
    say = f"say which in pyproject.toml: [{TABLE}] data.{component.name} = …"
    raise Unobserved(f"the component '{component.name}' draws no usual data ({reason}); {say}")


def draw(registry: ComponentRegistry, component: Component, data: Any, screen: Screen) -> Drawn:
    """What a component draws of data on a recording screen."""
    from localagent.ui.drawing import Drawing, shaped

    try:
        fit = shaped(component, data)
    except UnfitData as error:
        return Drawn("", PluginFailed(f"draw: {error.message}", plugin=component.plugin, step="draw"))
    # What the component itself asks the host for is drawn in the same place.
    registry.screen = screen
    drawing = Drawing.make(component, fit, {}, screen)
    screen.console.print(drawing, crop=False)
    return Drawn(screen.console.export_text(clear=False), drawing.failure)


def recording(width: int, *, colour: bool) -> Screen:
    """A screen of some width that keeps what is drawn on it."""
    from localagent.ui.screen import Screen

    return Screen(io.StringIO(), width=width, encoding="utf-8", record=True, colour=colour)


def marked(data: Any) -> Any:
    """`data` with markup in the place of each text."""
    if isinstance(data, str):
        return MARKED
    if is_mapping(data):
        return {key: marked(value) for key, value in data.items()}
    return [marked(item) for item in data] if is_list(data) else data


def emptied(data: Any) -> Any:
    """No data of the same sort."""
    return type(data)()


def many(data: Any) -> Any:
    """`ROWS` rows or lines such as those in `data`; None where it has neither."""
    if is_list(data) and data:
        return list(itertools.islice(itertools.cycle(data), ROWS))
    return "one line of many\n" * ROWS if isinstance(data, str) else None
