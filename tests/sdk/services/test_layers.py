"""Layers of settings and where values come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.manifest.composing import KeyPath
from localagent.manifest.document import parse_document
from localagent.plugins.config_schema import merge
from localagent.services.layers import DEFAULT, Layer, Origin, leaves_of, merge_layers

KEYS = st.sampled_from(["a", "b", "c"])
SETTINGS = st.dictionaries(
    KEYS,
    st.recursive(
        st.integers() | st.lists(st.integers(), max_size=2),
        lambda inner: st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=3,
)


def layer(values: dict[str, Any], kind: str = "default") -> Layer:
    return Layer(values, kind=kind)


@given(st.lists(SETTINGS, max_size=4))
def test_layers_merge_as_mappings_do(layers: list[dict[str, Any]]) -> None:
    expected: dict[str, Any] = {}
    for each in layers:
        expected = merge(expected, each)
    assert merge_layers([layer(each) for each in layers]).values == expected


@given(st.lists(SETTINGS, min_size=1, max_size=4))
def test_each_value_is_from_the_last_layer_that_says_it(layers: list[dict[str, Any]]) -> None:
    merged = merge_layers([layer(each, str(number)) for number, each in enumerate(layers)])
    for path, value, origin in merged.leaves():
        said = [number for number, each in enumerate(layers) if path in dict(leaves_of(each))]
        assert origin.kind == str(said[-1])
        assert dict(leaves_of(layers[said[-1]]))[path] == value


def document_layer(text: str, *section: str) -> Layer:
    document = parse_document(text.encode(), Path("some.yaml"))
    values: dict[str, Any] = document.at(section)
    return Layer(values, document, section)


def test_a_value_in_a_file_has_its_line() -> None:
    found = merge_layers(
        [document_layer("plugins:\n  p:\n    a: 1\n    b:\n      - x\n      - y: 2\n", "plugins", "p")]
    )
    assert str(found.origin_of(("a",))) == "some.yaml:3:8"
    assert str(found.origin_of(("b",))) == "some.yaml:5:7"
    assert str(found.origin_of(("b", 1, "y"))) == "some.yaml:6:12"


def test_a_mapping_has_the_place_in_the_uppermost_file_that_has_part_of_it() -> None:
    found = merge_layers([document_layer("style:\n  a: 1\n"), document_layer("x: 1\nstyle:\n  b: 1\n")])
    assert str(found.origin_of(("style",))) == "some.yaml:3:3"
    assert found.origin_of(()) == DEFAULT


def test_what_nobody_said_is_a_default() -> None:
    found = merge_layers([document_layer("servers:\n  - host: a\n")])
    assert found.origin_of(("servers", 0, "port")) == DEFAULT
    assert found.origin_of(("gone",)) == DEFAULT


def test_a_part_of_a_value_comes_from_where_the_value_does() -> None:
    environment = Layer({"a": {"b": [1]}}, names={("a",): "LOCALAGENT_P_A"}, kind="environment")
    assert merge_layers([environment]).origin_of(("a", "b", 0)) == Origin("environment", name="LOCALAGENT_P_A")


def test_the_nearest_name_is_told_of_a_part_of_a_value() -> None:
    names: dict[KeyPath, str] = {("a",): "LOCALAGENT_P_A", ("a", "b"): "LOCALAGENT_P_A_B", ("c",): "LOCALAGENT_P_C"}
    environment = Layer({"a": {"b": {"d": 1}, "e": 2}, "f": 3}, names=names, kind="environment")
    assert environment.origin_of(("a", "b")).name == "LOCALAGENT_P_A_B"
    assert environment.origin_of(("a", "b", "d")).name == "LOCALAGENT_P_A_B"
    assert environment.origin_of(("a", "e")).name == "LOCALAGENT_P_A"
    assert environment.origin_of(("f",)) == Origin("environment")


def test_a_value_in_a_file_is_from_a_file() -> None:
    assert document_layer("a: 1\n").origin_of(("a",)) == Origin("file", Path("some.yaml"), 1, 4)


def test_a_mapping_of_three_files_has_the_place_in_the_uppermost() -> None:
    texts = ("style:\n  a: 1\n", "x: 1\nstyle:\n  b: 1\n", "x: 1\ny: 1\nstyle:\n  c: 1\n")
    found = merge_layers([document_layer(text) for text in texts])
    assert str(found.origin_of(("style",))) == "some.yaml:4:3"


ORIGINS = [
    (DEFAULT, "default", (None, None, None, "")),
    (Origin("environment", name="LOCALAGENT_P_A"), "environment LOCALAGENT_P_A", (None, None, None, "LOCALAGENT_P_A")),
    (Origin("command line", name="--set p.a"), "command line --set p.a", (None, None, None, "--set p.a")),
    (Origin("file", Path("f.yaml"), 3, 5), "f.yaml:3:5", ("f.yaml", 3, 5, "")),
]


@pytest.mark.parametrize(("origin", "text", "rest"), ORIGINS)
def test_an_origin_is_told_in_one_word_or_two_or_as_json(origin: Origin, text: str, rest: tuple[Any, ...]) -> None:
    assert str(origin) == text
    file, line, column, name = rest
    told = {"kind": origin.kind, "file": file, "line": line, "column": column, "name": name}
    assert origin.to_dict() == told
