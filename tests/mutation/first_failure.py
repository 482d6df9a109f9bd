"""A pytest plugin: hypothesis tries the same examples each time and ends at the first that fails."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Choose this after conftest.py has chosen its own profile, before tests are imported."""
    phases = [Phase.explicit, Phase.generate]
    settings.register_profile("first failure", deadline=None, derandomize=True, database=None, phases=phases)
    settings.load_profile("first failure")
