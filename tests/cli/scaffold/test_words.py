"""What a new plugin's kind and texts may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from localagent.errors import UsageError
from localagent_cli.scaffold import create_plugin

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("kind", "fix"),
    [
        ("kommand", "did you mean 'command'?"),
        ("Command", "did you mean 'command'?"),
        ("commands", "did you mean 'command'?"),
        ("theme", "use one of: command, provider, ui, workflow"),
        ("", "use one of: command, provider, ui, workflow"),
    ],
)
def test_an_unknown_kind_is_refused_with_what_there_is(kind: str, fix: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        create_plugin("notes", kind, into=tmp_path)
    assert refused.value.fix == fix
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is blank"),
        (" \n", "is blank"),
        ("x" * 513, "is longer than 512 characters"),
        ("a\0", "U+0000"),
        ("a\x1b[31m", "U+001B"),
        ("a\x7f", "U+007F"),
        ("a\x85", "U+0085"),
        ("a\u2028", "U+2028"),
        ("a\u202e", "U+202E"),
        ("a\ufeff", "U+FEFF"),
        ("a\ud800", "U+D800"),
        ("a\ufdd0", "U+FDD0"),
        ("a\U0010ffff", "U+10FFFF"),
    ],
)
@pytest.mark.parametrize("what", ["description", "author"])
def test_a_text_that_files_cannot_keep_is_refused(text: str, problem: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"the {what} ") as refused:
        create_plugin("notes", "command", into=tmp_path, **cast("dict[str, Any]", {what: text}))
    assert problem in refused.value.message
    assert list(tmp_path.iterdir()) == []
