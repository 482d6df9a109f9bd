"""The homes of LocalAgent that plugins lived in while somebody wanted to know."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_noting: list[set[Path]] = []


def watch(homes: set[Path]) -> Callable[[], None]:
    """Add each home that is opened to `homes`; gives what ends that."""
    _noting.append(homes)

    def end() -> None:
        # By identity: another watcher's set may have the same homes.
        _noting[:] = [noted for noted in _noting if noted is not homes]

    return end


def note_home(home: Path) -> None:
    """Tell whoever watches of a home that plugins live in."""
    for homes in _noting:
        homes.add(home)
