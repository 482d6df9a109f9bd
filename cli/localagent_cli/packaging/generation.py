"""Filling a generation of the plugin environment: link, remove, unpack."""

from __future__ import annotations

import os
import shutil
import warnings
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from installer import install
from installer.destinations import WheelDestination
from installer.records import Hash, RecordEntry, parse_record_file
from installer.sources import WheelFile
from installer.utils import construct_record_file, copyfileobj_with_hashing
from packaging.utils import canonicalize_name

from localagent.errors import RefusedError
from localagent.host.environments import COMPLETE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from installer.scripts import ScriptSection
    from installer.utils import Scheme

_LIBRARY = frozenset({"purelib", "platlib"})


def link_files(source: Path, target: Path) -> None:
    """Fill the empty folder `target` with the files of the generation `source`, as hard links where possible."""
    with os.scandir(source) as entries:
        for entry in entries:
            beside = target / entry.name
            if entry.is_dir(follow_symlinks=False):
                beside.mkdir()
                link_files(source / entry.name, beside)
            elif entry.name != COMPLETE:
                _link(source / entry.name, beside)


def remove_files(environment: Path, name: str) -> None:
    """Remove the distribution of that normalised name: what its RECORD lists, bytecode, folders left empty."""
    for info in _infos(environment):
        if name_of(info) == name:
            for path in _recorded(info):
                _remove(environment, path)
            shutil.rmtree(info, ignore_errors=True)


def unpack(wheel: Path, environment: Path, metadata: Mapping[str, bytes]) -> None:
    """Unpack the modules of a checked wheel; scripts, headers and data, which nobody would find, are left out.

    Args:
        wheel: its paths and its RECORD were found good.
        environment: a half-made generation.
        metadata: more files for its ``.dist-info`` folder, such as ``direct_url.json``.

    Raises:
        RefusedError: the wheel has a file that another distribution has, too.
    """
    with WheelFile.open(wheel) as source, warnings.catch_warnings():
        # A wheel with bytecode in it: left out by the library, which says so.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            install(source, _Folder(environment), dict(metadata))
        except FileExistsError as error:
            path = Path(error.filename).relative_to(environment).as_posix()
            raise RefusedError(
                f"{source.distribution} and {_owner(environment, path)} both have the file {path}",
                file=wheel,
                fix="install only one of them, or ask their authors to rename the package",
            ) from error


def name_of(info: Path) -> str:
    """The normalised name of the distribution that a ``.dist-info`` folder describes."""
    return canonicalize_name(info.stem.rpartition("-")[0])


class _Folder(WheelDestination):
    """A folder for modules only; every file is on the disk before the next one is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write_script(
        self,
        name: str,
        module: str,
        attr: str,
        section: ScriptSection,
    ) -> RecordEntry:
        return RecordEntry(name, None, None)

    def write_file(
        self,
        scheme: Scheme,
        path: str | os.PathLike[str],
        stream: BinaryIO,
        is_executable: bool,  # noqa: FBT001 - the library's signature
    ) -> RecordEntry:
        relative = os.fspath(path)
        if scheme not in _LIBRARY:
            return RecordEntry(relative, None, None)
        target = self._folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            digest, size = copyfileobj_with_hashing(stream, file, "sha256")
            file.flush()
            os.fsync(file.fileno())
        return RecordEntry(relative, Hash("sha256", digest), size)

    def finalize_installation(
        self, scheme: Scheme, record_file_path: str, records: Iterable[tuple[Scheme, RecordEntry]]
    ) -> None:
        written = [(place, record) for place, record in records if place in _LIBRARY]
        with construct_record_file(written) as stream:
            self.write_file(scheme, record_file_path, stream, is_executable=False)


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # no links on this file system, or too many to one file
        shutil.copy2(source, target)


def _infos(environment: Path) -> list[Path]:
    return sorted(environment.glob("*.dist-info"))


def _recorded(info: Path) -> Iterator[str]:
    """The paths in RECORD, without any that leads out of the environment."""
    try:
        lines = (info / "RECORD").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    for path, _, _ in parse_record_file(lines):
        pure = PurePosixPath(path)
        if not pure.is_absolute() and ".." not in pure.parts:
            yield path


def _remove(environment: Path, path: str) -> None:
    file = environment / path
    file.unlink(missing_ok=True)
    cache = file.parent / "__pycache__"
    for compiled in cache.glob(f"{file.stem}.*.pyc") if file.suffix == ".py" else ():
        compiled.unlink()
    for folder in (cache, *file.parents):
        if folder == environment or not _removed_if_empty(folder):
            break


def _removed_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:  # not empty
        return False
    return True


def _owner(environment: Path, path: str) -> str:
    owners = (info for info in _infos(environment) if path in _recorded(info))
    return next((name_of(info) for info in owners), "something else")
