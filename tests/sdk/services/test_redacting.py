"""Masking: each spelling of a secret, and nothing besides."""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.manifest.secret_names import is_secret_name
from localagent.services.home import Home
from localagent.services.redacting import (
    MaskedPieces,
    Redactor,
    lines_with_secrets,
    literal_secrets,
    masked_settings,
    secrets_at_hand,
)

SPELL = [str, repr, json.dumps, lambda text: json.dumps(text, ensure_ascii=False), urllib.parse.quote_plus]


@given(
    secret=st.text(st.characters(codec="utf-8"), min_size=4),
    spell=st.sampled_from(SPELL[:4]),
    around=st.text(max_size=3),
)
def test_no_spelling_of_a_secret_is_left(secret: str, spell: object, around: str) -> None:
    redactor = Redactor()
    redactor.add(secret)
    assert callable(spell)
    text = redactor.redact(around + spell(secret) + around)
    assert "***" in text
    assert secret not in text.replace("***", "") or secret in around + around


def test_the_longest_of_several_is_masked_whole() -> None:
    redactor = Redactor()
    for secret in ("abcd", "abcdefgh"):
        redactor.add(secret)
    assert redactor.redact("abcdefgh abcd") == "*** ***"


@given(
    secrets=st.lists(st.text("abc", min_size=4, max_size=8), max_size=4),
    pieces=st.lists(st.one_of(st.text("abc", max_size=5), st.sampled_from(["abca", "bcab"]))),
)
def test_a_text_in_pieces_is_masked_as_the_whole_is(secrets: list[str], pieces: list[str]) -> None:
    redactor = Redactor(lambda: secrets)
    masked = MaskedPieces(redactor)
    assert "".join([*map(masked.next, pieces), masked.rest()]) == redactor.redact("".join(pieces))


def test_only_what_may_begin_a_secret_waits() -> None:
    masked = MaskedPieces(Redactor(lambda: ["sesame"]))
    shown = [masked.next(piece) for piece in ("open ", "ses", "ame", " now, s", "o")]
    assert shown == ["open ", "", "***", " now, ", "so"]


def test_a_secret_of_several_lines_is_masked_by_line_too() -> None:
    redactor = Redactor()
    redactor.add("first long line\nsecond long line\nend")
    assert redactor.redact("Error: first long line") == "Error: ***"


def test_short_values_are_left_alone() -> None:
    redactor = Redactor()
    redactor.add("yes")
    assert redactor.redact("yes") == "yes"


def test_values_are_masked_where_they_are_nested() -> None:
    redactor = Redactor(lambda: ["hidden"])
    value = {"hidden": [1, True, None, ("hidden!",)], "path": Path("/hidden")}
    assert redactor.redact_value(value) == {"***": [1, True, None, ["***!"]], "path": "/***"}


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("api_key", True),
        ("apikey", True),
        ("OPENAI_API_KEY", True),
        ("github-token", True),
        ("password", True),
        ("credentials", True),
        ("max_tokens", False),
        ("key", False),
        ("token_limit", False),
        ("api_key_env", False),
        ("tokenizer", False),
    ],
)
def test_secrets_are_known_by_their_names(name: str, *, is_secret: bool) -> None:
    assert is_secret_name(name) is is_secret


def test_settings_are_shown_without_their_secrets() -> None:
    settings = {"p": {"config": {"api_key": "literal", "token": "${env:T}", "list": [{"password": "x"}], "size": 3}}}
    assert masked_settings(settings) == {
        "p": {"config": {"api_key": "***", "token": "${env:T}", "list": [{"password": "***"}], "size": 3}}
    }
    assert list(literal_secrets(settings)) == ["literal", "x"]


def test_secrets_are_found_in_files_that_cannot_be_parsed(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "a: [\n  api_key: 'one-1234' # mine\n  - token: two-1234\nother: ${env:THREE}\n"
    )
    (tmp_path / "folder.yaml").mkdir()
    environ = {"THREE": "three-1234", "LOCALAGENT_P_API_KEY": "four-1234", "PATH": "/bin"}
    found = set(secrets_at_hand(Home(tmp_path), environ))
    assert found == {"one-1234", "two-1234", "three-1234", "four-1234"}
    assert list(lines_with_secrets("token: ${env:X}\npassword:\n")) == []


def test_secrets_are_found_in_mappings_of_one_line() -> None:
    text = """{"p": {"api_key": "one, {1234}", token: two-1234}}\nq: {a: [1], password: 'three', secret: ${env:X}}\n"""
    assert list(lines_with_secrets(text)) == ["one, {1234}", "two-1234", "three"]
