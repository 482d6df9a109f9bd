"""The terminal components as one plugin uses and offers them: its code is called through its guard."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from localagent.host.places import code_line
from localagent.ui.components import Component

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType
    from rich.live import Live

    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.ledger import Ledger
    from localagent.ui.drawing import Drawing


class OwnedUI:
    """One plugin's view of the components. Signatures and errors are those of `localagent.plugins.context`."""

    def __init__(self, host: Host, guard: Guard, ledger: Ledger) -> None:
        self._host = host
        self._guard = guard
        self._ledger = ledger

    def render(self, name: str, data: Any, **options: Any) -> Drawing:
        """What a component makes of `data`, for Rich to draw."""
        from localagent.ui.drawing import Drawing

        component = self._host.ui.find(name, first=self._guard.plugin)
        return Drawing.make(component, data, options, self._host.ui.screen)

    def show(self, name: str, data: Any, **options: Any) -> bool:
        """Draw it on standard output; whether the component did not fail."""
        drawing = self.render(name, data, **options)
        if not drawing.is_drawn:
            self._host.ui.screen.console.print(drawing)
        return drawing.failure is None

    def live(self, content: RenderableType = "", *, per_second: float = 4) -> Live:
        """A live display that ends with the plugin at the latest."""
        live = self._host.ui.screen.live(content, per_second=per_second)
        self._ledger.record(live.stop)
        return live


def component_of(name: Any, function: Any, guard: Guard) -> Component | None:
    """A component as a plugin offers it; None where it cannot be called, or its name is none."""
    if not (callable(function) and isinstance(name, str) and name and ":" not in name and name.isprintable()):
        return None
    file, line = code_line(function)
    return Component(name, guard.plugin, function, functools.partial(_guarded, guard), file, line)


def _guarded(guard: Guard, work: Callable[[], Any]) -> Any:
    # A reader of the terminal that went away is nobody's fault.
    return guard.call("draw", work, passing=(BrokenPipeError,))
