"""What must be unchanged for what was learned of a plugin to hold."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from localagent.host.spec import PluginSpec

_FORM = 3
"""Counts the forms in which records were kept; one of another form is learned again."""


def fingerprint(spec: PluginSpec) -> list[Any]:
    """Source, entry, and the state of entry module and manifest, as JSON values."""
    files = [file for file in (spec.module_file, spec.manifest_file) if file is not None]
    return [_FORM, sorted(spec.source.identities), spec.target, spec.version, *map(_state, files)]


def _state(file: Path) -> list[Any]:
    try:
        facts = file.stat()
    except OSError:
        return [str(file), None, None]
    return [str(file), facts.st_mtime_ns, facts.st_size]
