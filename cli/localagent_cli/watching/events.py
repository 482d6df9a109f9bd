"""What happens while plugins are watched, and how it is told in a line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEW = 3


class Event(NamedTuple):
    """Something that happened.

    Attributes:
        kind: ``debuggable``, ``watching``, ``saved``, ``loaded``, ``reloaded``, ``unloaded``, ``refused``,
            ``postponed``, ``failed``, ``findings``, ``tested`` or ``ran``.
        plugin: the plugin, or the name of its folder.
        data: JSON values.
    """

    kind: str
    plugin: str
    data: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The event as JSON values."""
        return {"event": self.kind, "plugin": self.plugin, **self.data}


def lines_of(event: Event) -> list[str]:
    """An event as lines of text."""
    data, name = event.data, event.plugin
    match event.kind:
        case "debuggable":
            return [f"a debugger may attach at {data['host']}:{data['port']}"]
        case "watching":
            return [f"watching {data['path']}"]
        case "saved":
            return [f"{name}: saved {few(data['files'])}"]
        case "loaded":
            return [f"{name}: ready"]
        case "reloaded":
            kept = "; state kept" if data["state_kept"] else ""
            others = f" with {', '.join(data['plugins'][1:])}" if data["plugins"][1:] else ""
            taken = f"{name}: life {data['generation']}{others} took {data['ms']:.0f} ms{kept}"
            return [taken, *(f"  warning: {warning}" for warning in data["warnings"])]
        case "unloaded":
            return [f"{name}: its files are gone; unloaded {', '.join(data['unloaded']) or 'nothing'}"]
        case "refused":
            running = f"life {data['generation']} goes on" if data["generation"] else "nothing runs"
            return [*_problem(data["problem"]), f"{name}: {running}"]
        case "postponed":
            return [f"{name}: {data['problem']['message'].partition(': ')[2]}; tried again when that is over"]
        case "failed":
            return [*_problem(data["problem"]), f"{name}: not loaded"]
        case "findings":
            found = data["findings"]
            return [_finding(each) for each in found] if found else [f"{name}: no findings"]
        case "tested":
            return [f"{name}: tests: {data['summary']}", *(f"  {failure}" for failure in data["failures"])]
        case _:
            return [*data["output"].splitlines(), f"command: exit code {data['code']}"]


def few(names: Sequence[str]) -> str:
    """Some names in a line, however many there are."""
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


def _problem(problem: dict[str, Any]) -> list[str]:
    place = _place(problem)
    fix = [f"  fix: {problem['fix']}"] if problem["fix"] else []
    return [f"{place}: {problem['message']}" if place else problem["message"], *fix]


def _finding(found: dict[str, Any]) -> str:
    place = _place(found)
    return f"{place}: {found['severity']}[{found['rule']}]: {found['message']}"


def _place(found: dict[str, Any]) -> str:
    """``file:line:column`` as far as known, the file as short as it can be said from here."""
    parts = [str(found[part]) for part in ("line", "column") if found[part]]
    return ":".join([_shown(found["file"]), *parts]) if found["file"] else ""


def _shown(file: str) -> str:
    here = f"{os.getcwd()}{os.sep}"  # noqa: PTH109 - a text is wanted
    return file.removeprefix(here)
