"""The components that LocalAgent brings along: a static table, so that listing them imports nothing."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

OWNER = "localagent"
"""Who offers these components; no plugin can have that name."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A component of LocalAgent's own.

    Attributes:
        name: what it is called.
        help: one line.
        shape: the function of `localagent.ui.shapes` that checks its data; empty where anything goes.
        sample: data to try it with.
    """

    name: str
    help: str
    shape: str
    sample: Any

    @property
    def function(self) -> Callable[..., Any]:
        """The component itself; imports Rich."""
        component: Callable[..., Any] = getattr(import_module(f"localagent.ui.{self.name}"), self.name)
        return component

    def shaped(self, data: Any) -> Any:
        """`data` as a component of this name gets them, whoever offers it.

        Raises:
            UnfitData: they do not fit.
        """
        if not self.shape:
            return data
        return getattr(import_module("localagent.ui.shapes"), self.shape)(data)


_ROWS = [
    {"name": "project-analyzer", "version": "1.2.0", "files": 128, "enabled": True},
    {"name": "summaries", "version": "0.4.1", "files": 9, "enabled": False},
    {"name": "release-notes", "version": "2.0.0", "files": 31, "enabled": True},
]
_WORKFLOWS = [
    {"name": "review", "progress": 100, "state": "done", "elapsed": 12},
    {"name": "refactor", "progress": 45, "phase": "reading files", "elapsed": 75},
    {"name": "release", "state": "waiting"},
]
_FACTS = {"host": "ready", "plugins": 3, "provider": "scripted", "errors": 0}
_BRANCHES = {"plugins": {"project-analyzer": {"commands": ["analyze-project"]}, "summaries": {}}, "version": "1.0.0"}
_VERSIONS = {"before": "name: demo\nsize: 1\n", "after": "name: demo\nsize: 2\ncolour: green\n"}
_DOCUMENT = "# A title\n\nSome *words*, then a list:\n\n- one\n- two\n"

BUILT_IN = {
    each.name: each
    for each in (
        BuiltIn("data_table", "Rows as a table", "rows", _ROWS),
        BuiltIn("progress_dashboard", "Running workflows with their progress", "workflows", _WORKFLOWS),
        BuiltIn("status_panel", "A few facts in a frame", "facts", _FACTS),
        BuiltIn("tree", "Nested data as a tree", "", _BRANCHES),
        BuiltIn("diff", "What changed between two texts", "texts_or_diff", _VERSIONS),
        BuiltIn("markdown", "A Markdown text", "text", _DOCUMENT),
    )
}
"""By name."""
TAKE_TEXT = frozenset({"diff", "markdown"})
"""The components whose data may be text."""
