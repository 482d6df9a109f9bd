from __future__ import annotations

from pathlib import Path

import pytest

from localagent.diagnostics.diagnostic import Diagnostic, Place, Severity
from localagent.diagnostics.project import Project, open_project
from localagent.manifest import place


def test_a_place_is_written_as_far_as_it_is_known() -> None:
    assert str(Place(Path("a.yaml"), 3, 1)) == "a.yaml:3:1"
    assert str(Place(Path("a.yaml"))) == "a.yaml"
    assert Place is place.Place


def test_a_diagnostic_is_json_values() -> None:
    diagnostic = Diagnostic("LA103", Severity.NOTE, "m", Place(Path("a"), 1), fix="f")
    assert diagnostic.to_dict() == {
        "rule": "LA103",
        "severity": "note",
        "message": "m",
        "file": "a",
        "line": 1,
        "column": None,
        "hint": "",
        "fix": "f",
        "fixable": False,
    }


def test_nothing_has_a_place_in_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    project = Project(tmp_path, tmp_path / "plugin-manifest.yaml")
    assert list(project.entries()) == []
    with pytest.raises(ValueError, match="no manifest"):
        project.where("name")


def test_values_of_another_type_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "plugin-manifest.yaml"
    file.write_text("name: [a]\ntags: [a, 1, b]\nentry_points: {commands: [5, {name: c, class: 6}], ui: d}\n")
    project = open_project(tmp_path)
    assert project.text("name") == ""
    assert list(project.texts("tags")) == [(("tags", 0), "a"), (("tags", 2), "b")]
    assert [(entry.path, entry.name, entry.target) for entry in project.entries()] == [
        (("entry_points", "commands", 1), "c", "")
    ]
