"""A plugin's settings as its schema sees them."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.errors import ConfigError
from localagent.plugins.config_schema import (
    Violation,
    completed,
    defaults_of,
    merge,
    properties_of,
    read_schema,
    read_schema_beside,
    schema_file_for,
    schema_violations,
    subschema_at,
    violations_of,
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
        "whole": {"a": 1, "b": 2},
    }


def test_the_default_of_a_whole_object_comes_before_those_of_its_properties() -> None:
    schema = {"default": {"a": 1}, "properties": {"a": {"default": 2}, "b": {"default": 3}}}
    assert defaults_of(schema) == {"a": 1, "b": 3}


def test_a_list_has_the_default_that_the_schema_gives_it() -> None:
    schema = {"properties": {"patterns": {"type": "array", "default": ["*.py"], "items": {"default": "x"}}}}
    assert defaults_of(schema) == {"patterns": ["*.py"]}


SERVERS: dict[str, Any] = {
    "properties": {"servers": {"type": "array", "items": {"$ref": "#/$defs/server"}}},
    "$defs": {
        "server": {
            "properties": {
                "port": {"default": 80},
                "tls": {"properties": {"on": {"default": False}}},
                "beside": {"items": {"$ref": "#/$defs/server"}},
            }
        }
    },
}


def test_items_of_a_list_get_the_defaults_of_their_schema() -> None:
    settings = {"servers": [{"host": "a"}, {"port": 8080, "tls": {"key": "k"}}, "no mapping"], "other": 1}
    assert completed(settings, SERVERS) == {
        "servers": [
            {"host": "a", "port": 80, "tls": {"on": False}},
            {"port": 8080, "tls": {"on": False, "key": "k"}},
            "no mapping",
        ],
        "other": 1,
    }
    assert settings["servers"] == [{"host": "a"}, {"port": 8080, "tls": {"key": "k"}}, "no mapping"]


def test_a_schema_that_contains_itself_completes_as_deep_as_the_settings_go() -> None:
    settings: dict[str, Any] = {"servers": [{"beside": [{"beside": [{}]}]}]}
    inner = {"port": 80, "tls": {"on": False}}
    assert completed(settings, SERVERS) == {"servers": [inner | {"beside": [inner | {"beside": [inner]}]}]}


def test_items_whose_schema_refers_to_others_are_completed_from_there() -> None:
    schema = {
        "$ref": "#/$defs/all",
        "$defs": {
            "all": {"properties": {"servers": {"items": {"properties": {"tls": {"$ref": "#/$defs/tls"}}}}}},
            "tls": {"properties": {"on": {"default": False}}},
        },
    }
    assert completed({"servers": [{}]}, schema) == {"servers": [{"tls": {"on": False}}]}


def test_what_is_completed_shares_nothing_with_the_settings() -> None:
    settings: dict[str, Any] = {"servers": [{"host": {"names": ["a"]}}], "other": [[1]]}
    found = completed(settings, SERVERS)
    found["servers"][0]["host"]["names"].clear()
    found["other"][0].clear()
    assert settings == {"servers": [{"host": {"names": ["a"]}}], "other": [[1]]}


def test_defaults_within_defaults_are_fresh_too() -> None:
    schema: dict[str, Any] = {
        "default": {"a": {"b": [1]}},
        "properties": {"c": {"default": {"d": [2]}}, "e": {"default": [[3]]}},
    }
    before = copy.deepcopy(schema)
    found = defaults_of(schema)
    found["a"]["b"].clear()
    found["c"]["d"].clear()
    found["e"][0].clear()
    assert schema == before


def test_references_are_followed_within_objects_too() -> None:
    inner = {"properties": {"size": {"$ref": "#/$defs/size"}, "named": {"$ref": "#here"}}}
    defs = {"size": {"default": 1}, "named": {"$anchor": "here", "default": 2}}
    assert defaults_of({"properties": {"style": inner}, "$defs": defs}) == {"style": {"size": 1, "named": 2}}


def test_a_property_without_a_schema_hides_none_after_it() -> None:
    schema = {"properties": {"anything": True, "child": {"$ref": "#"}, "last": {"default": 1}}}
    assert defaults_of(schema) == {"child": {"last": 1}, "last": 1}


def test_a_property_is_not_taken_for_another_one_of_its_object() -> None:
    schema = {"default": {"a": {"x": 1}}, "properties": {"b": {"properties": {"y": {"default": 2}}}}}
    assert defaults_of(schema) == {"a": {"x": 1}, "b": {"y": 2}}
    within = {"default": {"a": {"x": 1}}, "properties": {"a": {"properties": {"y": {"default": 2}}}}}
    assert defaults_of(within) == {"a": {"x": 1, "y": 2}}


def test_the_properties_of_a_schema_are_found_behind_its_reference() -> None:
    schema = {"$ref": "#/$defs/all", "$defs": {"all": {"properties": {"size": {"default": 1}}}}}
    assert properties_of(schema) == {"size": {"default": 1}}
    assert properties_of({}) == {}


def test_no_schema_is_found_below_what_is_no_mapping() -> None:
    assert subschema_at({"properties": {"a": True}}, ["a", "b"]) is None
    assert subschema_at({"properties": {"a": True}}, ["b", "c", "d"]) is None


def test_completing_twice_is_completing_once() -> None:
    once = completed({"servers": [{"host": "a"}, {}]}, SERVERS)
    assert completed(once, SERVERS) == once


def test_local_references_are_followed() -> None:
    schema = {
        "$ref": "#/$defs/all",
        "$defs": {
            "all": {"properties": {"size": {"$ref": "#/$defs/size"}, "named": {"$ref": "#here", "default": 5}}},
            "size": {"$ref": "#/$defs/number", "default": 3},
            "number": {"type": "integer", "default": 1},
            "anchored": {"$anchor": "here", "default": 4},
        },
    }
    assert defaults_of(schema) == {"size": 3, "named": 5}
    assert subschema_at(schema, ["size"]) == {"$ref": "#/$defs/size"}


@pytest.mark.parametrize("reference", ["#/nowhere", "#gone", "#/properties/a", "https://127.0.0.1:1/s.json", "s.json"])
def test_a_reference_that_leads_nowhere_gives_no_default_and_is_told_when_settings_are_judged(reference: str) -> None:
    schema = {"properties": {"a": {"$ref": reference}, "b": {"default": 1}}}
    assert defaults_of(schema) == {"b": 1}
    with pytest.raises(ConfigError, match="the settings schema is not valid at /properties/a/\\$ref"):
        violations_of({"a": 1}, schema)


def test_a_schema_that_contains_itself_has_the_defaults_of_its_outermost_object() -> None:
    schema = {"properties": {"size": {"default": 1}, "child": {"$ref": "#"}}}
    assert defaults_of(schema) == {"size": 1, "child": {"size": 1}}


def test_a_schema_that_is_none_is_told_with_its_place() -> None:
    with pytest.raises(ConfigError, match=r"not valid at /properties/size/type: 7 is not"):
        violations_of({"size": 1}, {"properties": {"size": {"type": 7}}})


def test_a_pointer_escapes_what_it_is_made_of() -> None:
    schema = {"properties": {"a/b": {"properties": {"c~d": {"type": "integer"}}}}}
    assert [each.pointer for each in violations_of({"a/b": {"c~d": "x"}}, schema)] == ["/a~1b/c~0d"]


@pytest.mark.parametrize("value", ["${env:PORT}", "http://${keyring:HOST}/", object()])
def test_what_stands_for_a_value_that_comes_later_is_not_judged(value: Any) -> None:
    schema = {"properties": {"port": {"type": "integer"}, "size": {"type": "integer"}}}
    found = violations_of({"port": value, "size": "$${env:X}"}, schema)
    assert [each.pointer for each in found] == ["/size"]


@pytest.mark.parametrize(
    ("path", "found"),
    [(["servers"], True), (["style", "bold"], True), (["style", "gone"], False), (["servers", "x"], False)],
)
def test_the_schema_of_a_setting_is_found_through_objects(path: list[str], *, found: bool) -> None:
    schema = {**SERVERS, "properties": {**SERVERS["properties"], "style": {"properties": {"bold": {}}}}}
    assert (subschema_at(schema, path) is not None) is found


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
        (b"[]", "^the settings schema must be a JSON object$", ":1:1"),
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
    with pytest.raises(ConfigError, match="the settings schema cannot be read: No such file") as error:
        read_schema(tmp_path / "absent.json")
    assert error.value.file == tmp_path / "absent.json"


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


def test_each_setting_that_may_not_be_there_is_told_with_what_was_meant() -> None:
    schema = {
        "properties": {
            "size": {"type": "integer"},
            "style": {"properties": {"colour": {}}, "additionalProperties": False},
        },
        "patternProperties": {"^own_": {"type": "string"}, "_x$": {}},
        "additionalProperties": False,
    }
    settings = {"size_": 1, "zzz": 2, "own_one": "a", "two_x": 3, "size": 4, "style": {"color": 5}}
    assert violations_of(settings, schema) == (
        Violation(("size_",), "there is no such setting, did you mean 'size'?"),
        Violation(("style", "color"), "there is no such setting, did you mean 'colour'?"),
        Violation(("zzz",), "there is no such setting"),
    )


def test_a_setting_of_another_kind_than_the_schema_of_all_others_is_told_as_such() -> None:
    assert schema_violations({"a": 1}, {"additionalProperties": {"type": "string"}}) == [
        "/a: 1 is not of type 'string'"
    ]


def test_violations_are_told_in_the_order_of_their_paths() -> None:
    schema = {"items": {"type": "string"}, "properties": {key: {"type": "string"} for key in "abc"}}
    assert [each.pointer for each in violations_of({"c": 1, "a": 2, "b": 3}, schema)] == ["/a", "/b", "/c"]
    mixed = {"properties": {"a": {"items": {"minimum": 5}}}, "required": ["a", "b"], "minProperties": 2}
    told = violations_of({"a": [1, 2]}, mixed)
    assert [each.pointer for each in told] == ["/", "/", "/a/0", "/a/1"]
    assert [each.message for each in told][:2] == [
        "'b' is a required property",
        "{'a': [1, 2]} does not have enough properties",
    ]


def test_violations_in_a_list_are_told_in_the_order_of_the_list() -> None:
    schema = {"properties": {"a": {"items": {"type": "string"}}}}
    assert [each.path for each in violations_of({"a": list(range(12))}, schema)] == [
        ("a", index) for index in range(12)
    ]


def test_keys_that_are_no_texts_come_first() -> None:
    schema = {"properties": {"a": {"additionalProperties": {"type": "string"}}}}
    settings: dict[str, Any] = {"a": {"x": 1, 2: 3, "2": 4, 1: 5}}
    assert [each.path[-1] for each in violations_of(settings, schema)] == [1, 2, "2", "x"]


def test_a_schema_that_names_no_draft_is_read_in_the_latest() -> None:
    schema = {"properties": {"pair": {"prefixItems": [{"type": "string"}]}}}
    assert schema_violations({"pair": [1]}, schema) == ["/pair/0: 1 is not of type 'string'"]


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
def test_a_value_that_was_merged_is_no_part_of_a_layer(below: dict[str, Any], above: dict[str, Any]) -> None:
    before = copy.deepcopy((below, above))
    for path, value in leaves(merge(below, above)).items():
        if isinstance(value, list):
            value.append(path)
    assert (below, above) == before


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
