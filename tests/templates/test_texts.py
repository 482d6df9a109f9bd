"""Free text survives in every kind of file that a template writes it to."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from jinja2 import Environment, FileSystemLoader
from ruamel.yaml import YAML

from localagent_cli.scaffold.words import is_unfit
from localagent_templates import template_root
from texts import TEXTS

ALL_CHARACTERS = "".join(map(chr, range(0x110000)))


@cache
def macros() -> Any:
    """The module q.jinja, with the filters that Copier gives to templates."""
    environment = Environment(
        loader=FileSystemLoader(template_root()),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        autoescape=False,  # noqa: S701 - as Copier does: what comes out is not HTML
    )
    return environment.get_template("q.jinja").module


def check(text: str) -> None:
    quoted, in_python = str(macros().q(text)), str(macros().py(text))
    assert tomllib.loads(f"key = {quoted}\n") == {"key": text}
    assert YAML(typ="safe", pure=True).load(f"key: {quoted}\n") == {"key": text}
    assert ast.literal_eval(quoted) == ast.literal_eval(in_python) == text
    assert tomllib.loads(f"key = {macros().line(text)}\n") == {"key": " ".join(text.split())}
    for written in (quoted, in_python):
        assert len(written.splitlines()) == 1


@given(TEXTS)
@settings(max_examples=300)
@example("\x7f\x85\u2028\u2029\ufeff")
@example("".join(each for each in ALL_CHARACTERS[:0x3000] if not is_unfit(each)))
def test_a_text_survives(text: str) -> None:
    check(text)


@pytest.mark.soak
def test_a_text_survives_at_length(record_property: Callable[[str, object], None]) -> None:
    settings(max_examples=10_000, suppress_health_check=[HealthCheck.too_slow], deadline=None)(given(TEXTS)(check))()
    record_property("texts", 10_000)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", '"plain"'),
        ('say "hi"', "'say \"hi\"'"),
        ("it's", '"it\'s"'),
        ('"it\'s"', "'\"it\\'s\"'"),
        ("'\"", '"\'\\""'),
        ('\\"', "'\\\\\"'"),
        ("a\u200b\u200f", '"a\\u200b\\u200f"'),
    ],
)
def test_python_strings_are_written_as_formatters_do(text: str, written: str) -> None:
    assert str(macros().py(text)) == written


def test_the_template_refuses_the_characters_that_the_command_line_refuses() -> None:
    refused = set(re.findall(macros().unfit, ALL_CHARACTERS))
    assert refused == {each for each in ALL_CHARACTERS if is_unfit(each)}
