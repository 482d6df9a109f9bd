"""Settings given on the command line."""

from __future__ import annotations

import pytest

from localagent.errors import UsageError
from localagent.services.given import Given, read_given


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("p.a=1", Given("p", ("a",), "1")),
        ("p.a.b=x=y", Given("p", ("a", "b"), "x=y")),
        ("my-plugin.a=", Given("my-plugin", ("a",), "")),
    ],
)
def test_a_setting_is_plugin_key_and_value(text: str, given: Given) -> None:
    assert read_given(text) == given


@pytest.mark.parametrize("text", ["", "p", "p=1", "p.a", ".a=1", "p.=1", "p..a=1", "=1"])
def test_another_form_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="gives no setting") as error:
        read_given(text)
    assert error.value.fix == "write it as --set NAME.KEY=VALUE"
