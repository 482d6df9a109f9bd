"""Tests that are left out of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

MARKER = "integration"


class WithoutIntegration:
    """Leaves out the tests that are marked as integration tests, beside what ``-m`` leaves out."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the others."""
        left_out: Sequence[pytest.Item] = [item for item in items if item.get_closest_marker(MARKER) is not None]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]
