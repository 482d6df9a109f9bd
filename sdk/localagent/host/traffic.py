"""How many messages plugins sent and heard, kept for other processes to look at."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import SystemProblem
from localagent.manifest.plain import is_mapping
from localagent.services.bus.counts import MessageCounts
from localagent.services.files import exclusively, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localagent.services.home import Home

_FORM = 1
"""Counts the forms in which traffic was kept; that of another form begins anew."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """The messages of one plugin.

    Attributes:
        last: in the last run that ended in order and in which it had any.
        total: in all such runs; what is pending is not added up.
    """

    last: MessageCounts
    total: MessageCounts


def read_traffic(home: Home) -> dict[str, Traffic]:
    """What is kept, by plugin; nothing where it cannot be read, as it is but of interest."""
    try:
        kept = read_json(_file(home), default={})
        plugins: dict[str, Any] = kept["plugins"] if is_mapping(kept) and kept.get("form") == _FORM else {}
        return {name: Traffic(_counts(each["last"]), _counts(each["total"])) for name, each in plugins.items()}
    except (KeyError, TypeError, ValueError, AttributeError, SystemProblem):
        return {}


def keep_traffic(home: Home, counts: Mapping[str, MessageCounts]) -> None:
    """Add the messages of one run to what is kept.

    Raises:
        SystemProblem: it cannot be written.
    """
    counts = {name: each for name, each in counts.items() if name}
    if not counts:
        return
    with exclusively(_file(home)):
        kept = read_traffic(home)
        for name, last in counts.items():
            before = kept[name].total if name in kept else MessageCounts()
            kept[name] = Traffic(last, added(before, last))
        plugins = {name: dataclasses.asdict(traffic) for name, traffic in kept.items()}
        write_json(_file(home), {"form": _FORM, "plugins": plugins})


def added(one: MessageCounts, other: MessageCounts) -> MessageCounts:
    """Both together; of two slowest handlers the slower one."""
    slower = max(one, other, key=lambda counts: counts.slowest)
    return MessageCounts(
        one.published + other.published,
        one.delivered + other.delivered,
        one.failed + other.failed,
        one.timed_out + other.timed_out,
        one.dropped + other.dropped,
        one.late + other.late,
        0,
        slower.slowest,
        slower.slowest_topic,
    )


def told(counts: MessageCounts) -> str:
    """The numbers in one line, those that are 0 left out."""
    names = ("published", "delivered", "failed", "timed_out", "dropped", "late", "pending")
    parts = [f"{number} {name.replace('_', ' ')}" for name in names if (number := getattr(counts, name))]
    if counts.slowest:
        parts.append(f"slowest {counts.slowest * 1000:.0f} ms on {counts.slowest_topic}")
    return ", ".join(parts)


def _counts(data: Any) -> MessageCounts:
    """Counts from what `dataclasses.asdict` gives.

    Raises:
        TypeError: a part is missing, unknown, or of a wrong type.
    """
    counts = MessageCounts(**data)
    for part in dataclasses.fields(MessageCounts):
        if type(getattr(counts, part.name)) is not type(part.default):
            raise TypeError(part.name)
    return counts


def _file(home: Home) -> Path:
    return home.path / "cache" / "messages.json"
