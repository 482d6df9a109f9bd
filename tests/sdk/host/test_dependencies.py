"""Which plugins can be loaded and in which order, as a function of nothing but the set of plugins."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.host.dependencies import Candidate, Requirement, requirement_of, resolve, with_needs

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


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([needing("a", "b")], "needs the plugin 'b', which was not found"),
        ([needing("a", "b>=2"), needing("b")], "needs b >=2, found 1.0"),
        ([needing("a", "b>=x"), needing("b")], "asks for 'b>=x', which is no requirement"),
        (
            [needing("a", "b"), Candidate("b", state="disabled", reason="it was never enabled")],
            "needs the plugin 'b', which is disabled: it was never enabled",
        ),
        (
            [needing("a", "b"), needing("b", "c")],
            "needs the plugin 'b', which needs the plugin 'c', which was not found",
        ),
        (
            [needing("a", "b"), needing("b", "b")],
            "needs the plugin 'b', but plugins depend on each other in a circle: b -> b (/b.yaml: b needs b)",
        ),
    ],
    ids=["missing", "too old", "no range", "disabled", "further down", "behind a circle"],
)
def test_why_a_plugin_is_off_is_told_down_to_the_cause(found: list[Candidate], message: str) -> None:
    flaw = resolve(found).problems["a"]
    assert flaw.message == message
    assert flaw.step == "dependencies"


def test_a_circle_is_told_whole_with_the_file_of_each_edge_and_leaves_others_alone() -> None:
    found = [needing("c", "a"), needing("a", "b"), needing("b", "c"), needing("free")]
    resolution = resolve(found)
    assert resolution.order == ("free",)
    declared = "(/a.yaml: a needs b; /b.yaml: b needs c; /c.yaml: c needs a)"
    message = f"plugins depend on each other in a circle: a -> b -> c -> a {declared}"
    assert [flaw.message for flaw in resolution.problems.values()] == [message] * 3


def test_names_are_compared_normalised() -> None:
    assert resolve([needing("a", "My_Other"), needing("my-other")]).order == ("my-other", "a")


def test_a_requirement_is_split_into_name_and_range() -> None:
    assert requirement_of(" Some_Plugin >=1.2,<2 ", "/x") == Requirement(
        "some-plugin", ">=1.2,<2", "Some_Plugin >=1.2,<2", "/x"
    )


def test_a_long_chain_is_no_recursion() -> None:
    length = 1100
    chain = [needing(f"p{number}", f"p{number + 1}") for number in range(length)]
    assert len(resolve(chain).problems) == length
    whole = resolve([*chain, needing(f"p{length}")])
    assert len(whole.order) == len(with_needs(["p0"], whole.needs)) == length + 1
