"""A second plugin in a manifest, whose comments stay where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.manifest.document import parse_document
from localagent.manifest.plain import is_list
from localagent.services.config_file import changed_text
from localagent_cli.scaffold.requirements import missing_requirements
from localagent_cli.scaffold.yaml_growth import extend, put

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def manifest_with(text: str, added: Mapping[str, Any], file: Path) -> str:
    """The text of a manifest with the kinds, plugins, requirements and permissions of another manifest.

    Args:
        text: the manifest's.
        added: the other one, as plain values.
        file: the manifest, for messages.

    Raises:
        ConfigError: the manifest is written in a way that cannot be added to.
        ManifestError: it cannot be read.
    """

    def change(manifest: Any) -> None:
        present = manifest["plugin_types"]
        extend(manifest, "plugin_types", [kind for kind in added["plugin_types"] if kind not in present])
        for group, entries in added["entry_points"].items():
            extend(manifest["entry_points"], group, entries)
        _require(manifest, added.get("dependencies", {}).get("required", []))
        for what, detail in added.get("permissions", {}).items():
            _permit(manifest, what, detail)

    return changed_text(text, parse_document(text.encode(), file).data, change, file)


def _require(manifest: Any, requirements: list[str]) -> None:
    dependencies = manifest.get("dependencies")
    present: list[str] = (dependencies.get("required") if dependencies else None) or []
    missing = missing_requirements(present, requirements)
    if dependencies:
        extend(dependencies, "required", missing)
    elif missing:
        put(manifest, "dependencies", {"required": missing})


def _permit(manifest: Any, what: str, detail: Any) -> None:
    """Let the package do what the added plugin does, besides what it may do already."""
    permissions = manifest.get("permissions")
    if not permissions:
        put(manifest, "permissions", {what: detail})
        return
    present = permissions.get(what)
    if is_list(present) and is_list(detail):
        extend(permissions, what, [each for each in detail if each not in present])
    elif present is not True:
        put(permissions, what, detail if not present else _both(present, detail))


def _both(present: Any, detail: Any) -> Any:
    """Two details of a permission as one: true is everything, a text is a list of one."""
    if detail is True:
        return True
    return [*dict.fromkeys(each for part in (present, detail) for each in (part if is_list(part) else [part]))]
