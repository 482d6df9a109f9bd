"""What is known of a plugin without importing it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class SourceKind(Enum):
    """Where a plugin comes from, in order of precedence."""

    DEVELOPMENT = "development folder"
    HOME = "home folder"
    DISTRIBUTION = "distribution"


class State(Enum):
    """What a listing says of a plugin."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    UNTRUSTED = "untrusted"
    SHADOWED = "shadowed"
    FAILED = "failed"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Source:
    """Where one plugin comes from.

    Attributes:
        kind: which of the sources.
        root: real path of the folder or file with the code; for a distribution that is not editable, its
            ``.dist-info`` folder.
        distribution: normalised name of the distribution, empty for folders.
        editable: whether the distribution is installed from `root` as a source folder.
        trusted: False for a development folder below the current folder that nobody agreed to run.
    """

    kind: SourceKind
    root: Path
    distribution: str = ""
    editable: bool = False
    trusted: bool = True

    @property
    def identities(self) -> frozenset[str]:
        """What a consent may be bound to: the distribution's name, a source folder's real path, or both."""
        found: set[str] = set()
        if self.distribution:
            found.add(f"distribution:{self.distribution}")
        if self.is_folder:
            found.add(f"path:{self.root}")
        return frozenset(found)

    @property
    def is_folder(self) -> bool:
        """Whether the code lies in a source folder or file of the user's."""
        return self.editable or self.kind is not SourceKind.DISTRIBUTION

    def __str__(self) -> str:
        return (
            f"{self.distribution} ({self.root})"
            if self.distribution and self.editable
            else (self.distribution or str(self.root))
        )


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """A command as the help lists it."""

    name: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a plugin cannot be loaded although it was found.

    Attributes:
        step: at which step it shows: ``identity``, ``manifest``, ``compatibility`` …
        message: the cause in one sentence.
        where: ``file:line:column`` as far as known.
        fix: the way out.
    """

    step: str
    message: str
    where: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class PluginSpec:
    """One plugin that was found.

    Attributes:
        name: the plugin's name.
        kind: ``command``, ``provider``, ``ui`` or ``workflow``; empty where only importing would tell.
        target: ``module:Class``.
        source: where it comes from.
        version: from manifest or distribution; may be empty.
        description: one line; may be empty.
        commands: the commands its manifest declares.
        activation: topics of broadcasts that load it, as its manifest declares.
        requires: requirements on other plugins, PEP 440 ranges allowed.
        required_settings: settings that must be set before it can be ready.
        permissions: what its manifest says it uses, as ``what: detail`` words.
        module_file: the file of the entry module, where it is known without importing.
        manifest_file: the manifest, if it has one.
        schema_file: the schema of its settings that the manifest names.
        flaw: why it cannot be loaded, None where nothing speaks against it.
    """

    name: str
    kind: str
    target: str
    source: Source
    version: str = ""
    description: str = ""
    commands: tuple[CommandHelp, ...] = ()
    requires: tuple[str, ...] = ()
    required_settings: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    module_file: Path | None = None
    manifest_file: Path | None = None
    schema_file: Path | None = None
    flaw: Flaw | None = field(default=None)
    activation: tuple[str, ...] = ()

    @property
    def code_root(self) -> Path | None:
        """The folder under which the plugin's own lines lie."""
        if self.source.is_folder:
            return self.source.root
        return self.module_file.parent if self.module_file else None

    def to_dict(self) -> dict[str, Any]:
        """The spec as JSON values."""
        data = dataclasses.asdict(self)
        data["source"] |= {"kind": self.source.kind.value, "root": str(self.source.root)}
        for key in ("module_file", "manifest_file", "schema_file"):
            data[key] = data[key] and str(data[key])
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PluginSpec:
        """A spec from what `to_dict` gives."""
        source = data["source"]
        return cls(
            name=data["name"],
            kind=data["kind"],
            target=data["target"],
            version=data["version"],
            description=data["description"],
            requires=tuple(data["requires"]),
            required_settings=tuple(data["required_settings"]),
            permissions=tuple(data["permissions"]),
            module_file=data["module_file"] and Path(data["module_file"]),
            manifest_file=data["manifest_file"] and Path(data["manifest_file"]),
            schema_file=data["schema_file"] and Path(data["schema_file"]),
            source=Source(**source | {"kind": SourceKind(source["kind"]), "root": Path(source["root"])}),
            commands=tuple(CommandHelp(**command) for command in data["commands"]),
            flaw=Flaw(**data["flaw"]) if data["flaw"] else None,
            activation=tuple(data["activation"]),
        )
