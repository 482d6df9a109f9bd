"""What the testing kit exports: looked up when it is used, and nothing else."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import localagent_testing


@pytest.mark.parametrize("name", localagent_testing.__all__)
def test_every_name_is_the_thing_that_is_called_so(name: str) -> None:
    thing: Any = getattr(localagent_testing, name)
    assert thing.__name__ == name
    assert getattr(importlib.import_module(thing.__module__), name) is thing
    assert name in dir(localagent_testing)


def test_a_misspelt_name_is_told() -> None:
    kit: Any = localagent_testing
    with pytest.raises(AttributeError, match="no attribute 'PluginTestFrame'"):
        _ = kit.PluginTestFrame


def test_pytest_collects_none_of_the_classes() -> None:
    for name in ("PluginTestFramework", "PluginIntegrationTestSuite", "PluginPerformanceTester"):
        assert getattr(localagent_testing, name).__test__ is False
