"""What an sdist or a wheel holds, as the rules for archives see it: read once, unpacked never."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from localagent.diagnostics.diagnostic import Place
from localagent.diagnostics.project import Entry, Project
from localagent.diagnostics.source import Source, parse_source
from localagent.errors import ManifestError
from localagent.host.distributions import parse_entry_points
from localagent.host.found import Unreadable
from localagent.manifest.document import parse_document
from localagent.manifest.model import KINDS, MANIFEST_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.metadata import RawMetadata

ArchiveKind = Literal["wheel", "sdist"]
MemberKind = Literal["file", "folder", "link", "device"]

_GROUPS = {kind: group for group, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an archive, as its header tells.

    Attributes:
        path: as the archive says it, which may be any text.
        kind: what would come to lie on the disk.
        size: bytes when unpacked.
        packed: bytes in the archive; 0 where members are not packed one by one.
        mode: permission bits; 0 where the archive has none.
    """

    path: str
    kind: MemberKind
    size: int
    packed: int = 0
    mode: int = 0


@dataclass(frozen=True)
class Archive:
    """An sdist or a wheel.

    Paths are those at which files come to lie: below the top folder of an sdist, and without the ``NAME.data/purelib``
    that some wheels have.

    Attributes:
        file: the archive.
        kind: which of the two it is.
        members: as their headers tell, in the archive's order.
        texts: the content of files that are text and not too long, by path.
        trouble: why the archive could not be read to its end; empty where it was.
        project: the source folder it was built from, where that is known.
    """

    file: Path
    kind: ArchiveKind
    members: tuple[Member, ...] = ()
    texts: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    trouble: str = ""
    project: Path | None = None

    @cached_property
    def paths(self) -> frozenset[str]:
        """The paths of all files."""
        return frozenset(place_of(member.path, self.kind) for member in self.members if member.kind == "file")

    @cached_property
    def info(self) -> str:
        """The path before the names of files with metadata: the wheel's ``.dist-info`` folder; empty in an sdist."""
        if self.kind == "sdist":
            return ""
        infos = (path.split("/")[0] for path in sorted(self.paths) if path.count("/") == 1)
        return next((f"{top}/" for top in infos if top.endswith(".dist-info")), "")

    @cached_property
    def metadata(self) -> RawMetadata:
        """The core metadata as they are written, empty where there are none."""
        from packaging.metadata import parse_email

        parsed, _ = parse_email(self.texts.get(self.metadata_path, b""))
        return parsed

    @property
    def metadata_path(self) -> str:
        """Where the core metadata are."""
        return f"{self.info}METADATA" if self.kind == "wheel" else "PKG-INFO"

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The plugins that a wheel announces."""
        text = self.texts.get(f"{self.info}entry_points.txt", b"").decode("utf-8", "replace")
        found = parse_entry_points(text, self.file)
        if self.kind == "sdist" or isinstance(found, Unreadable):
            return ()
        return tuple(Entry((), _GROUPS[entry.kind], entry.name, entry.target) for entry in found)

    @cached_property
    def manifest_path(self) -> str:
        """Where the manifest is: in a package that an entry point names, else nearest to the top; empty if nowhere."""
        found = [path for path in self.texts if path.rpartition("/")[2] in MANIFEST_NAMES]
        packages = {folder for entry in self.entries for folder in packages_of(entry)}
        if self.entries:
            found = [path for path in found if path.rpartition("/")[0] in packages]
        return min(found, key=lambda path: (path.count("/"), path), default="")

    @cached_property
    def packed(self) -> PackedProject:
        """Manifest and code as the rules for source trees take them."""
        file = self.at(self.manifest_path or MANIFEST_NAMES[0]).file
        try:
            data = self.texts.get(self.manifest_path)
            document = None if data is None else parse_document(data, file)
        except ManifestError as error:
            return PackedProject(self.file, file, unreadable=error, archive=self)
        return PackedProject(self.file, file, document, archive=self)

    def at(self, path: str, line: int | None = None, column: int | None = None) -> Place:
        """A place in a file of the archive, as ``ARCHIVE/PATH``."""
        return Place(self.file / path, line, column)

    def declaration(self, entry: Entry) -> Place:
        """Where the project that the archive was built from declares `entry`; the archive where that is not known."""
        for name in ("pyproject.toml", "setup.cfg", "setup.py"):
            line = _line_with(self.project / name, entry.target) if self.project else None
            if self.project and line:
                return Place(self.project / name, line)
        return Place(self.file)


@dataclass(frozen=True)
class PackedProject(Project):
    """A plugin's manifest and modules inside an archive."""

    archive: Archive = field(kw_only=True, repr=False)
    _parsed: dict[str, Source] = field(default_factory=dict[str, Source], init=False, repr=False, compare=False)

    def module_file(self, module: str) -> Path | None:
        """The place of a module of Python code."""
        stem = module.replace(".", "/")
        found = next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in self.archive.texts), None)
        return None if found is None else self.archive.at(found).file

    def source(self, file: Path) -> Source:
        """A Python file of the archive, parsed once."""
        path = file.relative_to(self.archive.file).as_posix()
        if path not in self._parsed:
            self._parsed[path] = parse_source(self.archive.texts[path], file)
        return self._parsed[path]


def place_of(path: str, kind: ArchiveKind) -> str:
    """Where a member comes to lie."""
    if kind == "sdist":
        return path.partition("/")[2]
    parts = path.split("/", 2)
    if len(parts) == 3 and parts[0].endswith(".data") and parts[1] in {"purelib", "platlib"}:  # noqa: PLR2004
        return parts[2]
    return path


def packages_of(entry: Entry) -> list[str]:
    """The folders of the packages around the entry point's module, and of the module should it be one itself."""
    parts = entry.module.split(".")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def _line_with(file: Path, text: str) -> int | None:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return next((number for number, line in enumerate(lines, start=1) if text in line), None)
