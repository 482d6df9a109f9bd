"""The four kinds of plugin."""

from __future__ import annotations

import pytest

from localagent.plugins.base import Plugin
from localagent.plugins.kinds import CommandPlugin, ProviderPlugin, UIPlugin, WorkflowPlugin
from localagent.plugins.provider import BaseProvider

KINDS = {
    CommandPlugin: "register_commands",
    ProviderPlugin: "get_provider_class",
    UIPlugin: "get_ui_components",
    WorkflowPlugin: "get_workflow_components",
}


@pytest.mark.parametrize(("kind", "method"), KINDS.items())
def test_a_kind_asks_for_exactly_one_method(kind: type[Plugin], method: str) -> None:
    assert issubclass(kind, Plugin)
    with pytest.raises(TypeError, match=f"abstract method '?{method}"):
        kind()
    whole = type("Whole", (kind,), {method: lambda self, *arguments: None})
    assert isinstance(whole(), kind)


def test_two_kinds_can_be_one_plugin() -> None:
    both = type("Both", (CommandPlugin, UIPlugin), dict.fromkeys(("register_commands", "get_ui_components"), print))
    assert isinstance(both(), CommandPlugin)
    assert isinstance(both(), UIPlugin)


def test_a_providers_settings_may_be_any_object_by_default() -> None:
    class Provider(ProviderPlugin):
        def get_provider_class(self) -> type[BaseProvider]:
            return BaseProvider

    schema = Provider().get_provider_config_schema()
    schema["type"] = "string"
    assert Provider().get_provider_config_schema() == {"type": "object"}
