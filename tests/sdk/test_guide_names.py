"""The guide's import paths."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import localagent
from localagent import guide_names


@pytest.fixture(autouse=True)
def installed() -> None:
    guide_names.install()


def test_the_framework_has_every_public_name() -> None:
    from app.cli.plugins import framework  # type: ignore[import-not-found] # made at run time

    assert framework.__all__ == localagent.__all__
    assert framework.CommandPlugin is localagent.CommandPlugin


def test_the_other_paths_lead_to_the_same_objects() -> None:
    from app.cli.core.app import LocalAgentCLI  # type: ignore[import-not-found] # made at run time
    from app.llm_providers.base_provider import BaseProvider  # type: ignore[import-not-found] # made at run time

    import localagent_cli

    assert BaseProvider is localagent.BaseProvider
    assert LocalAgentCLI is localagent_cli.LocalAgentCLI


def test_a_star_import_gives_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from app.cli.plugins.framework import *", names)  # noqa: S102 - the statement under test
    assert names["UIPlugin"] is localagent.UIPlugin


def test_a_name_that_is_not_public_is_an_import_error() -> None:
    with pytest.raises(ImportError, match="nonsense"):
        exec("from app.cli.plugins.framework import nonsense", {})  # noqa: S102 - the statement under test


def test_installing_twice_changes_nothing() -> None:
    guide_names.install()
    assert sys.meta_path.count(guide_names.GuideNames) == 1


def test_a_real_package_called_app_wins(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("mine = True")
    code = """
from localagent import guide_names
guide_names.install()
import app
try:
    import app.cli
except ImportError:
    print(app.mine)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, env={"PYTHONPATH": "."}
    )
    assert done.stdout.strip() == "True"
