"""Sdists and wheels put together byte by byte: a good one of each, with what a case of the museum changes."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.packaging.conftest import record_of
from plain import command_plugin

MANIFEST = """\
name: demo
version: "1.0.0"
description: Greets everybody
plugin_types: [command]
entry_points:
  commands:
    - name: demo
      class: "demo.plugin:ThePlugin"
"""
ENTRY_POINTS = "[localagent.plugins.commands]\ndemo = demo.plugin:ThePlugin\n"
HEADERS = {
    "Metadata-Version": "2.4",
    "Name": "localagent-demo",
    "Version": "1.0.0",
    "Summary": "Greets everybody",
    "Requires-Python": ">=3.11",
    "Description-Content-Type": "text/markdown",
}
PACKAGE = {
    "demo/__init__.py": "",
    "demo/plugin.py": command_plugin("demo"),
    "demo/plugin-manifest.yaml": MANIFEST,
}
INFO = "localagent_demo-1.0.0.dist-info"
TOP = "localagent_demo-1.0.0"
NAMES = {"wheel": "localagent_demo-1.0.0-py3-none-any.whl", "sdist": "localagent_demo-1.0.0.tar.gz"}
_MODES = {"link": stat.S_IFLNK | 0o777, "device": stat.S_IFCHR | 0o600, "setuid": stat.S_IFREG | 0o4755}
_TAR_TYPES = {"link": tarfile.SYMTYPE, "device": tarfile.CHRTYPE, "setuid": tarfile.REGTYPE}


@dataclass(frozen=True)
class Change:
    """What is otherwise than in the good archive.

    Attributes:
        archive: ``wheel`` or ``sdist``.
        name: of the file; by default the good one's.
        files: texts by path, in place of those of the good one or beside them.
        remove: paths that are left out.
        headers: of the metadata; an empty text leaves one out.
        description: the readme.
        zeros: files of so many zero bytes, by path.
        odd: ``link``, ``device`` or ``setuid``, by path.
        top: the folder of an sdist's files.
        late: texts by path that a wheel gets after its RECORD was made, and an sdist outside of its folder.
        cut: bytes that are missing at the end.
    """

    archive: str = "wheel"
    name: str = ""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    remove: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    description: str = "# Demo\n"
    zeros: Mapping[str, int] = field(default_factory=dict[str, int])
    odd: Mapping[str, str] = field(default_factory=dict[str, str])
    top: str = TOP
    late: Mapping[str, str] = field(default_factory=dict[str, str])
    cut: int = 0


def read_case(folder: Path) -> tuple[Change, dict[str, Any]]:
    """A case of the museum: how its archive is made, and what is found in it."""
    told = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
    change = told.pop("change", {})
    return Change(**{**change, "remove": tuple(change.get("remove", ()))}), told


def make_archive(change: Change, folder: Path) -> Path:
    """The archive with a change, written into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (change.name or NAMES[change.archive])
    (_write_wheel if change.archive == "wheel" else _write_sdist)(change, target)
    if change.cut:
        target.write_bytes(target.read_bytes()[: -change.cut])
    return target


def _write_wheel(change: Change, target: Path) -> None:
    files = {
        **PACKAGE,
        f"{INFO}/METADATA": _metadata(change),
        f"{INFO}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{INFO}/entry_points.txt": ENTRY_POINTS,
        **change.files,
        **{path: "\0" * size for path, size in change.zeros.items()},
        **dict.fromkeys(change.odd, "target"),
    }
    files = {path: text for path, text in files.items() if path not in change.remove}
    files.setdefault(f"{INFO}/RECORD", record_of(files, INFO))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in {**files, **change.late}.items():
            member = zipfile.ZipInfo(path, (2020, 2, 2, 0, 0, 0))
            member.external_attr = _MODES.get(change.odd.get(path, ""), stat.S_IFREG | 0o644) << 16
            archive.writestr(member, text, zipfile.ZIP_DEFLATED)


def _write_sdist(change: Change, target: Path) -> None:
    files = {
        **PACKAGE,
        "pyproject.toml": '[project]\nname = "localagent-demo"\n',
        "PKG-INFO": _metadata(change),
        **change.files,
    }
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for path, text in files.items():
            if path not in change.remove:
                _add(archive, f"{change.top}/{path}", text.encode())
        for path, size in change.zeros.items():
            _add(archive, f"{change.top}/{path}", bytes(size))
        for path, text in change.late.items():
            _add(archive, path, text.encode())
        for path, kind in change.odd.items():
            member = tarfile.TarInfo(f"{change.top}/{path}")
            member.type, member.mode = _TAR_TYPES[kind], 0o4755 if kind == "setuid" else 0o644
            member.linkname = "/etc/passwd" if kind == "link" else ""
            archive.addfile(member)


def _add(archive: tarfile.TarFile, path: str, data: bytes) -> None:
    member = tarfile.TarInfo(path)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def _metadata(change: Change) -> str:
    headers = {**HEADERS, **change.headers}
    return "".join(f"{name}: {value}\n" for name, value in headers.items() if value) + f"\n{change.description}"
