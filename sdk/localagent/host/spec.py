"""What is known of a plugin without importing it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from enum import Enum
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from localagent.host.lazy_paths import OptionalPath, RequiredPath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

T = TypeVar("T")


class SourceKind(Enum):
    """Where a plugin comes from, in order of precedence."""

    DEVELOPMENT = "development folder"
    LINK = "linked folder"
    HOME = "home folder"
    DISTRIBUTION = "distribution"
    BUILT_IN = "built in"


class State(Enum):
    """What a listing says of a plugin."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    UNTRUSTED = "untrusted"
    SHADOWED = "shadowed"
    FAILED = "failed"
    QUARANTINED = "quarantined"


_WITHOUT_FOLDER = (SourceKind.DISTRIBUTION, SourceKind.BUILT_IN)
_KIND_OF_VALUE = {kind.value: kind for kind in SourceKind}


@dataclass(frozen=True)
class Source:
    """Where one plugin comes from.

    Attributes:
        kind: which of the sources.
        root: real path of the folder or file with the code; for a distribution that is not editable, its
            ``.dist-info`` folder; of what is built in, LocalAgent's own folder.
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
    def identities(self) -> tuple[str, ...]:
        """What a consent may be bound to: the distribution's name, a source folder's real path, or both."""
        named = (f"distribution:{self.distribution}",) if self.distribution else ()
        return (*named, f"path:{self.root}") if self.is_folder else named

    @property
    def is_folder(self) -> bool:
        """Whether the code lies in a source folder or file of the user's."""
        return self.editable or self.kind not in _WITHOUT_FOLDER

    def to_row(self) -> list[Any]:
        """The source as JSON values."""
        return [self.kind.value, os.fspath(vars(self)["root"]), self.distribution, self.editable, self.trusted]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Source:
        """A source from what `to_row` gives."""
        return _restored(cls, _FIELDS_OF_SOURCE, (_KIND_OF_VALUE[row[0]], *row[1:]))

    def __str__(self) -> str:
        return (
            f"{self.distribution} ({self.root})"
            if self.distribution and self.editable
            else (self.distribution or str(self.root))
        )


class CommandHelp(NamedTuple):
    """A command as the help lists it."""

    name: str
    help: str = ""


class Flaw(NamedTuple):
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
        schema_file: the schema of its settings that the manifest names, or its own where its module has its own folder.
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
        name, kind, target, source, *texts, module, manifest, schema, flaw, activation, seen = _VALUES(vars(self))
        files = (_text(file) for file in (module, manifest, schema))
        return [name, kind, target, source.to_row(), *texts, *files, flaw, activation, seen]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> PluginSpec:
        """A spec from what `to_row` gives."""
        name, kind, target, source, version, description, commands, requires, required, permissions, *rest = row
        module, manifest, schema, flaw, activation, seen = rest
        values = (
            name,
            kind,
            target,
            Source.from_row(source),
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
        return _restored(cls, _FIELDS_OF_SPEC, values)


_FIELDS_OF_SOURCE = tuple(each.name for each in fields(Source))
_FIELDS_OF_SPEC = tuple(each.name for each in fields(PluginSpec))
_VALUES = cast("Callable[[Mapping[str, Any]], tuple[Any, ...]]", itemgetter(*_FIELDS_OF_SPEC))


def _text(path: str | os.PathLike[str] | None) -> str | None:
    """A path as text; no Path is made of one that was read as text."""
    return None if path is None else os.fspath(path)


def _restored(cls: type[T], names: Iterable[str], values: Iterable[Any]) -> T:
    """A frozen dataclass with these values: what its constructor does, in a fifth of the time, a thousand times."""
    made = object.__new__(cls)
    vars(made).update(zip(names, values, strict=True))
    return made
