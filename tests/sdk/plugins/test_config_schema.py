"""A plugin's settings as its schema sees them."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.errors import ConfigError
from localagent.plugins.config_schema import (
    convert_value,
    defaults_of,
    environment_prefix,
    environment_settings,
    merge,
    read_schema,
    read_schema_beside,
    schema_file_for,
    schema_violations,
)

MANIFEST = """\
name: hello
version: "1.0.0"
description: For tests
plugin_types: [command]
entry_points:
  commands:
    - name: hello
      class: plugin:Hello
configuration:
  schema_file: settings/schema.json
"""
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["a", "b", "c", "d"])
SETTINGS = st.dictionaries(
    KEYS,
    st.recursive(
        st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
        lambda inner: st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)
# A mapping of mappings of values: of one shape, as the layers of one schema are.
SHAPED = st.dictionaries(KEYS, st.dictionaries(KEYS, st.integers(), max_size=3), max_size=3)


@given(st.integers())
def test_an_integer_comes_back_from_the_environment(value: int) -> None:
    assert convert_value(str(value), {"type": "integer"}, key="k") == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_from_the_environment(value: float) -> None:
    assert convert_value(repr(value), {"type": "number"}, key="k") == value


@given(st.booleans(), st.sampled_from([str, str.lower, str.upper]), st.sampled_from(["", " ", "\t"]))
def test_a_boolean_comes_back_from_the_environment(value: bool, spelt: Any, blank: str) -> None:  # noqa: FBT001 - drawn
    assert convert_value(blank + spelt(str(value)) + blank, {"type": "boolean"}, key="k") is value


@given(st.lists(JSON_VALUES, max_size=4))
def test_an_array_comes_back_from_the_environment(value: list[Any]) -> None:
    assert convert_value(json.dumps(value), {"type": "array"}, key="k") == value


@given(st.dictionaries(st.text(max_size=4), JSON_VALUES, max_size=4))
def test_an_object_comes_back_from_the_environment(value: dict[str, Any]) -> None:
    assert convert_value(json.dumps(value), {"type": "object"}, key="k") == value


@given(st.text(), st.sampled_from([{}, {"type": "string"}, {"enum": ["a"]}, {"type": 7}, True, None]))
def test_where_text_is_wanted_it_stays_as_it_is(text: str, subschema: Any) -> None:
    assert convert_value(text, subschema, key="k") == text


@pytest.mark.parametrize(
    ("word", "value"),
    [("1", True), ("yes", True), ("On", True), ("0", False), ("NO", False), ("off", False)],
)
def test_booleans_have_several_words(word: str, *, value: bool) -> None:
    assert convert_value(word, {"type": "boolean"}, key="k") is value


@pytest.mark.parametrize(
    ("wanted", "text", "expected"),
    [
        ("integer", "1.5", "of type integer"),
        ("integer", "", "of type integer"),
        ("number", "much", "of type number"),
        ("number", "nan", "of type number"),
        ("number", "-Infinity", "of type number"),
        ("boolean", "perhaps", "true or false"),
        ("boolean", "", "true or false"),
        ("array", '{"a": 1}', "a JSON array"),
        ("array", "a,b", "a JSON array"),
        ("array", "[" * 100_000, "a JSON array"),
        ("object", "[]", "a JSON object"),
        ("object", "", "a JSON object"),
    ],
)
def test_text_that_does_not_fit_is_told_with_what_would(wanted: str, text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        convert_value(text, {"type": wanted}, key="size")
    assert error.value.message == f"the setting 'size' must be {expected}, not {text!r}"


@pytest.mark.parametrize("types", [["integer", "null"], ["null", "integer"], ["integer", "string"]])
def test_of_several_types_the_first_counts_that_is_not_null(types: list[str]) -> None:
    assert convert_value("5", {"type": types}, key="k") == 5


@pytest.mark.parametrize(
    ("plugin", "prefix"), [("hello", "LOCALAGENT_HELLO_"), ("my-own-plugin", "LOCALAGENT_MY_OWN_PLUGIN_")]
)
def test_variables_begin_with_the_plugins_name(plugin: str, prefix: str) -> None:
    assert environment_prefix(plugin) == prefix


def test_only_a_plugins_own_variables_are_its_settings() -> None:
    environ = {"LOCALAGENT_HELLO_SIZE": "1", "LOCALAGENT_HELLO_": "2", "LOCALAGENT_HELLO": "3", "SIZE": "4"}
    assert environment_settings("hello", environ, convert=lambda key, text: (key, text)) == {"size": ("size", "1")}


@pytest.mark.parametrize(
    ("declared", "key"), [(["maxTokens"], "maxTokens"), (["maxtokens"], "maxtokens"), (["other"], "maxtokens")]
)
def test_a_variable_names_a_declared_setting_whatever_its_case(declared: list[str], key: str) -> None:
    environ = {"LOCALAGENT_HELLO_MAXTOKENS": "5"}
    settings = environment_settings("hello", environ, convert=lambda key, text: (key, text), declared=declared)
    assert settings == {key: (key, "5")}


def test_defaults_come_from_every_depth() -> None:
    schema = {
        "properties": {
            "size": {"default": 1},
            "nothing": {"default": None},
            "style": {"properties": {"colour": {"default": "red"}, "deep": {"properties": {"er": {"default": []}}}}},
            "whole": {"default": {"a": 1}, "properties": {"b": {"default": 2}}},
            "bare": {"type": "string"},
            "anything": True,
        }
    }
    assert defaults_of(schema) == {
        "size": 1,
        "nothing": None,
        "style": {"colour": "red", "deep": {"er": []}},
        "whole": {"a": 1},
    }


def test_the_default_of_a_whole_object_comes_before_those_of_its_properties() -> None:
    schema = {"default": {"a": 1}, "properties": {"a": {"default": 2}, "b": {"default": 3}}}
    assert defaults_of(schema) == {"a": 1, "b": 3}


@given(st.dictionaries(st.text(max_size=3), JSON_VALUES, max_size=4))
def test_defaults_are_fresh_and_leave_the_schema_alone(defaults: dict[str, Any]) -> None:
    schema = {"properties": {key: {"default": value} for key, value in defaults.items()}}
    before = copy.deepcopy(schema)
    found = defaults_of(schema)
    assert found == defaults
    for value in found.values():
        if isinstance(value, dict | list):
            value.clear()
    assert schema == before


@pytest.mark.parametrize(
    "schema", [{}, {"properties": {}}, {"type": "object"}, {"default": None}, {"properties": None}]
)
def test_a_schema_without_defaults_gives_none(schema: dict[str, Any]) -> None:
    assert defaults_of(schema) == {}


def test_a_schema_lies_beside_the_module(tmp_path: Path) -> None:
    assert schema_file_for(tmp_path) is None
    (tmp_path / "config_schema.json").write_text("{}")
    assert schema_file_for(tmp_path) == tmp_path / "config_schema.json"


def test_the_file_that_a_manifest_names_comes_first(tmp_path: Path) -> None:
    (tmp_path / "config_schema.json").write_text("{}")
    (tmp_path / "plugin-manifest.yaml").write_text(MANIFEST)
    assert schema_file_for(tmp_path) == tmp_path / "settings" / "schema.json"
    (tmp_path / "plugin-manifest.yaml").write_text(MANIFEST.partition("configuration")[0])
    assert schema_file_for(tmp_path) == tmp_path / "config_schema.json"


def test_the_schema_of_a_module_is_found_through_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("a_module_with_settings")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert read_schema_beside(module.__name__) is None
    module.__file__ = str(tmp_path / "a_module_with_settings.py")
    assert read_schema_beside(module.__name__) is None
    (tmp_path / "config_schema.json").write_text('{"type": "object"}')
    assert read_schema_beside(module.__name__) == {"type": "object"}
    assert read_schema_beside("a_module_that_was_never_imported") is None


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        (b'{\n  "a": ,\n}', "is not JSON", ":2:8"),
        (b"[]", "must be a JSON object", ":1:1"),
        (b'"\xff"', "is not JSON", ""),
        (b"[" * 100_000, "is not JSON", ""),
    ],
)
def test_a_damaged_schema_is_told_with_its_place(tmp_path: Path, text: bytes, message: str, place: str) -> None:
    file = tmp_path / "config_schema.json"
    file.write_bytes(text)
    with pytest.raises(ConfigError, match=message) as error:
        read_schema(file)
    assert error.value.place == f"{file}{place}"


def test_a_schema_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_schema(tmp_path / "absent.json")


def test_what_breaks_a_schema_is_told_with_its_pointer() -> None:
    schema = {
        "properties": {"names": {"items": {"type": "string"}}, "size": {"type": "integer", "minimum": 1}},
        "required": ["url"],
    }
    assert schema_violations({"size": 0, "names": ["a", 1]}, schema) == [
        "/: 'url' is a required property",
        "/names/1: 1 is not of type 'string'",
        "/size: 0 is less than the minimum of 1",
    ]


def test_settings_that_fit_break_nothing() -> None:
    assert schema_violations({"size": 1}, {"properties": {"size": {"type": "integer"}}}) == []
    assert schema_violations({"size": 1}, {}) == []


def test_a_schema_is_read_in_the_draft_it_names() -> None:
    exclusive = {"properties": {"size": {"minimum": 1, "exclusiveMinimum": True}}}
    draft_4 = {"$schema": "http://json-schema.org/draft-04/schema#", **exclusive}
    assert schema_violations({"size": 1}, draft_4) != []


@given(SETTINGS)
def test_nothing_changes_when_settings_are_merged_with_nothing_or_themselves(settings: dict[str, Any]) -> None:
    assert merge(settings, {}) == merge({}, settings) == merge(settings, settings) == settings


@given(SETTINGS, SETTINGS)
def test_merging_twice_is_merging_once(below: dict[str, Any], above: dict[str, Any]) -> None:
    assert merge(merge(below, above), above) == merge(below, above)


@given(SHAPED, SHAPED, SHAPED)
def test_layers_of_one_shape_may_be_merged_in_any_grouping(
    first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    assert merge(merge(first, second), third) == merge(first, merge(second, third))


def leaves(settings: dict[str, Any], *path: str) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {}
    for key, value in settings.items():
        found |= leaves(value, *path, key) if isinstance(value, dict) else {(*path, key): value}
    return found


@given(SETTINGS, SETTINGS)
def test_every_value_of_the_later_layer_holds(below: dict[str, Any], above: dict[str, Any]) -> None:
    assert leaves(above).items() <= leaves(merge(below, above)).items()


@given(SETTINGS, SETTINGS)
def test_merging_leaves_its_arguments_alone_and_shares_nothing_with_them(
    below: dict[str, Any], above: dict[str, Any]
) -> None:
    before = copy.deepcopy((below, above))
    merged = merge(below, above)
    for value in merged.values():
        if isinstance(value, dict | list):
            value.clear()
    assert (below, above) == before
