"""Reading an sdist or a wheel as far as the rules need it, within limits that no archive can stretch."""

from __future__ import annotations

import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from localagent_cli.packaging.archive import Archive, Member, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localagent_cli.packaging.archive import MemberKind

MOST_BYTES: Final = 1 << 30
"""Bytes that the files of one archive may have together when unpacked."""
MOST_MEMBERS: Final = 50_000
_LONGEST_TEXT: Final = 1 << 20
_ALL_TEXTS: Final = 1 << 26
_HARMLESS: Final = 1 << 23
"""Bytes below which no ratio matters."""
_RATIO: Final = 200
"""Text is packed to a tenth, rows of zeros to a thousandth."""
_SDIST = ".tar.gz"

UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,  # numbers and names in headers that mean nothing
    OverflowError,
    RuntimeError,  # a password, or a way of packing (NotImplementedError) that zipfile does not know
    IndexError,  # short headers
)
"""What the standard library raises for bytes that are no archive."""


def read_archive(file: Path, *, project: Path | None = None) -> Archive:
    """The wheel or sdist in `file`; what is wrong with it as an archive is its `trouble`.

    Args:
        file: named ``….whl`` or ``….tar.gz``.
        project: the source folder it was built from, where that is known.
    """
    if file.name.endswith(_SDIST):
        return _read_sdist(file, project)
    if file.suffix == ".whl":
        return _read_wheel(file, project)
    return Archive(file, "sdist", trouble="it is neither a wheel (.whl) nor an sdist (.tar.gz)", project=project)


def _read_wheel(file: Path, project: Path | None) -> Archive:
    members: list[Member] = []
    texts: dict[str, bytes] = {}
    trouble = ""
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            members += map(_zip_member, infos)
            if not is_too_large(members, file):
                texts |= _zip_texts(archive, infos)
    except UNREADABLE as error:
        trouble = _reason(error)
    return Archive(file, "wheel", tuple(members), texts, trouble, project)


def _zip_member(info: zipfile.ZipInfo) -> Member:
    # `orig_filename` is what the archive says: zipfile itself cuts at NUL and turns backslashes on some systems.
    mode = info.external_attr >> 16
    return Member(info.orig_filename, _zip_kind(info, mode), info.file_size, info.compress_size, stat.S_IMODE(mode))


def _zip_kind(info: zipfile.ZipInfo, mode: int) -> MemberKind:
    match stat.S_IFMT(mode):
        case 0 | stat.S_IFREG:
            return "folder" if info.is_dir() else "file"
        case stat.S_IFDIR:
            return "folder"
        case stat.S_IFLNK:
            return "link"
        case _:
            return "device"


def _zip_texts(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    texts: dict[str, bytes] = {}
    left = _ALL_TEXTS
    for info in infos:
        if not info.is_dir() and info.file_size <= min(_LONGEST_TEXT, left):
            data = archive.read(info)
            if _is_text(data):
                texts[place_of(info.filename, "wheel")] = data
                left -= len(data)
    return texts


def _read_sdist(file: Path, project: Path | None) -> Archive:
    members: list[Member] = []
    texts: dict[str, bytes] = {}
    trouble = ""
    try:
        # As a stream: each byte is unpacked once, and never more of them than are allowed.
        with _Bounded(file) as stream:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for info, data in _tar_members(archive):
                    members.append(_tar_member(info))
                    if data is not None and _is_text(data):
                        texts[place_of(info.name, "sdist")] = data
            # The checksum is at the very end, behind what a reader of members looks at.
            while stream.read(_LONGEST_TEXT):
                pass
    except _TooMuch:
        members.append(Member("...", "file", MOST_BYTES + 1))
    except UNREADABLE as error:
        trouble = _reason(error)
    return Archive(file, "sdist", tuple(members), texts, trouble, project)


def _tar_members(archive: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, bytes | None]]:
    """Members with the content of those that are files and short."""
    left = _ALL_TEXTS
    for number, info in enumerate(archive):
        if number > MOST_MEMBERS:
            raise _TooMuch
        content = archive.extractfile(info) if info.isreg() and info.size <= min(_LONGEST_TEXT, left) else None
        data = content.read() if content else None
        left -= len(data or b"")
        yield info, data


def _tar_member(info: tarfile.TarInfo) -> Member:
    return Member(info.name, _tar_kind(info), info.size, mode=info.mode)


def _tar_kind(info: tarfile.TarInfo) -> MemberKind:
    if info.isreg():
        return "file"
    if info.isdir():
        return "folder"
    return "link" if info.issym() or info.islnk() else "device"


class _TooMuch(Exception):
    """More bytes, or more members, than an archive may have."""


class _Bounded(gzip.GzipFile):
    """What a packed file unpacks to, with an error where that is more bytes than it may be."""

    _left = MOST_BYTES

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self._left -= len(data)
        if self._left < 0:
            raise _TooMuch
        return data


def is_too_large(members: list[Member] | tuple[Member, ...], file: Path) -> str:
    """Why an archive with these members must not be unpacked; empty where it may be."""
    total = sum(member.size for member in members if member.kind == "file")
    if len(members) > MOST_MEMBERS:
        return f"it has more than {MOST_MEMBERS} members"
    if total > MOST_BYTES:
        return f"its files have more than {MOST_BYTES >> 20} MiB"
    packed = file.stat().st_size
    if total > _HARMLESS and total > _RATIO * max(packed, 1):
        return f"its files are {total // max(packed, 1)} times as large as the archive"
    return ""


def _is_text(data: bytes) -> bool:
    return b"\0" not in data


def _reason(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
