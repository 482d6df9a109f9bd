"""What preflights learned of plugins, kept until a plugin's files change."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.host.spec import CommandHelp, Flaw
from localagent.manifest.plain import is_mapping
from localagent.services.files import exclusively, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localagent.host.spec import PluginSpec
    from localagent.services.home import Home


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
        """A record from what `to_dict` gives."""
        commands = data["commands"]
        return cls(
            None if commands is None else tuple(CommandHelp(**command) for command in commands),
            tuple(data["dependencies"]),
            tuple(data["offers"]),
            Flaw(**data["failure"]) if data["failure"] else None,
            data["seconds"],
        )


def fingerprint(spec: PluginSpec) -> list[Any]:
    """What must be unchanged for a record to hold: source, entry, and the state of entry module and manifest."""
    files = [file for file in (spec.module_file, spec.manifest_file) if file is not None]
    return [sorted(spec.source.identities), spec.target, spec.version, *map(_state, files)]


def read_records(home: Home) -> dict[str, Any]:
    """All records as they are kept; a damaged file counts as empty, since it can be learned again."""
    try:
        kept = read_json(home.records_file, default={})
    except ValueError:
        return {}
    return kept if is_mapping(kept) else {}


def find_record(kept: Mapping[str, Any], spec: PluginSpec) -> Record | None:
    """The record of `spec` if its files are as they were."""
    entry = kept.get(spec.name)
    if not entry or entry["fingerprint"] != fingerprint(spec):
        return None
    return Record.from_dict(entry["record"])


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
