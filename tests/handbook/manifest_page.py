"""The page of the manifest's keys, made of its JSON Schema."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from handbook.markdown import fenced, plain, table
from localagent.manifest.schema import load_schema

Schema = dict[str, Any]

_INTRO = """\
# The manifest

`plugin-manifest.yaml` says what a plugin package is and needs, so that nobody has to run it to know. It lies in the
package that the entry point names, or in the folder of a flat plugin, and in the wheel, too. `localagent dev validate`
checks it by the rules [LA1](../rules/index.md#la1-the-manifest).

It is read strictly: YAML 1.2 without tags, anchors and duplicate keys, 256 kB at most. An unknown key is an error, with
a suggestion; keys that begin with `x-` are free, at every level.

Editors that know JSON Schema complete and check it: `localagent dev init` sets Visual Studio Code up, and
`localagent dev schema` prints the schema. This page is made of that schema."""


def page() -> str:
    """The page in Markdown: all keys in the order of the schema, each with type, default, meaning and example."""
    schema = load_schema()
    required = ", ".join(f"`{key}`" for key in schema["required"])
    parts = [_INTRO, f"Required are {required}."]
    for key, about in schema["properties"].items():
        parts += _section(key, about, schema)
    parts += ["## A manifest with every key", _yaml(example_of(schema, schema))]
    return "\n\n".join(parts) + "\n"


def example_of(about: Schema, schema: Schema) -> Any:
    """What the schema gives as an example; of a table, the examples of its keys."""
    about = _resolved(about, schema)
    if "examples" in about:
        return about["examples"][0]
    return {key: example_of(below, schema) for key, below in about["properties"].items()}


def leaves(about: Schema, schema: Schema) -> Iterator[Schema]:
    """What the schema says of each key that is no table of further keys."""
    for below in about["properties"].values():
        if "properties" in below:
            yield from leaves(below, schema)
        else:
            yield below


def _section(key: str, about: Schema, schema: Schema) -> Iterator[str]:
    yield f"## {key}"
    if "properties" in about:
        yield about["description"]
        yield _table(about, schema)
    else:
        yield _one(about)
    if key == "entry_points":
        for name in ("entry_point", "command"):
            definition = schema["$defs"][name]
            yield f"### {definition['title']}"
            yield definition["description"]
            yield _table(definition, schema)
    yield _yaml({key: example_of(about, schema)})


def _one(about: Schema) -> str:
    default = f" By default {_value(about['default'])}." if "default" in about else ""
    return f"*{_type(about)}.* {plain(about['description'])}{default}"


def _table(about: Schema, schema: Schema) -> str:
    return table(["key", "type", "default", "what it says"], _rows(about, schema))


def _rows(about: Schema, schema: Schema) -> Iterator[list[str]]:
    for key, below in about["properties"].items():
        default = _value(below["default"]) if "default" in below else ""
        needed = "*required*" if key in about.get("required", ()) else default
        yield [f"`{key}`", _type(below, schema), needed, plain(below["description"])]


def _type(about: Schema, schema: Schema | None = None) -> str:
    """The type in words, with its limits."""
    if "$ref" in about:
        name = _resolved(about, schema or {})["title"]
        return f"[{name.lower()}](#{name.lower().replace(' ', '-')})"
    if "enum" in about:
        return " or ".join(_value(value) for value in about["enum"])
    kinds = about["type"] if isinstance(about["type"], list) else [about["type"]]
    return " or ".join(_WORDS[kind] if kind != "array" else _list(about, schema) for kind in kinds) + _limits(about)


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "table",
}


def _list(about: Schema, schema: Schema | None) -> str:
    return f"list of {_type(about['items'], schema)}"


def _limits(about: Schema) -> str:
    if "maximum" in about:
        return f", {about['minimum']} to {about['maximum']}"
    if "maxLength" in about:
        return f", at most {about['maxLength']} characters"
    return ", an address" if about.get("format") == "uri" else ""


def _value(value: Any) -> str:
    return f"`{json.dumps(value)}`" if not isinstance(value, str) else f"`{value}`"


def _resolved(about: Schema, schema: Schema) -> Schema:
    if "$ref" not in about:
        return about
    definition: Schema = schema["$defs"][about["$ref"].rpartition("/")[2]]
    return definition


def _yaml(value: Any) -> str:
    writer = YAML()
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.width = 110
    text = io.StringIO()
    writer.dump(_quoted(value), text)
    return fenced("yaml", text.getvalue())


def _quoted(value: Any, key: str = "") -> Any:
    """The value with its versions in quotes, as the manifest wants them."""
    if isinstance(value, dict):
        return {name: _quoted(below, name) for name, below in value.items()}
    if isinstance(value, list):
        return [_quoted(below) for below in value]
    return DoubleQuotedScalarString(value) if key.endswith("version") and isinstance(value, str) else value
