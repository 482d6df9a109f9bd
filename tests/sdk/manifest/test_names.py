from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.manifest.names import check_name, is_target, normalised, same_plugin, suggest_name


@pytest.mark.parametrize("name", ["a", "project-analyzer", "my-localagent-plugin", "x2", "a" * 64])
def test_a_plain_name_is_good(name: str) -> None:
    assert check_name(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("a" * 65, "64"),
        ("../x", "lower-case"),
        ("a b", "lower-case"),
        ("A", "lower-case"),
        ("a_b", "lower-case"),
        ("-a", "lower-case"),
        ("a--b", "lower-case"),
        ("2d", "begin with a letter"),
        ("a\n", "lower-case"),
        ("plug\u0456n", "U+0456 (cyrillic"),
        ("a\u202eb", "U+202E"),
        ("a\x00", "lower-case"),
        ("plugins", "reserved"),
        ("dev", "reserved"),
        ("no", "reserved"),
        ("con", "reserved"),
        ("lpt1", "reserved"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_the_reason(name: str, reason: str) -> None:
    assert reason in (check_name(name) or "")


@given(st.text(max_size=200))
def test_a_suggestion_is_always_a_good_name(name: str) -> None:
    assert check_name(suggest_name(name)) is None


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("My Plugin", "my-plugin"), ("MyPlugin", "my-plugin"), ("plugins", "my-plugins"), ("Café", "cafe"), ("", "my")],
)
def test_a_suggestion_is_near(name: str, suggestion: str) -> None:
    assert suggest_name(name) == suggestion


def test_names_are_compared_normalised_and_without_the_prefix() -> None:
    assert normalised("My_Plugin.x") == "my-plugin-x"
    assert same_plugin("hello", "localagent_hello")
    assert same_plugin("localagent-hello", "hello")
    assert not same_plugin("hello", "localagent-goodbye")


@pytest.mark.parametrize("text", ["a:B", "a.b.c:D", "_a:_B"])
def test_a_target_is_module_and_class(text: str) -> None:
    assert is_target(text)


@pytest.mark.parametrize(
    "text", ["", ":", "a", "a:", ":B", "a.b", "..evil:x", "a/b.py", "a:B.c", "a:B ", "class:B", "\u0430:B"]
)
def test_anything_else_is_no_target(text: str) -> None:
    assert not is_target(text)
