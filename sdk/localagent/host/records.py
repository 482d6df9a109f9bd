"""What was learned of plugins by running them, kept until a plugin's files change."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from localagent.errors import SystemProblem
from localagent.host.fingerprints import fingerprint
from localagent.host.spec import CommandHelp, Flaw
from localagent.manifest.plain import is_mapping
from localagent.services.files import exclusively, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from localagent.host.spec import PluginSpec
    from localagent.services.home import Home

    T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one step of loading took.

    Attributes:
        step: ``import``, ``construct``, ``register`` …
        seconds: wall time.
        memory: bytes by which the process grew; 0 where the system does not tell.
    """

    step: str
    seconds: float
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """What one run of a plugin's code taught.

    Attributes:
        commands: observed commands; None where the plugin could not register them before it is initialised.
        dependencies: what ``Plugin.dependencies`` names.
        is_provider: whether it offers a provider, which has its name.
        failure: why it cannot be loaded, None if it can.
        costs: what each step took.
        topics: topics of broadcasts that it was seen to subscribe to.
        schema: the schema of its settings, where its code gives it and no file.
        components: names of the terminal components that it offers.
        parts: names of the workflow parts that it offers.
    """

    commands: tuple[CommandHelp, ...] | None = None
    dependencies: tuple[str, ...] = ()
    is_provider: bool = False
    failure: Flaw | None = None
    costs: tuple[Cost, ...] = ()
    topics: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = field(default=None, hash=False)
    components: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long importing it took; 0 where that was not measured."""
        return sum(cost.seconds for cost in self.costs if cost.step == "import")

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON values."""
        commands, failure = self.commands, self.failure
        return dataclasses.asdict(self) | {
            "commands": commands and [command._asdict() for command in commands],
            "failure": failure and failure._asdict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Record:
        """A record from what `to_dict` gives.

        Raises:
            KeyError: a part is missing.
            TypeError: a part is of a wrong type.
            ValueError: a number is none.
        """
        commands, failure = data["commands"], data["failure"]
        return cls(
            None if commands is None else tuple(_made(CommandHelp, command) for command in commands),
            tuple(map(_text, data["dependencies"])),
            _truth(data["is_provider"]),
            None if failure is None else _made(Flaw, failure),
            tuple(map(_cost, data["costs"])),
            tuple(map(_text, data["topics"])),
            None if data["schema"] is None else dict(data["schema"]),
            tuple(map(_text, data["components"])),
            tuple(map(_text, data["parts"])),
        )


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


def _cost(data: Any) -> Cost:
    return Cost(_text(data["step"]), float(data["seconds"]), int(data["memory"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def keep_records(home: Home, records: Mapping[PluginSpec, Record]) -> None:
    """Remember `records` beside those of other plugins."""
    with exclusively(home.records_file):
        kept = read_records(home)
        for spec, record in records.items():
            kept[spec.name] = {"fingerprint": fingerprint(spec), "record": record.to_dict()}
        write_json(home.records_file, kept)


def forget_records(home: Home, names: Iterable[str]) -> None:
    """Forget what was learned of plugins that are gone."""
    gone = read_records(home).keys() & set(names)
    if not gone:
        return
    with exclusively(home.records_file):
        write_json(home.records_file, {name: kept for name, kept in read_records(home).items() if name not in gone})
