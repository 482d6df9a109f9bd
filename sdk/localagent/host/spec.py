"""What is known of a plugin without importing it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from localagent.host.lazy_paths import OptionalPath, RequiredPath

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
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


_KIND_OF_VALUE = {kind.value: kind for kind in SourceKind}


@dataclass(frozen=True)
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
    root: RequiredPath = RequiredPath()  # noqa: RUF009 - a descriptor, made once for the class
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


@dataclass(frozen=True)
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
        seen: the stamps of entry module and manifest of an installed plugin, one after the other, when it was read.
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
    module_file: OptionalPath = OptionalPath()  # noqa: RUF009 - a descriptor, made once for the class
    manifest_file: OptionalPath = OptionalPath()  # noqa: RUF009 - a descriptor, made once for the class
    schema_file: OptionalPath = OptionalPath()  # noqa: RUF009 - a descriptor, made once for the class
    flaw: Flaw | None = field(default=None)
    activation: tuple[str, ...] = ()
    seen: tuple[int, ...] = field(default=(), compare=False)

    @property
    def code_root(self) -> Path | None:
        """The folder under which the plugin's own lines lie, or the file where it is a single one."""
        if self.source.is_folder:
            return self.source.root
        if self.module_file is None:
            return None
        inner = self.target.partition(":")[0].count(".") + (self.module_file.name == "__init__.py")
        return self.module_file.parents[inner - 1] if inner else self.module_file

    def to_row(self) -> list[Any]:
        """The spec as JSON values; the last is `seen`."""
        source, flaw = self.source, self.flaw
        return [
            self.name,
            self.kind,
            self.target,
            [source.kind.value, _text(source, "root"), source.distribution, source.editable, source.trusted],
            self.version,
            self.description,
            [[command.name, command.help] for command in self.commands],
            self.requires,
            self.required_settings,
            self.permissions,
            _text(self, "module_file"),
            _text(self, "manifest_file"),
            _text(self, "schema_file"),
            flaw and [flaw.step, flaw.message, flaw.where, flaw.fix],
            self.activation,
            self.seen,
        ]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> PluginSpec:
        """A spec from what `to_row` gives."""
        name, kind, target, source, version, description, commands, requires, required, permissions, *rest = row
        module, manifest, schema, flaw, activation, seen = rest
        return cls(
            name,
            kind,
            target,
            Source(_KIND_OF_VALUE[source[0]], *source[1:]),
            version,
            description,
            tuple([CommandHelp(*command) for command in commands]),
            tuple(requires),
            tuple(required),
            tuple(permissions),
            module,
            manifest,
            schema,
            Flaw(*flaw) if flaw else None,
            tuple(activation),
            tuple(seen),
        )


def _text(holder: Source | PluginSpec, name: str) -> str | None:
    """A path as text, without making a Path of one that was read as text."""
    kept: str | Path | None = vars(holder)[name]
    return None if kept is None else os.fspath(kept)
