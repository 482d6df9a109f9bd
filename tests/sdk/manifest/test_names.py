from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.manifest.names import check_name, is_target, normalised, same_plugin, suggest_name

NOT_PLAIN = "must be lower-case letters, digits and single hyphens, and begin with a letter"


@pytest.mark.parametrize("name", ["a", "project-analyzer", "my-localagent-plugin", "x2", "a" * 64])
def test_a_plain_name_is_good(name: str) -> None:
    assert check_name(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        ("a" * 65, "is longer than 64 characters"),
        ("../x", NOT_PLAIN),
        ("a b", NOT_PLAIN),
        ("A", NOT_PLAIN),
        ("a_b", NOT_PLAIN),
        ("-a", NOT_PLAIN),
        ("a--b", NOT_PLAIN),
        ("2d", NOT_PLAIN),
        ("a\n", NOT_PLAIN),
        ("plug\u0456n", "has the character U+0456 (cyrillic small letter byelorussian-ukrainian i)"),
        ("a\u202eb", "has the character U+202E (right-to-left override)"),
        ("a\ue000b", "has the character U+E000 (unnamed)"),
        ("a\x00", NOT_PLAIN),
        ("plugins", "is a reserved word"),
        ("dev", "is a reserved word"),
        ("no", "is a reserved word"),
        ("con", "is a reserved word"),
        ("lpt1", "is a reserved word"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_the_reason(name: str, reason: str) -> None:
    assert check_name(name) == reason


@given(st.text(max_size=200))
def test_a_suggestion_is_always_a_good_name(name: str) -> None:
    assert check_name(suggest_name(name)) is None


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("My Plugin", "my-plugin"),
        ("MyPlugin", "my-plugin"),
        ("plugins", "my-plugins"),
        ("Café", "cafe"),
        ("", "my"),
        ("2d", "my-2d"),
        ("b2", "b2"),
        ("--a--b--", "a-b"),
        ("X ray X", "x-ray-x"),
        ("a" * 65, "a" * 64),
        ("a" * 63 + "-b", "a" * 63),
        ("x" * 63 + " x", "x" * 63),
        ("2" * 60 + "-" + "2" * 9, "my-" + "2" * 60),
        ("é" * 256, "e" * 64),
        (" " * 256 + "a", "my"),
    ],
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
    "text", ["", ":", "a", "a:", ":B", "a.b", "..evil:x", "a/b.py", "a:B.c", "a:B ", "a:b:C", "class:B", "\u0430:B"]
)
def test_anything_else_is_no_target(text: str) -> None:
    assert not is_target(text)
