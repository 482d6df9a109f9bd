"""Environment variables as settings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.errors import ConfigError
from localagent.plugins.environment import convert_value, environment_prefix, environment_settings

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.integers())
def test_an_integer_comes_back_from_the_environment(value: int) -> None:
    assert convert_value(str(value), {"type": "integer"}, subject="V") == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_comes_back_from_the_environment(value: float) -> None:
    assert convert_value(repr(value), {"type": "number"}, subject="V") == value


@given(st.booleans(), st.sampled_from([str, str.lower, str.upper]), st.sampled_from(["", " ", "\t"]))
def test_a_boolean_comes_back_from_the_environment(value: bool, spelt: Any, blank: str) -> None:  # noqa: FBT001 - drawn
    assert convert_value(blank + spelt(str(value)) + blank, {"type": "boolean"}, subject="V") is value


@given(st.lists(JSON_VALUES, max_size=4))
def test_an_array_comes_back_from_the_environment(value: list[Any]) -> None:
    assert convert_value(json.dumps(value), {"type": "array"}, subject="V") == value


@given(st.dictionaries(st.text(max_size=4), JSON_VALUES, max_size=4))
def test_an_object_comes_back_from_the_environment(value: dict[str, Any]) -> None:
    assert convert_value(json.dumps(value), {"type": "object"}, subject="V") == value


@given(st.text(), st.sampled_from([{}, {"type": "string"}, {"type": 7}, {"type": ["string", "null"]}, True, None]))
def test_where_text_is_wanted_it_stays_as_it_is(text: str, subschema: Any) -> None:
    assert convert_value(text, subschema, subject="V") == text


@pytest.mark.parametrize(
    ("word", "value"),
    [("1", True), ("yes", True), ("On", True), ("0", False), ("NO", False), ("off", False)],
)
def test_booleans_have_several_words(word: str, *, value: bool) -> None:
    assert convert_value(word, {"type": "boolean"}, subject="V") is value


@pytest.mark.parametrize(
    ("wanted", "text", "expected"),
    [
        ("integer", "1.5", "an integer"),
        ("integer", "", "an integer"),
        ("number", "much", "a number"),
        ("number", "nan", "a number"),
        ("number", "-Infinity", "a number"),
        ("boolean", "perhaps", "true or false"),
        ("boolean", "", "true or false"),
        ("array", '{"a": 1}', "a JSON array"),
        ("array", "a,b", "a JSON array"),
        ("array", "[" * 100_000, "a JSON array"),
        ("object", "[]", "a JSON object"),
        ("object", "", "a JSON object"),
        ("array", "[NaN]", "a JSON array"),
        ("array", "[-Infinity]", "a JSON array"),
        ("object", '{"a": NaN}', "a JSON object"),
    ],
)
def test_text_that_does_not_fit_is_told_with_what_would(wanted: str, text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        convert_value(text, {"type": wanted}, subject="V")
    assert error.value.message == f"V must be {expected}, not {text!r}"


@pytest.mark.parametrize(
    ("types", "text", "value"),
    [
        (["integer", "null"], "5", 5),
        (["null", "integer"], "null", None),
        (["integer", "null"], "", None),
        (["integer", "string"], "5", 5),
        (["integer", "string"], "five", "five"),
        (["string", "integer"], "5", "5"),
        (["boolean", "array"], "[1]", [1]),
    ],
)
def test_of_several_types_the_first_counts_that_the_text_fits(types: list[str], text: str, value: Any) -> None:
    assert convert_value(text, {"type": types}, subject="V") == value
    alternatives = {"anyOf": [{"type": each} for each in types]}
    assert convert_value(text, alternatives, subject="V") == value


def test_a_type_beside_alternatives_is_the_one_that_is_wanted() -> None:
    assert convert_value("5", {"type": "integer", "anyOf": [{"minimum": 1}]}, subject="V") == 5


def test_alternatives_may_refer_to_other_parts_of_the_schema() -> None:
    schema = {"$defs": {"size": {"type": "integer"}, "off": {"const": False}}}
    alternatives = {"oneOf": [{"$ref": "#/$defs/size"}, {"$ref": "#/$defs/off"}]}
    assert convert_value("5", alternatives, subject="V", schema=schema) == 5
    assert convert_value("false", alternatives, subject="V", schema=schema) is False


def test_nothing_at_all_is_the_last_of_several_alternatives() -> None:
    assert convert_value("null", {"anyOf": [{"type": "null"}, {"type": "string"}]}, subject="V") == "null"
    assert convert_value("null", {"type": ["null", "string"]}, subject="V") == "null"


def test_a_constant_is_the_only_value() -> None:
    assert convert_value("5", {"const": 5, "type": "string"}, subject="V") == 5
    with pytest.raises(ConfigError, match="V must be one of 5, not '6'"):
        convert_value("6", {"const": 5}, subject="V")


@pytest.mark.parametrize("wanted", ["size", ["size"], ["size", 7]])
def test_a_type_that_nobody_knows_is_text(wanted: object) -> None:
    assert convert_value("5", {"type": wanted}, subject="V") == "5"


def test_members_are_told_as_they_would_be_written() -> None:
    with pytest.raises(ConfigError, match=r'V must be one of \["é"\], not \'x\''):
        convert_value("x", {"enum": [["é"]]}, subject="V")


def test_text_that_fits_none_of_several_is_told_with_all_of_them() -> None:
    with pytest.raises(ConfigError, match="V must be an integer or true or false or null, not 'x'"):
        convert_value("x", {"type": ["null", "integer", "boolean"]}, subject="V")


@pytest.mark.parametrize(("text", "value"), [("a", "a"), ("1", 1), ("true", True), ("null", None), ("1.5", 1.5)])
def test_a_member_of_an_enumeration_is_found_by_its_text(text: str, value: Any) -> None:
    found = convert_value(text, {"enum": ["a", True, 1, None, 1.5]}, subject="V")
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("text", ["c", "A", "2", "false", "[", "[" * 100_000])
def test_text_that_is_no_member_of_an_enumeration_is_told_with_the_members(text: str) -> None:
    with pytest.raises(ConfigError, match="V must be one of a, b, 1, true, not "):
        convert_value(text, {"enum": ["a", "b", 1, True]}, subject="V")


def test_a_reference_within_the_schema_says_what_is_wanted() -> None:
    schema = {"$defs": {"size": {"type": "integer"}, "again": {"anyOf": [{"$ref": "#/$defs/again"}]}}}
    assert convert_value("5", {"$ref": "#/$defs/size"}, subject="V", schema=schema) == 5
    assert convert_value("5", {"$ref": "#/$defs/again"}, subject="V", schema=schema) == "5"


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(),
    "number": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "array": st.lists(JSON_VALUES, max_size=3),
    "object": st.dictionaries(st.text(max_size=3), JSON_VALUES, max_size=3),
    "string": st.text(),
    "null": st.none(),
}


@given(st.sampled_from(sorted(VALUES)).flatmap(lambda name: st.tuples(st.just(name), VALUES[name])))
def test_whatever_fits_its_type_comes_back_from_the_environment(drawn: tuple[str, Any]) -> None:
    name, value = drawn
    found = convert_value(environment_text(value), {"type": name}, subject="V")
    assert json.dumps(found) == json.dumps(value)


@given(
    st.lists(JSON_VALUES, min_size=1, max_size=4).flatmap(lambda each: st.tuples(st.just(each), st.sampled_from(each)))
)
def test_whatever_is_listed_comes_back_from_the_environment(drawn: tuple[list[Any], Any]) -> None:
    members, value = drawn
    found = convert_value(environment_text(value), {"enum": members}, subject="V")
    # A text that looks like another member's JSON is that text.
    assert found == value or environment_text(found) == environment_text(value)


def environment_text(value: Any) -> str:
    """How a user writes a value into a variable."""
    return value if isinstance(value, str) else json.dumps(value)


def test_a_variable_that_does_not_fit_is_told_with_its_name_and_the_way_out() -> None:
    def refuse(key: str, text: str) -> Any:
        raise ConfigError(f"{key} is not {text}")

    with pytest.raises(ConfigError, match="LOCALAGENT_HELLO_SIZE: size is not 1") as error:
        environment_settings("hello", {"LOCALAGENT_HELLO_SIZE": "1"}, convert=refuse)
    assert error.value.fix == "correct or unset LOCALAGENT_HELLO_SIZE"
    assert error.value.plugin == "hello"


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
