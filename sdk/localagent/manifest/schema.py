"""The JSON Schema of a manifest, as editors use it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

SCHEMA_FILE = "plugin-manifest.schema.json"


def load_schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12) as a fresh dict."""
    text = files("localagent.manifest").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
