"""What preflights learned of plugins, kept until a plugin's files change."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from localagent.errors import SystemProblem
from localagent.host.spec import CommandHelp, Flaw
from localagent.manifest.plain import is_mapping
from localagent.services.files import exclusively, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from localagent.host.spec import PluginSpec
    from localagent.services.home import Home

    T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Record:
    """What one preflight learned.

    Attributes:
        commands: observed commands; None where the plugin could not register them before it is initialised.
        dependencies: names in ``Plugin.dependencies``.
        offers: names of providers, components and workflow parts it offers.
        failure: why it cannot be loaded, None if it can.
        seconds: how long importing it took.
    """

    commands: tuple[CommandHelp, ...] | None = None
    dependencies: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    failure: Flaw | None = None
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Record:
        """A record from what `to_dict` gives.

        Raises:
            KeyError: a part is missing.
            TypeError: a part is of a wrong type.
        """
        commands, failure = data["commands"], data["failure"]
        return cls(
            None if commands is None else tuple(_made(CommandHelp, command) for command in commands),
            tuple(map(_text, data["dependencies"])),
            tuple(map(_text, data["offers"])),
            None if failure is None else _made(Flaw, failure),
            float(data["seconds"]),
        )


def fingerprint(spec: PluginSpec) -> list[Any]:
    """What must be unchanged for a record to hold: source, entry, and the state of entry module and manifest."""
    files = [file for file in (spec.module_file, spec.manifest_file) if file is not None]
    return [sorted(spec.source.identities), spec.target, spec.version, *map(_state, files)]


def read_records(home: Home) -> dict[str, Any]:
    """All records as they are kept; one that cannot be read counts as empty, since it can be learned again."""
    try:
        kept = read_json(home.records_file, default={})
    except (ValueError, SystemProblem):
        return {}
    return kept if is_mapping(kept) else {}


def find_record(kept: Mapping[str, Any], spec: PluginSpec) -> Record | None:
    """The record of `spec` if its files are as they were; one that cannot be understood counts as absent."""
    match kept.get(spec.name):
        case {"fingerprint": known, "record": record} if known == fingerprint(spec):
            return _understood(record)
        case _:
            return None


def _understood(record: Any) -> Record | None:
    try:
        return Record.from_dict(record)
    except (KeyError, TypeError, ValueError):
        # Damaged, or kept by another version of LocalAgent.
        return None


def _made(cls: Callable[..., T], texts: Any) -> T:
    """`cls` with the texts of a mapping as its fields."""
    return cls(**{key: _text(value) for key, value in dict(texts).items()})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def keep_records(home: Home, records: Mapping[PluginSpec, Record]) -> None:
    """Remember `records` beside those of other plugins."""
    with exclusively(home.records_file):
        kept = read_records(home)
        for spec, record in records.items():
            kept[spec.name] = {"fingerprint": fingerprint(spec), "record": record.to_dict()}
        write_json(home.records_file, kept)


def _state(file: Path) -> list[Any]:
    try:
        facts = file.stat()
    except OSError:
        return [str(file), None, None]
    return [str(file), facts.st_mtime_ns, facts.st_size]
