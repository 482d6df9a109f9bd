"""Columns count characters, whatever stands before them, in every file and format."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent.diagnostics.render import render_github, render_text
from localagent.diagnostics.sarif import sarif_of
from localagent.diagnostics.validation import validate_path

MANIFEST = """\
name: greeter
version: "1.0"
description: Greets
plugin_types: [command]
entry_points: {commands: [{name: greeter, class: "plugin:Greeter"}]}
"""
CLASS = "from localagent import CommandPlugin\nclass Greeter(CommandPlugin):\n"


@pytest.mark.parametrize(
    ("before", "column", "coding"),
    [
        ("", 5, "utf-8"),
        ("x = 'é'; ", 14, "utf-8"),
        ("x = 'é'; ", 14, "latin-1"),
        ("x = '\U0001f600e\u0301'; ", 16, "utf-8"),
        ("x\t=\t'é'; ", 14, "utf-8"),
    ],
)
def test_a_column_of_source_counts_characters(tmp_path: Path, before: str, column: int, coding: str) -> None:
    source = f"# coding: {coding}\n{CLASS}    {before}name = 'other'\n    def register_commands(self, app): ...\n"
    (tmp_path / "plugin.py").write_bytes(source.encode(coding).replace(b"\n", b"\r\n"))
    (tmp_path / "plugin-manifest.yaml").write_text(MANIFEST, encoding="utf-8")
    found = [each for each in validate_path(tmp_path).diagnostics if each.rule == "LA304"]
    # The finding is on the value, which comes after "name = ".
    assert [(each.where.line, each.where.column) for each in found] == [(4, column + len("name = "))]


def test_every_format_has_the_same_column(tmp_path: Path) -> None:
    text = MANIFEST.replace("{name: greeter,", "{x-\U0001f600: 'é\t', nmea: 5, name: greeter,")
    (tmp_path / "plugin-manifest.yaml").write_text(text, encoding="utf-8")
    (finding,) = validate_path(tmp_path / "plugin-manifest.yaml").diagnostics
    line = text.split("\n")[4]
    column = line.index("nmea") + 1
    assert f",line=5,col={column},title=LA103::" in render_github([finding], root=tmp_path)
    region = sarif_of([finding], root=tmp_path)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 5, "startColumn": column}
    excerpt = render_text([finding], root=tmp_path).split("\n")
    assert excerpt[1][excerpt[2].index("^") :].startswith("nmea")
