"""The contract every plugin fulfils."""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from localagent.errors import ConfigError
from localagent.plugins.base import Plugin
from localagent.services.home import Home
from localagent.services.settings import Settings

SCHEMA = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "default": 1, "minimum": 1},
        "style": {"type": "object", "properties": {"colour": {"default": "red"}}},
        "url": {"type": "string"},
    },
    "required": ["url"],
}


class Sized(Plugin):
    name = "my-plugin"

    def get_config_schema(self) -> dict[str, Any]:
        return SCHEMA


def small_context(**settings: Any) -> Any:
    """A context such as an author's own test makes."""
    return SimpleNamespace(config=SimpleNamespace(plugins={"my-plugin": {"config": settings}}))


@pytest.fixture(autouse=True)
def no_settings_in_the_environment(home: Path) -> None:
    """No variable of the developer's own leaks in."""


@pytest.mark.asyncio
async def test_everything_has_a_default() -> None:
    plugin = Plugin()
    assert (plugin.name, plugin.version, plugin.description, plugin.dependencies) == ("", "", "", ())
    assert plugin.requires_config is False
    assert await plugin.initialize(small_context())
    await plugin.cleanup()
    assert plugin.get_config_schema() is None
    assert plugin.get_default_config() == {}
    assert await plugin.validate_config()


def test_nothing_relies_on_the_base_having_been_constructed() -> None:
    class Own(Plugin):
        name = "own"

        def __init__(self, size: int) -> None:
            self.config = {"size": size}

    plugin = Own(3)
    assert plugin.config == {"size": 3}
    assert plugin.context is plugin.console is plugin.logger is plugin.message_bus is None


def test_defaults_are_those_of_the_schema() -> None:
    assert Sized().get_default_config() == {"size": 1, "style": {"colour": "red"}}


def test_the_environment_is_read_in_the_types_of_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALAGENT_MY_PLUGIN_SIZE", "7")
    monkeypatch.setenv("LOCALAGENT_MY_PLUGIN_FREE", "7")
    assert Sized().load_env_config() == {"size": 7, "free": "7"}


def test_an_environment_value_that_does_not_fit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALAGENT_MY_PLUGIN_SIZE", "many")
    told = "LOCALAGENT_MY_PLUGIN_SIZE: the setting 'size' must be an integer, not 'many'"
    with pytest.raises(ConfigError, match=told):
        Sized().load_env_config()


def test_an_author_may_convert_environment_values_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    class Halved(Sized):
        def convert_env_value(self, key: str, value: str) -> Any:
            return super().convert_env_value(key, value) / 2

    monkeypatch.setenv("LOCALAGENT_MY_PLUGIN_SIZE", "7")
    assert Halved().load_env_config() == {"size": 3.5}


def test_settings_are_defaults_then_context_then_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = Sized()
    assert plugin.load_plugin_config()["size"] == 1
    plugin.context = small_context(size=2, url="here")
    assert plugin.load_plugin_config() == {"size": 2, "style": {"colour": "red"}, "url": "here"}
    monkeypatch.setenv("LOCALAGENT_MY_PLUGIN_SIZE", "3")
    assert plugin.load_plugin_config()["size"] == 3


def test_settings_of_the_context_keep_the_defaults_beside_them() -> None:
    class Styled(Sized):
        def get_config_schema(self) -> dict[str, Any]:
            return {"properties": {"style": {"default": {"colour": "red", "bold": False}}}}

    plugin = Styled()
    plugin.context = small_context(style={"bold": True})
    assert plugin.load_plugin_config() == {"style": {"colour": "red", "bold": True}}


def test_the_environment_counts_as_the_hosts_settings_hold_it(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("LOCALAGENT_MY_PLUGIN_SIZE", "3")
    monkeypatch.setenv("LOCALAGENT_MY_PLUGIN_TOO_SIZE", "4")
    settings = Settings(Home(home))
    plugin = Sized()
    for name in ("my-plugin", "my-plugin-too"):
        settings.declare_schema(name, SCHEMA)
    plugin.context = SimpleNamespace(config=settings)
    assert plugin.load_plugin_config() == {"size": 3, "style": {"colour": "red"}}


@pytest.mark.parametrize("context", [None, object(), SimpleNamespace(config=None)])
def test_settings_can_be_loaded_without_a_configuration(context: object) -> None:
    plugin = Sized()
    plugin.context = context
    assert plugin.load_plugin_config() == plugin.get_default_config()


def test_loaded_settings_are_the_callers_own() -> None:
    plugin = Sized()
    plugin.context = small_context(size=2)
    plugin.load_plugin_config()["size"] = 9
    assert plugin.load_plugin_config()["size"] == 2
    assert SCHEMA["properties"]["size"]["default"] == 1  # type: ignore[index] # a plain dict of JSON


@pytest.mark.asyncio
async def test_what_does_not_fit_the_schema_is_logged_one_line_a_finding(caplog: pytest.LogCaptureFixture) -> None:
    plugin = Sized()
    plugin.config = {"size": 0}
    assert not await plugin.validate_config()
    plugin.logger = logging.getLogger("my-plugin")
    assert not await plugin.validate_config()
    assert caplog.messages == [
        "settings of my-plugin: /: 'url' is a required property",
        "settings of my-plugin: /size: 0 is less than the minimum of 1",
    ]


@pytest.mark.asyncio
async def test_settings_that_were_never_set_are_loaded_to_be_checked() -> None:
    plugin = Sized()
    plugin.context = small_context(url="here")
    assert await plugin.validate_config()
    plugin.config = {}
    assert not await plugin.validate_config(), "settings that were set to nothing count"


def test_the_schema_is_by_default_the_file_beside_the_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a_plugin_with_settings.py"
    file.write_text("from localagent import Plugin\nclass Own(Plugin):\n    name = 'own'\n")
    (tmp_path / "config_schema.json").write_text(json.dumps(SCHEMA))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, file.stem, module)
    spec.loader.exec_module(module)
    assert module.Own().get_config_schema() == SCHEMA
