"""What all ready-made classes begin with."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from localagent import CommandPlugin, EnhancedCommandPlugin

pytestmark = pytest.mark.asyncio


class Greeter(EnhancedCommandPlugin):
    name = "my-plugin"

    def register_commands(self, app: typer.Typer) -> None:
        pass

    def get_config_schema(self) -> dict[str, Any]:
        return {"properties": {"size": {"type": "integer", "default": 1, "minimum": 1}}}


def small_context(**settings: Any) -> Any:
    return SimpleNamespace(config=SimpleNamespace(plugins={"my-plugin": {"config": settings}}))


@pytest.fixture(autouse=True)
def no_settings_in_the_environment(home: Path) -> None:
    """No variable of the developer's own leaks in."""


async def test_settings_are_loaded_with_the_defaults_of_the_schema() -> None:
    plugin = Greeter()
    assert await plugin.initialize(small_context(colour="red"))
    assert plugin.config == {"size": 1, "colour": "red"}
    assert plugin.logger.name == "localagent.plugin.my-plugin"


async def test_settings_that_do_not_fit_keep_the_plugin_from_being_ready(caplog: pytest.LogCaptureFixture) -> None:
    assert not await Greeter().initialize(small_context(size=0))
    assert "0 is less than the minimum of 1" in caplog.text


async def test_what_an_author_overrides_is_what_counts() -> None:
    class Own(Greeter):
        def __init__(self) -> None:
            self.console = "mine"

        def load_plugin_config(self) -> dict[str, Any]:
            return {"size": 5}

        async def validate_config(self) -> bool:
            return bool(self.config["size"] == 5)

        def setup_logging(self) -> None:
            self.logger = self.config

    plugin = Own()
    assert await plugin.initialize(small_context(size=0))
    assert plugin.logger == {"size": 5}
    assert plugin.console == "mine"


async def test_the_schema_beside_the_module_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = {"type": "object", "properties": {"size": {"default": 3}}}
    (tmp_path / "config_schema.json").write_text(json.dumps(schema))
    (tmp_path / "beside_a_schema.py").write_text(
        "from localagent import EnhancedCommandPlugin\n"
        "class P(EnhancedCommandPlugin):\n"
        "    name = 'my-plugin'\n"
        "    def register_commands(self, app): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import beside_a_schema  # type: ignore[import-not-found] # written just now

    plugin = beside_a_schema.P()
    assert plugin.get_config_schema() == schema
    assert await plugin.initialize(small_context())
    assert plugin.config == {"size": 3}


async def test_a_logger_that_is_there_is_kept() -> None:
    plugin = Greeter()
    plugin.logger = "the host's"
    assert await plugin.initialize(small_context())
    assert plugin.logger == "the host's"


async def test_progress_is_shown_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        sys.stdout.write("data\n")
        return "result"

    plugin = Greeter()
    assert await plugin.execute_with_progress(work(), "Counting") == "result"
    shown = capsys.readouterr()
    assert shown.out == "data\n"
    assert "Counting" in shown.err
    assert "100%" in shown.err


async def test_a_failure_under_progress_is_the_callers() -> None:
    async def work() -> None:
        raise ConnectionError("gone")

    plugin = Greeter()
    with pytest.raises(ConnectionError, match="gone"):
        await plugin.execute_with_progress(work(), "Counting")
    assert plugin.progress.finished is False
    await plugin.cleanup()


async def test_cleanup_ends_a_display_that_was_left(capsys: pytest.CaptureFixture[str]) -> None:
    plugin = Greeter()
    plugin.create_progress("Counting").start()
    assert plugin.progress.live.is_started
    await plugin.cleanup()
    assert not plugin.progress.live.is_started


async def test_cleanup_without_initialise_does_nothing() -> None:
    await Greeter().cleanup()


async def test_it_is_a_command_plugin_that_must_register_commands() -> None:
    assert issubclass(EnhancedCommandPlugin, CommandPlugin)
    with pytest.raises(TypeError, match="register_commands"):
        EnhancedCommandPlugin()  # type: ignore[abstract] # the test
