"""Settings at one moment."""

from __future__ import annotations

import pytest

from localagent.plugins.snapshot import Snapshot


def test_a_snapshot_reads_as_the_mapping_it_was_made_of() -> None:
    values = {"size": 1, "style": {"colour": "red"}}
    snapshot = Snapshot(values)
    assert snapshot == values
    assert dict(snapshot) == snapshot.plain() == values
    assert snapshot.get("gone", 7) == 7
    assert len(snapshot) == 2
    assert repr(snapshot) == "Snapshot({'size': 1, 'style': {'colour': 'red'}})"


def test_nothing_that_is_taken_out_of_a_snapshot_changes_it() -> None:
    values = {"style": {"colour": "red"}, "names": ["a"]}
    snapshot = Snapshot(values)
    values["names"].append("b")  # type: ignore[attr-defined] # a list, as written above
    snapshot["style"]["colour"] = "blue"
    snapshot["names"].append("c")
    snapshot.plain()["style"].clear()
    assert snapshot == {"style": {"colour": "red"}, "names": ["a"]}
    with pytest.raises(TypeError):
        snapshot["size"] = 1  # type: ignore[index] # what this test is about


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({}, {}, set()),
        ({"a": 1}, {"a": 1}, set()),
        ({"a": 1}, {"a": 2}, {"a"}),
        ({"a": 1, "b": 1}, {"b": 1, "c": None}, {"a", "c"}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}, set()),
        ({"a": {"x": 1}}, {"a": {"x": 2}}, {"a"}),
        ({"a": 1}, {"a": True}, {"a"}),
        ({"a": None}, {}, {"a"}),
    ],
)
def test_what_changed_is_told_by_name(before: dict[str, object], after: dict[str, object], changed: set[str]) -> None:
    assert Snapshot(after, before=before).changed == changed
    assert Snapshot(after).after(Snapshot(before)).changed == changed
    assert Snapshot(after).changed == frozenset()
