"""What a plugin's wheel must and must not hold: the rules LA501 to LA505."""

from __future__ import annotations

import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Final

from localagent.diagnostics.diagnostic import Diagnostic, Place, Severity
from localagent.host.distributions import parse_entry_points
from localagent.host.found import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.host.distributions import PluginEntry

MANIFEST = "plugin-manifest.yaml"


@dataclass(frozen=True, slots=True)
class WheelContents:
    """An open wheel, read as far as the rules need it.

    Attributes:
        file: the wheel.
        archive: its content; open as long as the rules run.
        paths: of all files, as they come to lie in an environment: without the ``NAME.data/purelib`` of some wheels.
        entries: the plugins that it announces.
        project: the source folder it was built from, if known.
    """

    file: Path
    archive: zipfile.ZipFile
    paths: frozenset[str]
    entries: tuple[PluginEntry, ...]
    project: Path | None = None

    def declaration(self, entry: PluginEntry) -> Place:
        """Where the project that the wheel was built from declares `entry`; the wheel where that is not known."""
        for name in ("pyproject.toml", "setup.cfg", "setup.py"):
            line = _line_with(self.project / name, entry.target) if self.project else None
            if self.project and line:
                return Place(self.project / name, line)
        return Place(self.file)


def check_wheel(file: Path, *, plugin: bool = True, project: Path | None = None) -> list[Diagnostic]:
    """Every finding in a wheel, by rule; nothing is unpacked, no code of the wheel runs.

    Args:
        file: the wheel.
        plugin: whether it should be a plugin's; else only whether it is safe and whole is checked.
        project: the source folder it was built from, so that findings name the line there.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            contents = read_contents(file, archive, project)
            rules = RULES if plugin else SAFETY_RULES
            return [finding for check in rules.values() for finding in check(contents)]
    except (zipfile.BadZipFile, OSError, UnicodeDecodeError) as error:
        return [_finding("LA502", file, f"not a readable wheel: {error}", fix="build it again")]


def read_contents(file: Path, archive: zipfile.ZipFile, project: Path | None = None) -> WheelContents:
    """What the rules look at in an open wheel."""
    paths = frozenset(_installed_path(name) for name in archive.namelist() if not name.endswith("/"))
    info = next((path for path in sorted(paths) if path.endswith(".dist-info/entry_points.txt")), None)
    entries = parse_entry_points(archive.read(info).decode("utf-8"), file) if info else ()
    return WheelContents(file, archive, paths, () if isinstance(entries, Unreadable) else entries, project)


def check_paths(contents: WheelContents) -> Iterator[Diagnostic]:
    """LA501: every member is a plain file below the folder that the wheel is unpacked to."""
    for member in contents.archive.infolist():
        problem = _unsafe(member)
        if problem:
            yield _finding(
                "LA501", contents.file, f"unsafe member {member.filename!r}: {problem}", fix="do not install this wheel"
            )


def check_record(contents: WheelContents) -> Iterator[Diagnostic]:
    """LA502: RECORD names every file, with its size and hash (PyPA's binary distribution format)."""
    from installer.exceptions import InstallerError
    from installer.sources import WheelFile

    try:
        WheelFile(contents.archive).validate_record()
    except WheelFile.validation_error as error:
        issues: list[str] = getattr(error, "issues", [str(error)])
        prefix = f"In {contents.archive.filename}, "
        for issue in issues:
            yield _finding("LA502", contents.file, issue.removeprefix(prefix).rstrip("."), fix="build the wheel again")
    except (InstallerError, ValueError, RuntimeError, zipfile.BadZipFile, KeyError) as error:
        yield _finding("LA502", contents.file, f"RECORD cannot be checked: {error}", fix="build the wheel again")


def check_manifest(contents: WheelContents) -> Iterator[Diagnostic]:
    """LA503: the manifest lies in the package that an entry point names."""
    folders = {folder for entry in contents.entries for folder in _packages_of(entry)}
    if any(f"{folder}/{MANIFEST}" in contents.paths for folder in folders):
        return
    if not contents.entries:
        yield _finding(
            "LA503",
            contents.file,
            "no plugin: neither a manifest nor an entry point in a group localagent.plugins.*",
            fix='declare the plugin in [project.entry-points."localagent.plugins.commands"] of pyproject.toml',
        )
        return
    where = " or ".join(sorted(folders))
    yield _finding(
        "LA503",
        contents.declaration(contents.entries[0]),
        f"{MANIFEST} is not in {where}",
        fix=f"pack {MANIFEST} as data of the package (setuptools: [tool.setuptools.package-data] in pyproject.toml)",
    )


def check_entry_points(contents: WheelContents) -> Iterator[Diagnostic]:
    """LA504: the module of every plugin's entry point is in the wheel."""
    for entry in contents.entries:
        module = _module_of(entry)
        if not _holds_module(contents.paths, module):
            yield _finding(
                "LA504",
                contents.declaration(entry),
                f"entry point {entry.name!r} names the module {module!r}, which is not in the wheel",
                fix=f"pack {module.partition('.')[0]}, or correct the entry point in pyproject.toml",
            )


def check_tests(contents: WheelContents) -> Iterator[Diagnostic]:
    """LA505: no package ``tests`` at the top level, where every other distribution's tests would land too."""
    if any(path.startswith("tests/") for path in contents.paths):
        yield _finding(
            "LA505",
            contents.file,
            "the package 'tests' is packed at the top level",
            fix="leave tests out of the wheel (setuptools: name the packages in [tool.setuptools])",
        )


SAFETY_RULES: Final = {"LA501": check_paths, "LA502": check_record}
"""What holds for every wheel that is unpacked, a dependency's too."""

RULES: Final = {**SAFETY_RULES, "LA503": check_manifest, "LA504": check_entry_points, "LA505": check_tests}
"""Check of each rule of this family, in the order of findings."""


def _finding(rule: str, where: Path | Place, message: str, *, fix: str) -> Diagnostic:
    place = where if isinstance(where, Place) else Place(where)
    return Diagnostic(rule, Severity.ERROR, message, place, fix=fix)


def _line_with(file: Path, text: str) -> int | None:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return next((number for number, line in enumerate(lines, start=1) if text in line), None)


def _unsafe(member: zipfile.ZipInfo) -> str:
    """Why the member must not be unpacked; empty where it may be."""
    # `orig_filename` is what the archive says: zipfile itself cuts at NUL and turns backslashes on some systems.
    name = member.orig_filename
    path = PurePosixPath(name)
    if path.is_absolute() or PureWindowsPath(name).drive or PureWindowsPath(name).root:
        return "an absolute path"
    if ".." in path.parts:
        return "it leads out of the folder"
    if "\\" in name or "\0" in name:
        return "a character that no path in a wheel has"
    mode = member.external_attr >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "a link or device, not a file"
    if mode & (stat.S_ISUID | stat.S_ISGID):
        return "it would run with another user's rights"
    return ""


def _installed_path(name: str) -> str:
    parts = name.split("/", 2)
    if len(parts) == 3 and parts[0].endswith(".data") and parts[1] in {"purelib", "platlib"}:  # noqa: PLR2004
        return parts[2]
    return name


def _module_of(entry: PluginEntry) -> str:
    return entry.target.partition(":")[0].strip()


def _packages_of(entry: PluginEntry) -> list[str]:
    """The folders of the packages around the entry point's module, and of the module should it be one itself."""
    parts = _module_of(entry).split(".")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def _holds_module(paths: frozenset[str], module: str) -> bool:
    stem = module.replace(".", "/")
    if f"{stem}.py" in paths or f"{stem}/__init__.py" in paths:
        return True
    return any(path.startswith(f"{stem}.") and path.endswith((".so", ".pyd")) for path in paths)
