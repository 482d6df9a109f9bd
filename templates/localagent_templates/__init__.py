"""The template that new plugins are made from."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KINDS", "template_root"]

KINDS = ("command", "provider", "ui", "workflow")
"""The kinds of plugin the template can make, as its question ``kind`` offers them."""


def template_root() -> Path:
    """The folder of the Copier template, a real path in a wheel as in an editable install."""
    from importlib.resources import files
    from pathlib import Path

    return Path(str(files(__name__) / "current"))
