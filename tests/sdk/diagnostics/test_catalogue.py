from __future__ import annotations

import re

from localagent.diagnostics.catalogue import FAMILIES, all_rules, rule, rules, suggested


def test_ids_are_unique_and_belong_to_their_family() -> None:
    ids = [each.id for each in all_rules()]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch(r"LA\d{3}", each) for each in ids)
    assert all(each.family == family for family in FAMILIES for each in rules(family))


def test_every_rule_can_be_explained() -> None:
    for each in all_rules():
        assert each.title
        assert not each.title.endswith(".")
        assert each.explanation.endswith(".")
        assert each.bad.strip()
        assert each.good.strip()
        assert each.bad != each.good


def test_a_rule_is_found_by_id() -> None:
    found = rule("la103")
    assert found is not None
    assert found.id == "LA103"
    assert rule("LA199") is None
    conformance = rule("LA605")
    assert conformance is not None
    assert conformance.family == "LA6"
    assert rule("XX1") is None


def test_what_was_probably_meant_is_suggested() -> None:
    assert suggested("la1O3") == "did you mean 'LA103'?"
    assert suggested(" LA3006") == "did you mean 'LA306'?"
    assert suggested("colour") == ""
