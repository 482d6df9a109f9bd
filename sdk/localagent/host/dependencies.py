"""What one plugin requires of another: a name, maybe with a PEP 440 range."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localagent.host.spec import PluginSpec

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def requirement_name(requirement: str) -> str:
    """The plugin that a requirement such as ``other>=1.2`` names."""
    match = _NAME.match(requirement)
    return match[1] if match else requirement


def unmet(requirement: str, found: PluginSpec | None) -> str:
    """Why `found` does not meet the requirement, as the end of a sentence; empty if it does."""
    name = requirement_name(requirement)
    if found is None:
        return f"needs the plugin '{name}', which was not found"
    wanted = requirement.strip().removeprefix(name).strip()
    if not wanted:
        return ""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion

    try:
        if SpecifierSet(wanted).contains(found.version, prereleases=True):
            return ""
    except (InvalidSpecifier, InvalidVersion):
        return f"asks for '{requirement}', which cannot be compared with version '{found.version}'"
    return f"needs {name} {wanted}, found {found.version}"
