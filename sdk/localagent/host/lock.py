"""``plugins.lock``, the desired state: what is installed and linked, beside what the user agreed to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.errors import ConfigError
from localagent.manifest.plain import is_list, is_mapping
from localagent.services.files import exclusively, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localagent.services.home import Home

_INSTALLED = "installed"
_LINKS = "links"


class Locked(NamedTuple):
    """One installed distribution.

    Attributes:
        version: as its metadata says.
        sha256: of the wheel it was unpacked from, in hexadecimal digits.
        source: what installs it again: a name, a file or folder, or ``git+URL@COMMIT``.
        asked: what a newer version is looked for by; empty for what was needed by another one.
        index_url: the address of the index that was named for it; empty for the usual one.
        requested: whether a user named it; else it was needed by another one.
    """

    version: str
    sha256: str = ""
    source: str = ""
    asked: str = ""
    index_url: str = ""
    requested: bool = False

    @classmethod
    def read(cls, entry: Any) -> Locked:
        """A line from what `_asdict` gave; what is missing or of another type counts as not said."""
        texts = {key: _text(entry.get(key)) for key in ("version", "sha256", "source", "asked", "index_url")}
        return cls(**texts, requested=entry.get("requested") is True)


def installed(home: Home) -> dict[str, Locked]:
    """The distributions that should be installed, by normalised name.

    Raises:
        ConfigError: the lock file is damaged; the fix says how to go on.
    """
    return {name: Locked.read(entry) for name, entry in read_lock(home).get(_INSTALLED, {}).items()}


def change_installed(lock: dict[str, Any], put: Mapping[str, Mapping[str, Any]], drop: tuple[str, ...]) -> None:
    """Write new lines of distributions into the content of a lock file, and take others out."""
    lines = {**lock.get(_INSTALLED, {}), **put}
    lock[_INSTALLED] = {name: line for name, line in lines.items() if name not in drop}


def links(home: Home) -> tuple[Path, ...]:
    """The source folders that are linked, as real paths.

    Raises:
        ConfigError: the lock file is damaged; the fix says how to go on.
    """
    return tuple(map(Path, read_lock(home).get(_LINKS, [])))


def names_of_links(home: Home) -> dict[Path, tuple[str, ...]]:
    """The plugins that were agreed to in each linked folder.

    Raises:
        ConfigError: as `links`.
    """
    lines = read_lock(home)["plugins"].items()
    return {
        folder: tuple(name for name, line in lines if f"path:{folder}" in line.get("sources", ()))
        for folder in links(home)
    }


def link(home: Home, folder: Path) -> None:
    """Make the plugins of a source folder, a real path, known wherever LocalAgent is started."""
    change_lock(home, lambda lock: lock.__setitem__(_LINKS, sorted({*lock.get(_LINKS, []), str(folder)})))


def unlink(home: Home, folder: Path) -> None:
    """Forget a link; the folder stays as it is."""
    change_lock(home, lambda lock: lock.__setitem__(_LINKS, [each for each in lock[_LINKS] if each != str(folder)]))


def read_lock(home: Home) -> dict[str, Any]:
    """The content of the lock file; its parts are of the right types.

    Raises:
        ConfigError: the lock file is damaged; the fix says how to go on.
    """
    try:
        content = read_json(home.lock_file, default={"version": 1, "plugins": {}})
    except ValueError as error:
        raise damaged(home.lock_file, str(error)) from error
    if not is_mapping(content) or not _holds_entries(content.get("plugins")):
        raise damaged(home.lock_file, "it has no mapping 'plugins'")
    if not _holds_entries(content.get(_INSTALLED, {})):
        raise damaged(home.lock_file, f"its '{_INSTALLED}' is no mapping")
    folders = content.get(_LINKS, [])
    if not is_list(folders) or not all(isinstance(folder, str) for folder in folders):
        raise damaged(home.lock_file, f"its '{_LINKS}' is no list of folders")
    return content


def change_lock(home: Home, change: Callable[[dict[str, Any]], object]) -> None:
    """Read the lock file, let `change` work on its content, and write it; nobody else does meanwhile.

    Raises:
        ConfigError: the lock file is damaged.
        SystemProblem: it cannot be written.
    """
    with exclusively(home.lock_file):
        content = read_lock(home)
        change(content)
        write_json(home.lock_file, content)


def damaged(file: Path, reason: str) -> ConfigError:
    """The error that a file of the user's consent is not what was written."""
    return ConfigError(
        f"damaged: {reason}", file=file, fix=f"mv {file} {file}.damaged, then enable or trust again what you use"
    )


def _holds_entries(entries: Any) -> bool:
    return is_mapping(entries) and all(map(is_mapping, entries.values()))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
