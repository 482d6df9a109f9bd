"""What the user agreed to: which plugins are enabled from which source, which folders are trusted."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.errors import RefusedError, UsageError
from localagent.host.lock import change_lock, damaged, read_lock
from localagent.manifest.plain import is_list
from localagent.services.files import exclusively, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from localagent.host.spec import PluginSpec
    from localagent.services.home import Home


class Consent(NamedTuple):
    """One line of the lock file.

    Attributes:
        enabled: what was said last.
        sources: the identities it was said of.
        version: the plugin's version at that time.
        permissions: what its manifest declared at that time.
    """

    enabled: bool
    sources: frozenset[str] = frozenset()
    version: str = ""
    permissions: tuple[str, ...] = ()

    def covers(self, spec: PluginSpec) -> bool:
        """Whether this was said of the very source that `spec` comes from."""
        return not self.sources.isdisjoint(spec.source.identities)


def read_consents(home: Home) -> dict[str, Consent]:
    """All consents by plugin name.

    Raises:
        ConfigError: the lock file is damaged; the fix says how to go on.
    """
    return {name: _consent(entry) for name, entry in read_lock(home)["plugins"].items()}


def enable(home: Home, spec: PluginSpec) -> None:
    """Record the consent to run `spec` from its source."""
    _change_plugins(home, lambda plugins: plugins.__setitem__(spec.name, line_of(spec)))


def line_of(spec: PluginSpec) -> dict[str, Any]:
    """The line of the lock file that says yes to `spec` from its source."""
    return {
        "enabled": True,
        "sources": sorted(spec.source.identities),
        "version": spec.version,
        "permissions": list(spec.permissions),
    }


def disable(home: Home, name: str) -> None:
    """Record that the plugin must not run, whatever its source; the rest of its entry stays."""
    _change_plugins(home, lambda plugins: plugins.setdefault(name, {}).__setitem__("enabled", False))


def forget(home: Home, name: str) -> None:
    """Remove every trace of a consent, as uninstalling does."""
    _change_plugins(home, lambda plugins: plugins.pop(name, None))


def trusted_folders(home: Home) -> tuple[Path, ...]:
    """Real paths of the folders whose code the user agreed to run."""
    return tuple(Path(name) for name in _read_trust(home))


def trust(home: Home, folder: Path) -> Path:
    """Agree to run the development plugins in `folder`; gives its real path.

    Raises:
        UsageError: there is no such folder.
        RefusedError: the folder belongs to somebody else or everybody may write to it.
    """
    real = folder.resolve()
    if not real.is_dir():
        raise UsageError("there is no such folder", file=folder)
    reason = unsafe_reason(real)
    if reason:
        raise RefusedError(f"not trusted: {reason}", file=real, fix=f"chown $USER {real}; chmod o-w {real}")
    with exclusively(home.trust_file):
        folders = _read_trust(home)
        if str(real) not in folders:
            write_json(home.trust_file, [*folders, str(real)])
    return real


def is_trusted(folder: Path, trusted: tuple[Path, ...]) -> bool:
    """Whether the real path of `folder` is a trusted one or lies below one, and is safe still."""
    real = folder.resolve()
    return any(real.is_relative_to(known) for known in trusted) and unsafe_reason(real) is None


def unsafe_reason(real: Path) -> str | None:
    """Why a folder must not be trusted: another owner, or writable by everybody; None if nothing speaks against it."""
    try:
        facts = real.stat()
    except OSError as error:
        return error.strerror or str(error)
    if hasattr(os, "getuid") and facts.st_uid != os.getuid():
        return "it belongs to another user"
    if facts.st_mode & stat.S_IWOTH:
        return "everybody may write to it"
    return None


def _consent(entry: Any) -> Consent:
    return Consent(
        enabled=entry.get("enabled") is True,
        sources=frozenset(entry.get("sources", ())),
        version=entry.get("version", ""),
        permissions=tuple(entry.get("permissions", ())),
    )


def _change_plugins(home: Home, change: Callable[[dict[str, Any]], object]) -> None:
    change_lock(home, lambda lock: change(lock["plugins"]))


def _read_trust(home: Home) -> list[str]:
    folders = _read_state(home.trust_file, [])
    if is_list(folders) and all(isinstance(folder, str) for folder in folders):
        return folders
    raise damaged(home.trust_file, "it is not a list of folders")


def _read_state(file: Path, default: Any) -> Any:
    try:
        return read_json(file, default=default)
    except ValueError as error:
        raise damaged(file, str(error)) from error
