"""Named things that plugins offer."""

from __future__ import annotations

import pytest

from localagent.errors import PluginError
from localagent.services.catalogue import Catalogue, Offer


def test_what_was_offered_is_there_with_its_owner_until_it_is_withdrawn() -> None:
    catalogue: Catalogue[int] = Catalogue("number")
    withdraw_one = catalogue.offer("one", 1, plugin="first")
    catalogue.offer("two", 2, plugin="second")
    assert catalogue.offers == {"one": Offer(1, "first"), "two": Offer(2, "second")}
    withdraw_one()
    assert catalogue.offers == {"two": Offer(2, "second")}


@pytest.mark.parametrize("plugin", ["first", "second"])
def test_a_name_that_is_taken_is_refused_and_stays_with_its_owner(plugin: str) -> None:
    catalogue: Catalogue[int] = Catalogue("number")
    catalogue.offer("one", 1, plugin="first")
    with pytest.raises(PluginError, match="the plugin 'first' offers the number 'one' already") as refusal:
        catalogue.offer("one", 2, plugin=plugin)
    assert refusal.value.plugin == plugin
    assert catalogue.offers == {"one": Offer(1, "first")}


def test_a_withdrawn_name_is_free_for_another() -> None:
    catalogue: Catalogue[int] = Catalogue("number")
    catalogue.offer("one", 1, plugin="first")()
    catalogue.offer("one", 2, plugin="second")
    assert catalogue.offers["one"] == Offer(2, "second")


def test_withdrawing_twice_is_no_error() -> None:
    catalogue: Catalogue[int] = Catalogue("number")
    withdraw = catalogue.offer("one", 1, plugin="first")
    withdraw()
    withdraw()
    assert catalogue.offers == {}
    catalogue.offer("one", 2, plugin="second")
    withdraw()
    assert catalogue.offers == {"one": Offer(2, "second")}


def test_a_look_at_the_offers_is_a_snapshot() -> None:
    catalogue: Catalogue[int] = Catalogue("number")
    before = catalogue.offers
    catalogue.offer("one", 1, plugin="first")
    assert before == {}
