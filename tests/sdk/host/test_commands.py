"""Who owns which command."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localagent.host.commands import BUILT_IN, Conflict, OwnedCommand, tabulate
from localagent.host.spec import CommandHelp

WORDS = st.sampled_from(["build", "greet", "list", "run"])
OFFERS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.lists(WORDS, max_size=3, unique=True)), max_size=4, unique_by=lambda it: it[0]
)


def offers(*pairs: tuple[str, list[str]]) -> list[tuple[str, list[CommandHelp]]]:
    return [(owner, [CommandHelp(name, f"{name} of {owner}") for name in names]) for owner, names in pairs]


def test_the_first_owner_has_the_plain_name_and_all_have_their_own() -> None:
    table = tabulate(offers(("a", ["greet"]), ("b", ["greet", "run"])))
    assert table.find("greet") == OwnedCommand("greet", "greet of a", "a")
    assert table.find("b:greet") == OwnedCommand("greet", "greet of b", "b")
    assert table.find("run") == table.find("b:run") == OwnedCommand("run", "run of b", "b")
    assert table.conflicts == (Conflict("greet", "a", "b"),)
    assert table.find("absent") is table.find("a:run") is None


def test_a_built_in_command_is_never_given_away() -> None:
    table = tabulate(offers(("a", ["list"])), reserved={"list"})
    assert table.find("list") is None
    assert table.find("a:list") is not None
    assert table.conflicts == (Conflict("list", BUILT_IN, "a"),)


def test_a_plugin_that_offers_a_name_twice_is_in_conflict_with_nobody() -> None:
    table = tabulate([("a", [CommandHelp("run", "first"), CommandHelp("run", "second")])])
    assert table.find("run") == OwnedCommand("run", "second", "a")
    assert table.conflicts == ()


@given(OFFERS, st.frozensets(WORDS))
def test_every_offer_is_found_or_told_as_a_conflict(
    offered: list[tuple[str, list[str]]], reserved: frozenset[str]
) -> None:
    table = tabulate(offers(*offered), reserved=reserved)
    assert not reserved & set(table.commands)
    for owner, names in offered:
        for name in names:
            assert table.find(f"{owner}:{name}") == OwnedCommand(name, f"{name} of {owner}", owner)
            owned = table.commands.get(name)
            lost = [conflict for conflict in table.conflicts if (conflict.name, conflict.loser) == (name, owner)]
            assert (owned is not None and owned.owner == owner) == (lost == [])


@given(OFFERS)
def test_the_order_of_precedence_alone_decides(offered: list[tuple[str, list[str]]]) -> None:
    table = tabulate(offers(*offered))
    for name, command in table.commands.items():
        assert command.owner == next(owner for owner, names in offered if name in names)
