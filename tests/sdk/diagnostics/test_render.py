from __future__ import annotations

import json
from pathlib import Path

from localagent.diagnostics.diagnostic import Diagnostic, Place, Severity
from localagent.diagnostics.render import read_lines, render_github, render_json, render_text

ROOT = Path("/project")
FILE = ROOT / "plugin-manifest.yaml"


def finding(message: str = "unknown key 'commandz'", *, line: int | None = 2, column: int | None = 3) -> Diagnostic:
    where = Place(FILE, line, column)
    return Diagnostic("LA103", Severity.ERROR, message, where, hint="did you mean 'commands'?", fix="correct it")


def test_text_shows_the_line_a_caret_the_hint_and_the_fix() -> None:
    text = render_text([finding()], root=ROOT, sources=lambda _file: ["entry_points:", "  commandz: []"])
    assert text == (
        "error[LA103] plugin-manifest.yaml:2:3: unknown key 'commandz'\n"
        "  2 |   commandz: []\n"
        "    |   ^\n"
        "  hint: did you mean 'commands'?\n"
        "  fix: correct it\n"
    )


def test_text_without_the_source_line_is_still_whole() -> None:
    text = render_text([finding()], root=ROOT, sources=lambda _file: [])
    assert text == (
        "error[LA103] plugin-manifest.yaml:2:3: unknown key 'commandz'\n"
        "  hint: did you mean 'commands'?\n"
        "  fix: correct it\n"
    )


def test_text_of_a_whole_file_has_no_line() -> None:
    text = render_text([finding(line=None, column=None)], root=ROOT, sources=lambda _file: ["a"])
    assert text.startswith("error[LA103] plugin-manifest.yaml: unknown key")


def test_text_lets_no_control_character_through() -> None:
    text = render_text([finding("a\x1b[31mb")], root=ROOT, sources=lambda _file: ["", "a\x1b]0;x\x07 \u202e b\tc"])
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert r"a\x1b[31mb" in text


def test_text_cuts_a_long_line_around_the_caret() -> None:
    long = "x" * 5000 + "!" + "y" * 5000
    text = render_text([finding(line=1, column=5001)], root=ROOT, sources=lambda _file: [long])
    excerpt, caret = text.split("\n")[1:3]
    assert len(excerpt) < 200
    assert excerpt[caret.index("^")] == "!"


def test_text_indents_a_fix_of_several_lines() -> None:
    diagnostic = Diagnostic("LA101", Severity.WARNING, "none", Place(FILE), fix="write:\na: 1\nb: 2\n")
    text = render_text([diagnostic], root=ROOT, sources=lambda _file: [])
    assert text == "warning[LA101] plugin-manifest.yaml: none\n  fix: write:\n    a: 1\n    b: 2\n"


def test_json_names_files_relative_to_the_root() -> None:
    assert json.loads(render_json([finding()], root=ROOT)) == [
        {
            "rule": "LA103",
            "severity": "error",
            "message": "unknown key 'commandz'",
            "file": "plugin-manifest.yaml",
            "line": 2,
            "column": 3,
            "hint": "did you mean 'commands'?",
            "fix": "correct it",
            "fixable": False,
        }
    ]


def test_github_annotations_escape_what_would_end_them() -> None:
    text = render_github([finding("50% of\nit: a, b")], root=Path("/elsewhere"))
    assert text == (
        "::error file=/project/plugin-manifest.yaml,line=2,col=3,title=LA103::"
        "50%25 of%0Ait: a, b%0Adid you mean 'commands'?%0Afix: correct it\n"
    )


def test_lines_are_read_from_any_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfa\nb\xff")
    assert read_lines(tmp_path / "a") == ["a", "b\ufffd"]
    assert read_lines(tmp_path / "missing") == []
