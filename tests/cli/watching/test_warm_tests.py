"""Tests that run in forks of a process which has loaded pytest already."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent_cli.watching.warm_tests import WarmTests

pytestmark = pytest.mark.asyncio


async def test_what_is_loaded_already_is_no_warning_of_the_plugins_tests(tmp_path: Path) -> None:
    """Which would be an error where the plugin has it so."""
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nfilterwarnings = error\nasyncio_default_fixture_loop_scope = function\n"
    )
    file = tmp_path / "test_it.py"
    file.write_text("def test_it():\n    pass\n")
    tests = WarmTests()
    try:
        tested = await tests.run(tmp_path, [file])
    finally:
        await tests.stop()
    assert (tested.code, tested.failures) == (0, ()), tested.tail
    assert "warning" not in tested.summary
