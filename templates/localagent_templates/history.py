"""The template as it is and as it was released before, the latter in one small archive."""

from __future__ import annotations

import io
import stat
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent_templates import template_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ARCHIVE = "history.tar.xz"

_Files = dict[tuple[str, str], tuple[bytes, int]]
"""By path in the template and version: content and mode. Versions of one file lie side by side, so they pack well."""


@dataclass(frozen=True, slots=True)
class History:
    """The versions of a template.

    A version of the template is the version of LocalAgent that first shipped it.

    Attributes:
        current: the Copier template that new plugins are made from.
        archive: a tar.xz of released versions, each below a folder named after it; absent before the first release.
    """

    current: Path
    archive: Path

    @property
    def newest(self) -> str:
        """The current template's version, which its question ``template_version`` holds."""
        from ruamel.yaml import YAML

        yaml: Any = YAML(typ="safe", pure=True)
        return str(yaml.load(self.current / "copier.yml")["template_version"]["default"])

    def released(self) -> tuple[str, ...]:
        """The versions in the archive, oldest first."""
        from packaging.version import Version

        return tuple(sorted({version for _, version in self._archived()}, key=Version))

    def unpack(self, version: str, into: Path) -> None:
        """Write a released version to the new folder `into`.

        Raises:
            KeyError: the archive does not hold it.
        """
        _write(_of_version(self._archived(), version), into)

    def release(self, *, again: bool = False) -> str:
        """Add the current template to the archive, whose bytes depend on nothing but its content.

        Args:
            again: replace the version if the archive holds it; only right while nobody has it.

        Raises:
            ValueError: the archive holds another template of this version.
        """
        version = self.newest
        files = self._archived()
        new = {(path, version): content for path, content in read_template(self.current).items()}
        old = {key: content for key, content in files.items() if key[1] == version}
        if old and old != new and not again:
            raise ValueError(f"the template was released as {version} already; raise template_version in copier.yml")
        _pack({key: content for key, content in files.items() if key not in old} | new, self.archive)
        return version

    def holds_current(self) -> bool | None:
        """Whether the archive's template of the current version is the current one; None if it has none."""
        try:
            archived = _of_version(self._archived(), self.newest)
        except KeyError:
            return None
        return archived == read_template(self.current)

    def _archived(self) -> _Files:
        return _unpack(self.archive) if self.archive.exists() else {}


def template_history() -> History:
    """The versions of the template that LocalAgent brings along."""
    current = template_root()
    return History(current=current, archive=current.parent / ARCHIVE)


def read_template(template: Path) -> dict[str, tuple[bytes, int]]:
    """By path with slashes: content, and 644 or 755 as mode, of every file in a folder."""
    return {
        path.relative_to(template).as_posix(): (path.read_bytes(), _mode(path.stat().st_mode))
        for path in sorted(template.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _mode(mode: int) -> int:
    return 0o755 if mode & stat.S_IXUSR else 0o644


def _of_version(files: _Files, wanted: str) -> dict[str, tuple[bytes, int]]:
    found = {path: content for (path, version), content in files.items() if version == wanted}
    if not found:
        raise KeyError(wanted)
    return found


def _write(files: Mapping[str, tuple[bytes, int]], into: Path) -> None:
    into.mkdir()
    for path, (content, mode) in files.items():
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(mode)


def _pack(files: _Files, archive: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz", format=tarfile.PAX_FORMAT, preset=9) as tar:
        for (path, version), (content, mode) in sorted(files.items()):
            member = tarfile.TarInfo(f"{version}/{path}")
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    archive.write_bytes(packed.getvalue())


def _unpack(archive: Path) -> _Files:
    with tarfile.open(archive, mode="r:xz") as tar:
        return {
            (path, version): (content, member.mode)
            for member, content in _members(tar)
            for version, path in [member.name.split("/", 1)]
        }


def _members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for member in tar:
        file = tar.extractfile(member)
        if file is not None:
            yield member, file.read()
