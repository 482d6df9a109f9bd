"""Drawings as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent.errors import SystemProblem, UsageError
from localagent.ui.components import ComponentRegistry
from localagent.ui.drawing import Drawing
from localagent.ui.exporting import FORMS, WIDTH, check_form, export, recording


def exported(file: Path, *, width: int | None = None) -> str:
    screen = recording(width)
    data = [{"name": "<b>&[b]", "size": 1}]
    screen.console.print(Drawing.make(ComponentRegistry().find("data_table"), data, {}, screen))
    export(screen.console, file, title="table")
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMS)
def test_each_form_holds_the_drawing_and_fetches_nothing(form: str, tmp_path: Path) -> None:
    text = exported(tmp_path / f"t{form}")
    assert "<b>" not in text.replace("<b>&[b]", "") if form == ".txt" else "<b>" not in text
    assert "[b]" in text
    assert "@font-face" not in text
    assert "url(http" not in text
    assert [each.name for each in tmp_path.iterdir()] == [f"t{form}"]


def test_the_same_drawing_is_the_same_file(tmp_path: Path) -> None:
    assert exported(tmp_path / "one.svg") == exported(tmp_path / "two.SVG")


def test_the_width_is_as_given(tmp_path: Path) -> None:
    assert recording().console.width == WIDTH
    assert max(map(len, exported(tmp_path / "t.txt", width=12).splitlines())) <= 12


@pytest.mark.parametrize("name", ["t.png", "t", ".svg", "t.svg.gz"])
def test_another_form_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_form(Path(name))
    assert caught.value.fix == "end the name in one of .svg, .html, .txt"


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    folder.write_text("a file")
    with pytest.raises(SystemProblem):
        exported(folder / "t.svg")
    assert list(tmp_path.iterdir()) == [folder]
    assert folder.read_text() == "a file"
