"""Rules LA500 to LA507, LA511 and LA525: the archive is whole, and unpacking it does no harm."""

from __future__ import annotations

import re
import stat
import unicodedata
import zipfile
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from localagent.diagnostics.diagnostic import Place
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.names import normalised
from localagent.manifest.wording import shown
from localagent_cli.packaging.archive import place_of
from localagent_cli.packaging.archive_reading import UNREADABLE, is_too_large

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from installer.sources import WheelFile

    from localagent_cli.packaging.archive import Archive, Member

_AGAIN = "build it again: localagent dev build"
_REFUSE = "do not install it; build it again from a source that you trust"


def unreadable(archive: Archive) -> Iterator[Finding]:
    """Why the archive cannot be read to its end."""
    if archive.trouble:
        yield Finding(f"it cannot be read: {shown(archive.trouble)}", Place(archive.file), _AGAIN)


def unsafe_members(archive: Archive) -> Iterator[Finding]:
    """Members that are no plain files below the folder that the archive is unpacked to."""
    for member in archive.members:
        reason = _unsafe_path(member) or _unsafe_kind(member, archive)
        if reason:
            yield Finding(f"'{shown(member.path)}' must not be unpacked: {reason}", Place(archive.file), _REFUSE)


def other_records(archive: Archive) -> Iterator[Finding]:
    """What RECORD says otherwise than the files are (PyPA's binary distribution format)."""
    from installer.exceptions import InstallerError
    from installer.sources import WheelFile

    if archive.kind == "sdist":
        return
    try:
        with zipfile.ZipFile(archive.file) as opened:
            issues = _record_issues(WheelFile(opened), name=archive.file)
    except (InstallerError, KeyError, *UNREADABLE) as error:
        issues = [f"RECORD cannot be checked: {error}"]
    for issue in issues:
        yield Finding(_printable(issue.rstrip(".")), Place(archive.file), _AGAIN)


def too_large(archive: Archive) -> Iterator[Finding]:
    """Archives that fill a disk."""
    reason = is_too_large(archive.members, archive.file) if archive.members else ""
    if reason:
        yield Finding(reason, Place(archive.file), "leave large files out, and fetch them when they are needed")


def same_places(archive: Archive) -> Iterator[Finding]:
    """Members that come to lie at one place, on some systems at least."""
    seen: dict[str, str] = {}
    for member in archive.members:
        path = place_of(member.path, archive.kind)
        if member.kind == "folder" or not path:
            continue
        folded = unicodedata.normalize("NFC", path).casefold()
        other = seen.setdefault(folded, member.path)
        if other is not member.path:
            message = f"'{shown(member.path)}' comes to lie where '{shown(other)}' does"
            yield Finding(message, Place(archive.file), "rename one of them; letters' case makes no difference")
    yield from (
        Finding(f"'{shown(path)}' is a file, and a folder of others", Place(archive.file), "rename one of them")
        for path in sorted({str(parent) for path in archive.paths for parent in PurePosixPath(path).parents})
        if path in archive.paths
    )


def other_names(archive: Archive) -> Iterator[Finding]:
    """Archives whose file name, top folder and metadata do not name the same project and version."""
    name, version = archive.metadata.get("name"), archive.metadata.get("version")
    if not name or not version:
        yield Finding(f"{archive.metadata_path} names no project and version", Place(archive.file), _AGAIN)
        return
    for what, said in _names_said(archive).items():
        if said is None or not _is_same(said, name, version):
            message = f"{what} is not of '{shown(name)}' {shown(version)}, which {archive.metadata_path} is about"
            yield Finding(message, Place(archive.file), _AGAIN)


def other_tags(archive: Archive) -> Iterator[Finding]:
    """Wheels whose tags promise another system than their files are for; the name of an sdist has none."""
    said = archive.texts.get(f"{archive.info}WHEEL", b"").decode("utf-8", "replace")
    tags = set(re.findall(r"^Tag:\s*(\S+)", said, re.MULTILINE))
    expanded = _tags_in_name(archive.file.name)
    if expanded is not None and tags and tags != expanded:
        message = f"its name says {_listed(expanded)}, its file WHEEL {_listed(tags)}"
        yield Finding(message, Place(archive.file), _AGAIN)
    compiled = sorted(path for path in archive.paths if path.endswith((".so", ".pyd", ".dylib")))
    if compiled and expanded is not None and all(tag.endswith("-none-any") for tag in expanded):
        message = f"'{shown(compiled[0])}' is for one system, but the wheel's name promises all (none-any)"
        yield Finding(message, archive.at(compiled[0]), "tell the build backend that the project has compiled modules")


def _unsafe_path(member: Member) -> str:
    path = PurePosixPath(member.path)
    if path.is_absolute() or PureWindowsPath(member.path).drive or PureWindowsPath(member.path).root:
        return "an absolute path"
    if ".." in path.parts:
        return "it leads out of the folder"
    if "\\" in member.path or "\0" in member.path:
        return "a character that no path in an archive has"
    return ""


def _unsafe_kind(member: Member, archive: Archive) -> str:
    if member.kind in {"link", "device"}:
        return "a link or device, not a file"
    if member.mode & (stat.S_ISUID | stat.S_ISGID):
        return "it would run with another user's rights"
    top = archive.file.name.removesuffix(".tar.gz")
    if archive.kind == "sdist" and member.path.partition("/")[0] != top:
        return f"it is not in the folder '{shown(top)}'"
    return ""


def _record_issues(wheel: WheelFile, *, name: Path) -> list[str]:
    try:
        wheel.validate_record()
    except wheel.validation_error as error:
        issues: list[str] = getattr(error, "issues", [str(error)])
        return [issue.removeprefix(f"In {name}, ") for issue in issues]
    return []


def _names_said(archive: Archive) -> dict[str, str | None]:
    """Who says what the archive is, with NAME-VERSION as each says it."""
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    parse = parse_wheel_filename if archive.kind == "wheel" else parse_sdist_filename
    try:
        name, version, *_ = parse(archive.file.name)
        found: dict[str, str | None] = {"the file's name": f"{name}-{version}"}
    except (InvalidWheelFilename, InvalidSdistFilename):
        found = {"the file's name": None}
    if archive.kind == "wheel":
        found["the folder of its metadata"] = archive.info.removesuffix(".dist-info/") or None
    return found


def _is_same(said: str, name: str, version: str) -> bool:
    from packaging.version import InvalidVersion, Version

    said_name, _, said_version = said.rpartition("-")
    try:
        return normalised(said_name) == normalised(name) and Version(said_version) == Version(version)
    except InvalidVersion:
        return False


def _tags_in_name(name: str) -> set[str] | None:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        return {str(tag) for tag in parse_wheel_filename(name)[3]}
    except InvalidWheelFilename:
        return None


def _listed(tags: set[str]) -> str:
    return shown(", ".join(sorted(tags)))


def _printable(text: str) -> str:
    return shown(text, limit=300)


RULES = (
    Rule(
        "LA500",
        "The archive can be read to its end",
        unreadable,
        tier=Tier.BRONZE,
        explanation="Installers read all of an archive; one that is cut short or damaged stops them half-way.",
        bad="my_plugin-1.0.0-py3-none-any.whl   # its last 30 bytes are missing\n",
        good="localagent dev build\n",
    ),
    Rule(
        "LA501",
        "Every member is a plain file in its place",
        unsafe_members,
        tier=Tier.BRONZE,
        explanation=(
            "A path that leads out of the folder, a link or a device lets an archive write, or read, anywhere on the "
            "disk. The files of an sdist lie in one folder that is called as the archive is."
        ),
        bad="../../.bashrc\n",
        good="my_plugin/plugin.py\n",
    ),
    Rule(
        "LA502",
        "RECORD has every file with its hash",
        other_records,
        tier=Tier.BRONZE,
        explanation="By RECORD an installer sees that a file was changed on its way, and removes what it brought.",
        bad="my_plugin/plugin.py,sha256=AAAA,0\n",
        good="my_plugin/plugin.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n",
    ),
    Rule(
        "LA506",
        "The archive is of a reasonable size when unpacked",
        too_large,
        tier=Tier.BRONZE,
        explanation="A small archive of a very large file is a way to fill a disk.",
        bad="zeros.bin   # 1 GB of zeros, packed to 1 MB\n",
        good="data.csv   # fetched when it is needed\n",
    ),
    Rule(
        "LA507",
        "No two members come to lie at one place",
        same_places,
        tier=Tier.BRONZE,
        explanation=(
            "Where letters' case makes no difference, as on macOS and Windows, one file replaces the other; who "
            "checks an archive may see another one of two equal names than who installs it."
        ),
        bad="my_plugin/Plugin.py and my_plugin/plugin.py\n",
        good="my_plugin/plugin.py\n",
    ),
    Rule(
        "LA511",
        "File name and metadata name one project and version",
        other_names,
        tier=Tier.BRONZE,
        explanation="Installers choose by the file's name; what comes to be installed is named by the metadata.",
        bad="my_plugin-2.0.0-py3-none-any.whl   # METADATA: Version: 1.0.0\n",
        good="my_plugin-1.0.0-py3-none-any.whl   # METADATA: Version: 1.0.0\n",
    ),
    Rule(
        "LA525",
        "The wheel's tags fit its files",
        other_tags,
        tier=Tier.BRONZE,
        explanation="A compiled module in a wheel for every system is installed where it cannot be loaded.",
        bad="my_plugin-1.0.0-py3-none-any.whl   # with my_plugin/fast.so\n",
        good="my_plugin-1.0.0-cp311-cp311-linux_x86_64.whl   # with my_plugin/fast.so\n",
    ),
)
