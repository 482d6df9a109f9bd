"""The files of a wheel or sdist written below a folder, and none beside it."""

from __future__ import annotations

import io
from pathlib import PurePosixPath

from localagent.errors import ManifestError
from localagent.manifest.layout import inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

_MOST_FILES = 20_000
_MOST_BYTES = 256 * 1024 * 1024
_PIECE = 1024 * 1024
_DATA_PARTS = 3


def unpack(archive: Path, folder: Path) -> dict[Path, str]:
    """Write the plain files of `archive` below `folder`, and tell the name in the archive of each.

    What ``NAME.data/purelib`` holds lies where an installer would put it. Links and devices are left out.

    Raises:
        ManifestError: it is no archive, leads out of the folder, or holds more than 20,000 files or 256 MiB.
    """
    import tarfile
    import zipfile

    try:
        with open(archive, "rb") as stream:  # noqa: PTH123 - both readers take a stream and leave it open
            members = _of_tar if archive.name.endswith((".tar.gz", ".tgz")) else _of_zip
            return _written(members(stream), folder, archive)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        problem = f"not an archive that can be unpacked: {error}"
        raise ManifestError(problem, file=archive, fix="build it again: localagent dev build") from error
    except OSError as error:
        # A damaged stream and a file that cannot be opened look alike here.
        problem = f"cannot be unpacked: {error.strerror or error}"
        raise ManifestError(problem, file=archive, fix="build it again: localagent dev build") from error


def _written(members: Iterator[tuple[str, IO[bytes]]], folder: Path, archive: Path) -> dict[Path, str]:
    names: dict[Path, str] = {}
    left = _MOST_BYTES
    for name, content in members:
        path = inside(folder, _installed_path(name))
        if path is None or "\\" in name:
            raise _refused(f"its member {name!r} leads out of the folder that it is unpacked to", archive)
        if len(names) == _MOST_FILES:
            raise _refused(f"more than {_MOST_FILES} files", archive)
        left = _write(content, path, left)
        if left < 0:
            raise _refused(f"more than {_MOST_BYTES // 1024**2} MiB when unpacked", archive)
        names[path] = name
    return names


def _write(content: IO[bytes], path: Path, left: int) -> int:
    """Copy as much as is allowed; the bytes that are still allowed, less than none where there was more."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        while left >= 0 and (piece := content.read(_PIECE)):
            left -= len(piece)
            file.write(piece)
    return left


def _of_zip(stream: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    import zipfile

    with zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                with archive.open(member) as content:
                    yield member.orig_filename, content


def _of_tar(stream: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    import tarfile

    with tarfile.open(fileobj=stream, mode="r:gz") as archive:
        for member in archive:
            if member.isfile():
                yield member.name, archive.extractfile(member) or io.BytesIO()


def _installed_path(name: str) -> str:
    parts = PurePosixPath(name).parts
    is_data = len(parts) >= _DATA_PARTS and parts[0].endswith(".data") and parts[1] in {"purelib", "platlib"}
    return "/".join(parts[2:]) if is_data else name


def _refused(problem: str, archive: Path) -> ManifestError:
    return ManifestError(problem, file=archive, fix="do not install it; build it again from its source")
