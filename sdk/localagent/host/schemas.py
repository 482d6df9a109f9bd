"""The schema of a plugin's settings, as far as it is known without running the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.plugins.config_schema import read_schema, schema_file_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from localagent.host.survey import Surveyed


def schema_of(plugin: Surveyed) -> Mapping[str, Any] | None:
    """The schema that a preflight saw the plugin's code give, else the file beside its manifest or code.

    Raises:
        ConfigError: the file cannot be read, or is no JSON object.
        ManifestError: the manifest that names the file cannot be read.
    """
    if plugin.record is not None and plugin.record.schema is not None:
        return plugin.record.schema
    beside = plugin.spec.manifest_file or plugin.spec.module_file
    file = plugin.spec.schema_file or (schema_file_for(beside.parent) if beside else None)
    return read_schema(file) if file else None
