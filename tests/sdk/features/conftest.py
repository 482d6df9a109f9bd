"""The context that a real host gives to a plugin, without the plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localagent import Host, HostOptions
from localagent.host.context import HostContext
from localagent.host.guard import Guard
from localagent.host.ledger import Ledger
from localagent.services.secrets import Grant

NAME = "my-plugin"


@pytest.fixture
def host(home: Path) -> Host:
    home.mkdir()
    return Host.open(HostOptions(home=home))


@pytest.fixture
def context(host: Host) -> Iterator[HostContext]:
    """What the plugin called `NAME` gets."""
    host.settings.declare_schema(NAME, {"properties": {"size": {"type": "integer", "default": 1}}})
    ledger = Ledger()
    yield HostContext(host, Guard(NAME), ledger, Grant(NAME, ()))
    ledger.undo_all()
