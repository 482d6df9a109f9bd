"""What one plugin requires of another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.host.dependencies import requirement_name, requirement_of
from localagent.host.dependencies import unmet as unmet_by

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
VERSIONS = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda parts: f"{parts[0]}.{parts[1]}")


def unmet(text: str, version: str) -> str:
    return unmet_by(requirement_of(text), version)


@given(NAMES, st.sampled_from(["", ">=1", " >= 1.2, <3", "==1.*", "~=1.4", "!=2", "[extra]>=1"]))
def test_the_name_stands_before_the_range(name: str, wanted: str) -> None:
    assert requirement_name(f" {name}{wanted}") == name


@pytest.mark.parametrize("text", ["", ">=1", "-other"])
def test_a_requirement_without_a_name_is_shown_as_it_is(text: str) -> None:
    assert requirement_name(text) == text


@given(VERSIONS, VERSIONS)
def test_of_two_opposite_ranges_exactly_one_is_met(version: str, limit: str) -> None:
    at_least, below = unmet(f"other>={limit}", version), unmet(f"other<{limit}", version)
    assert (at_least == "") != (below == "")


@pytest.mark.parametrize(
    ("requirement", "version"),
    [
        ("other", ""),
        ("other", "whatever"),
        ("other>=1.2", "1.10"),
        ("other >= 1.2, < 2", "1.2"),
        (" other~=1.4 ", "1.9"),
        ("other>=1", "2.0a1"),
        ("other==1.*", "1.2.3"),
    ],
)
def test_a_requirement_that_is_met_has_no_reason(requirement: str, version: str) -> None:
    assert unmet(requirement, version) == ""


@pytest.mark.parametrize(
    ("requirement", "version", "reason"),
    [
        ("other>=2", "1.0", "needs other >=2, found 1.0"),
        ("other>=1.2, <2", "1.0", "needs other >=1.2, <2, found 1.0"),
        ("other>two", "1.0", "asks for 'other>two', which is no requirement"),
        ("other[x]>=1", "1.0", "asks for 'other[x]>=1', which is no requirement"),
        ("other->1", "2.0", "asks for 'other->1', which is no requirement"),
        ("other-", "2.0", "asks for 'other-', which is no requirement"),
        (">=1", "2.0", "asks for '>=1', which is no requirement"),
    ],
)
def test_a_requirement_that_is_not_met_has_its_reason(requirement: str, version: str, reason: str) -> None:
    assert unmet(requirement, version).startswith(reason)


@pytest.mark.parametrize("version", ["", "latest"])
def test_a_range_is_never_met_by_something_that_is_no_version(version: str) -> None:
    assert f"'{version}'" in unmet("other>=1", version) or "found" in unmet("other>=1", version)
