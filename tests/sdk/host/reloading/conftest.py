"""A host in a running event loop whose plugins are edited under it, with bytecode as users have it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from localagent import Host, HostOptions, PluginManager
from localagent.host.budgets import Budgets
from localagent.host.situation import Situation
from saving import WAYS, Save


@pytest.fixture(params=WAYS)
def save(request: pytest.FixtureRequest) -> Save:
    """Saves a file as editors do."""
    chosen: Save = request.param
    return chosen


@pytest.fixture(autouse=True)
def bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is written, stale code cannot be seen."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)


@pytest_asyncio.fixture
async def manager(home: Path, work: Path) -> AsyncIterator[PluginManager]:
    """The plugins of a home in which all may run."""
    home.mkdir(exist_ok=True)
    environ = {"LOCALAGENT_PLUGINS_ENABLED": "one two three base middle top"}
    options = HostOptions(home=home, budgets=Budgets(drain=0.3, import_=1.0))
    manager = PluginManager(Host(Situation.read(options, environ)))
    yield manager
    await manager.close()
