"""Which names a new plugin may have."""

from __future__ import annotations

from importlib.metadata import requires

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from localagent.errors import UsageError
from localagent_cli.installed_beside import INSTALLED_BESIDE
from localagent_cli.scaffold import create_plugin
from localagent_cli.scaffold.names import check_new_name, objection, suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["a", "project-analyzer", "gpt4-all", "class-plugin", "match", "a" * 64])
def test_a_name_is_taken(name: str) -> None:
    check_new_name(name)


@pytest.mark.parametrize(
    ("name", "rule", "suggested"),
    [
        ("", "is empty", "my"),
        ("class", "is a Python keyword", "class-plugin"),
        ("json", "is a module of Python's standard library", "json-plugin"),
        ("rich", "is a package that LocalAgent or its tools install", "rich-plugin"),
        ("pytest-asyncio", "is a package that LocalAgent or its tools install", "pytest-asyncio-plugin"),
        ("plugin", "is a file or folder that every plugin has", "my-plugin"),
        ("docs", "is a file or folder that every plugin has", "docs-plugin"),
        ("plugins", "is a reserved word", "my-plugins"),
        ("con", "is a reserved word", "my-con"),
        ("CON", "must be lower-case letters", "my-con"),
        ("cli", "would make the distribution 'localagent-cli'", "cli-plugin"),
        ("localagent-notes", "begins with 'localagent-'", "notes"),
        (".x", "begins with a dot", "x"),
        ("..", "begins with a dot", "my"),
        ("a" * 300, "is longer than 64 characters", "a" * 64),
        ("a\nb", "holds a character that cannot be seen", "a-b"),
        ("a\0b", "holds a character that cannot be seen", "a-b"),
        ("a\u202eb", "holds a character that cannot be seen", "ab"),
        ("a\u200fb", "holds a character that cannot be seen", "ab"),
        ("a\udcffb", "holds a character that cannot be seen", "ab"),
        ("a/b", "is a path", "a-b"),
        ("a\\b", "is a path", "a-b"),
        ("../x", "begins with a dot", "x"),
        ("x/../y", "is a path", "x-y"),
        ("My_Plugin", "must be lower-case letters", "my-plugin"),
        ("a--b", "must be lower-case letters", "a-b"),
        ("1st", "must be lower-case letters", "my-1st"),
        ("\u00fcber-notes", "has the character U+00FC", "uber-notes"),
    ],
)
def test_a_name_is_refused_with_its_rule_and_a_valid_one(name: str, rule: str, suggested: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        create_plugin(name, "command", into=tmp_path)
    assert rule in refused.value.message
    assert refused.value.fix == f"use a name such as '{suggested}'"
    assert refused.value.message.isprintable()
    assert list(tmp_path.iterdir()) == []
    check_new_name(suggested)


@given(st.text(max_size=80))
def test_a_suggestion_is_valid_whatever_was_asked_for(name: str) -> None:
    assert objection(suggestion(name)) is None


def test_every_requirement_of_localagent_is_refused_as_a_name() -> None:
    names = {
        Requirement(each).name.lower().replace("-", "_").replace(".", "_") for each in requires("localagent") or ()
    }
    assert names - INSTALLED_BESIDE == set()
