"""What one plugin requires of another: a name, maybe with a PEP 440 range."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localagent.host.spec import PluginSpec

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")


def requirement_name(requirement: str) -> str:
    """The plugin that a requirement such as ``other>=1.2`` names."""
    match = _NAME.match(requirement)
    return match[1] if match else requirement


def unmet(requirement: str, found: PluginSpec | None) -> str:
    """Why `found` does not meet the requirement, as the end of a sentence; empty if it does."""
    named = _NAME.match(requirement)
    wanted = requirement[named.end() :].strip() if named else ""
    if named is None or not _is_range(wanted):
        return f"asks for '{requirement}', which is no requirement"
    if found is None:
        return f"needs the plugin '{named[1]}', which was not found"
    if not wanted:
        return ""
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion

    try:
        if SpecifierSet(wanted).contains(found.version, prereleases=True):
            return ""
    except InvalidVersion:
        return f"asks for '{requirement}', which cannot be compared with version '{found.version}'"
    return f"needs {named[1]} {wanted}, found {found.version}"


def _is_range(text: str) -> bool:
    """Whether `text` is a PEP 440 range; the empty one, which any version is in, included."""
    if not text:
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True
