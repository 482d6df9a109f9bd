"""The context that a real host gives to a plugin, without the plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localagent import Host, Plugin
from localagent_cli import LocalAgentCLI
from localagent_testing import RecordingContext
from localagent_testing.hosting import open_cli
from localagent_testing.trial import Trial

NAME = "my-plugin"


class MyPlugin(Plugin):
    """Whose context it is."""

    name = NAME

    def get_config_schema(self) -> dict[str, Any]:
        return {"properties": {"size": {"type": "integer", "default": 1}}}


@pytest.fixture
def cli(home: Path) -> LocalAgentCLI:
    home.mkdir()
    return open_cli(home)


@pytest.fixture
def host(cli: LocalAgentCLI) -> Host:
    return cli.host


@pytest.fixture
def context(cli: LocalAgentCLI) -> Iterator[RecordingContext]:
    """What the plugin called `NAME` gets."""
    trial = Trial(MyPlugin, cli)
    yield trial.context
    trial.abandon()
