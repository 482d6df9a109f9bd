"""What a JSON file lacks is added, and nothing else changes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent_cli.workspace.completing import completed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@pytest.mark.parametrize(
    ("text", "wanted", "becomes", "added"),
    [
        ("", {"a": 1}, '{\n  "a": 1\n}\n', ("a",)),
        ('{\n    "b": 2\n}', {"a": 1}, '{\n    "b": 2,\n    "a": 1\n}\n', ("a",)),
        ('{\n\t"b": 2\n}', {"a": 1}, '{\n\t"b": 2,\n\t"a": 1\n}\n', ("a",)),
        ('{"a": 2}', {"a": 1}, '{"a": 2}', ()),
        ('{"a": {"x": 1}}', {"a": {"y": 2}}, '{\n  "a": {\n    "x": 1,\n    "y": 2\n  }\n}\n', ("a > y",)),
        ('{"a": []}', {"a": {"y": 2}}, '{"a": []}', ()),
        ('{"a": ["x"]}', {"a": ["x", "y"]}, '{\n  "a": [\n    "x",\n    "y"\n  ]\n}\n', ("a > y",)),
        ('{"a": [{"name": "x", "n": 2}]}', {"a": [{"name": "x"}]}, '{"a": [{"name": "x", "n": 2}]}', ()),
    ],
)
def test_what_is_missing_is_added(text: str, wanted: dict[str, object], becomes: str, added: tuple[str, ...]) -> None:
    assert completed(text, wanted) == (becomes, added)


@pytest.mark.parametrize("text", ["// mine\n{}", "{", "[]", "1", '{"a": 1, "a": 2}', '{"a": 1,}'])
def test_what_is_no_plain_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        completed(text, {"a": 1})


@given(OBJECTS, OBJECTS)
def test_nothing_is_lost_and_twice_is_once(present: dict[str, object], wanted: dict[str, object]) -> None:
    text, _ = completed(json.dumps(present), wanted)
    done = json.loads(text)
    assert {key: value for key, value in done.items() if key in present and not isinstance(value, dict | list)} == {
        key: value for key, value in present.items() if not isinstance(value, dict | list)
    }
    assert present.keys() | wanted.keys() == done.keys()
    assert completed(text, wanted) == (text, ())
