"""Which plugins can be loaded and in which order, as a function of nothing but the set of plugins."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.host.dependencies import (
    Candidate,
    Requirement,
    requirement_name,
    requirement_of,
    resolve,
    unmet,
    with_needs,
)
from localagent.host.spec import Flaw

NAMES = tuple("abcdefgh")


def needing(name: str, *needs: str, version: str = "1.0") -> Candidate:
    return Candidate(name, version, tuple(requirement_of(text, f"/{name}.yaml") for text in needs))


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    """Any graph, circles included; some plugins are off and some are missing."""
    present = draw(st.lists(st.sampled_from(NAMES), unique=True))
    return [
        Candidate(
            name,
            draw(st.sampled_from(["1.0", "2.0"])),
            tuple(
                requirement_of(other + draw(st.sampled_from(["", ">=2", "<3"])))
                for other in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
            ),
            state=draw(st.sampled_from(["", "", "", "disabled"])),
        )
        for name in present
    ]


def is_sound(name: str, by_name: dict[str, Candidate], above: tuple[str, ...] = ()) -> bool:
    """Whether a plugin can be loaded, said in the plainest way there is."""
    found = by_name.get(name)
    if found is None or found.state or name in above:
        return False
    return all(
        is_sound(need.name, by_name, (*above, name))
        and not (need.range == ">=2" and by_name[need.name].version == "1.0")
        for need in found.requires
    )


@given(candidates(), st.randoms(use_true_random=False))
def test_exactly_those_are_off_that_something_speaks_against_whatever_the_order(
    found: list[Candidate], dice: random.Random
) -> None:
    resolution = resolve(found)
    by_name = {each.name: each for each in found}
    able = {name for name in by_name if not by_name[name].state}
    assert set(resolution.order) == {name for name in able if is_sound(name, by_name)}
    assert set(resolution.problems) == able - set(resolution.order)
    shuffled = list(found)
    dice.shuffle(shuffled)
    assert resolve(shuffled) == resolution


@given(candidates())
def test_each_stands_after_what_it_needs_and_no_later_than_it_must(found: list[Candidate]) -> None:
    resolution = resolve(found)
    level = {name: number for number, names in enumerate(resolution.levels) for name in names}
    for name, number in level.items():
        assert number == 1 + max((level[need] for need in resolution.needs[name]), default=-1)


WRITE = "write it as the plugin's name and a range, such as other>=1.2"
INSTALL = "install the plugin '{0}', then: localagent plugins enable {0}"


@pytest.mark.parametrize(
    ("found", "message", "where", "fix"),
    [
        ([needing("a", "b")], "needs the plugin 'b', which was not found", "/a.yaml", INSTALL.format("b")),
        (
            [needing("a", "b>=2"), needing("b")],
            "needs b >=2, found 1.0",
            "/a.yaml",
            "install another version of 'b'",
        ),
        ([needing("a", "b>=x"), needing("b")], "asks for 'b>=x', which is no requirement", "/a.yaml", WRITE),
        ([needing("a", ">=1")], "asks for '>=1', which is no requirement", "/a.yaml", WRITE),
        (
            [needing("a", "b"), Candidate("b", state="disabled", reason="it was never enabled")],
            "needs the plugin 'b', which is disabled: it was never enabled",
            "/a.yaml",
            "",
        ),
        (
            [needing("a", "b"), Candidate("b", state="broken", reason="it is", fix="mend it", where="/b.py:3")],
            "needs the plugin 'b', which is broken: it is",
            "/b.py:3",
            "mend it",
        ),
        (
            [needing("a", "b"), needing("b", "c")],
            "needs the plugin 'b', which needs the plugin 'c', which was not found",
            "/b.yaml",
            INSTALL.format("c"),
        ),
        (
            [needing("a", "b"), needing("b", "c>=x"), needing("c")],
            "needs the plugin 'b', which asks for 'c>=x', which is no requirement",
            "/b.yaml",
            WRITE,
        ),
        (
            [needing("a", "b"), needing("b", "b")],
            "needs the plugin 'b', but plugins depend on each other in a circle: b -> b (/b.yaml: b needs b)",
            "/b.yaml",
            "remove one of these dependencies",
        ),
    ],
    ids=[
        "missing",
        "too old",
        "no range",
        "no name",
        "disabled",
        "broken",
        "further down",
        "no range further down",
        "behind a circle",
    ],
)
def test_why_a_plugin_is_off_is_told_down_to_the_cause(
    found: list[Candidate], message: str, where: str, fix: str
) -> None:
    assert resolve(found).problems["a"] == Flaw("dependencies", message, where, fix)


def test_a_circle_is_told_whole_with_the_file_of_each_edge_and_leaves_others_alone() -> None:
    found = [needing("c", "a"), needing("a", "b"), needing("b", "c"), needing("free")]
    resolution = resolve(found)
    assert resolution.order == ("free",)
    declared = "(/a.yaml: a needs b; /b.yaml: b needs c; /c.yaml: c needs a)"
    message = f"plugins depend on each other in a circle: a -> b -> c -> a {declared}"
    fix = "remove one of these dependencies"
    assert list(resolution.problems.values()) == [Flaw("dependencies", message, "/a.yaml", fix)] * 3


def test_a_circle_of_plugins_whose_files_nobody_knows_is_told_too() -> None:
    flaw = resolve([Candidate("a", requires=(requirement_of("a"),))]).problems["a"]
    assert flaw.message == "plugins depend on each other in a circle: a -> a (?: a needs a)"


def test_a_plugin_in_a_circle_is_not_blamed_on_those_in_it_that_it_needs() -> None:
    found = [needing("a", "b", "c"), needing("b", "a"), needing("c")]
    assert resolve(found).problems["a"].message.startswith("plugins depend on each other in a circle: a -> b -> a")


def test_names_are_compared_normalised() -> None:
    assert resolve([needing("a", "My_Other"), needing("my-other")]).order == ("my-other", "a")


def test_a_requirement_is_split_into_name_and_range() -> None:
    assert requirement_of(" Some_Plugin >=1.2,<2 ", "/x") == Requirement(
        "some-plugin", ">=1.2,<2", "Some_Plugin >=1.2,<2", "/x"
    )


def test_what_has_no_name_is_a_requirement_all_the_same() -> None:
    assert requirement_of(">=1") == Requirement(">=1", "", ">=1", "")


@pytest.mark.parametrize(
    ("text", "name"), [("other", "other"), (" Some_Plugin >=1.2", "Some_Plugin"), ("a.b-c<2", "a.b-c"), (">=1", ">=1")]
)
def test_a_requirement_names_a_plugin_as_it_was_written(text: str, name: str) -> None:
    assert requirement_name(text) == name


@pytest.mark.parametrize(
    ("text", "version", "why"),
    [
        ("b", "anything", ""),
        ("b>=1,<2", "1.5", ""),
        ("b>=0.9", "1.0b1", ""),
        ("b>=2", "1.5", "needs b >=2, found 1.5"),
        ("b>=x", "1.0", "asks for 'b>=x', which is no requirement"),
        (">=1", "1.0", "asks for '>=1', which is no requirement"),
        ("b>=1", "next", "asks for 'b>=1', which cannot be compared with version 'next'"),
    ],
)
def test_why_a_version_does_not_meet_a_requirement(text: str, version: str, why: str) -> None:
    assert unmet(requirement_of(text), version) == why


def test_what_nobody_has_needs_nothing() -> None:
    assert with_needs(["a", "gone"], {"a": frozenset({"b"}), "b": frozenset()}) == {"a", "b", "gone"}


def test_a_long_chain_is_no_recursion() -> None:
    length = 1100
    chain = [needing(f"p{number}", f"p{number + 1}") for number in range(length)]
    assert len(resolve(chain).problems) == length
    whole = resolve([*chain, needing(f"p{length}")])
    assert len(whole.order) == len(with_needs(["p0"], whole.needs)) == length + 1
