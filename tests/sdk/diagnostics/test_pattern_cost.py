"""The bound on what matching a pattern may take: generous to patterns that are in use, and never too low."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.diagnostics.pattern_cost import is_quick, slow_pattern

LONG = 60
PIECES = st.sampled_from(["a", "b", "[ab]", "a?", "a*", "b+", "(?:a|b)", "(?:ab|a)"])
PATTERNS = st.recursive(
    PIECES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        inner.map(lambda each: f"(?:{each})*"),
        inner.map(lambda each: f"(?:{each}){{2,4}}"),
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "pattern",
    [
        "^https?://",
        r"^[a-z0-9]+(-[a-z0-9]+){0,1}$",
        r"^\d+\.\d+\.\d+$",
        "^(dark|light)$",
        "[A-Z]{3}",
        "^sk-[A-Za-z0-9]{20,}$",
    ],
)
def test_what_people_write_is_quick(pattern: str) -> None:
    assert is_quick(pattern, LONG)


@pytest.mark.parametrize(
    "pattern",
    ["^(a+)+$", "(a|a)*b", "^(a|ab)*$", "(a?){30}a{30}", "a*a*a*a*a*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "((a*)*)*"],
)
def test_what_can_be_laid_over_a_text_in_endless_ways_is_not(pattern: str) -> None:
    assert not is_quick(pattern, LONG)


def test_a_pattern_that_is_none_is_refused_elsewhere() -> None:
    assert is_quick("(", LONG)


@given(PATTERNS, st.text("ab", max_size=14))
def test_a_pattern_is_quick_wherever_its_repetitions_are_none(pattern: str, text: str) -> None:
    """The bound grows with the text: what is slow for a short one is slow for each longer one."""
    re.compile(pattern)
    if not is_quick(pattern, len(text)):
        assert not is_quick(pattern, len(text) + 5)


def test_the_patterns_of_properties_and_their_names_count_where_a_setting_has_a_long_text() -> None:
    schema = {"properties": {"name": {"pattern": "^(a+)+$"}}}
    assert slow_pattern({"name": "ab"}, schema) is None
    slow = slow_pattern({"name": "a" * LONG}, schema)
    assert slow is not None
    assert slow.path == ("properties", "name", "pattern")
    slow = slow_pattern({"b" * LONG: 1}, {"patternProperties": {"^(b+)+$": True}})
    assert slow is not None
    assert slow.path == ("patternProperties", "^(b+)+$")
