"""The Dockerfile of a new plugin: a linter has nothing to say, and its steps make an image that has the plugin.

``nox -s dockerfile`` brings the linter along. The steps install from the configured package index.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from dockerfile import Image
from rendering import ALL, render, run, run_program

HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent))
PROJECT = Path(__file__).parents[2]


@pytest.mark.skipif(HADOLINT is None, reason="hadolint comes with nox -s dockerfile")
@pytest.mark.parametrize(("kind", "layout"), ALL)
def test_linter_has_nothing_to_say(kind: str, layout: str, tmp_path: Path) -> None:
    plugin = render(tmp_path, "word-lab", kind, layout, docker="true")
    assert run_program(str(HADOLINT), "--no-color", "Dockerfile", at=plugin) == ""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel of this LocalAgent, which no index has yet."""
    folder = tmp_path_factory.mktemp("wheels")
    run("build", "--wheel", "--no-isolation", "--outdir", str(folder), str(PROJECT), at=folder)
    return folder


@pytest.mark.soak
@pytest.mark.parametrize(("kind", "layout"), [("command", "flat"), ("provider", "package")])
def test_steps_make_an_image_that_runs_the_plugin(kind: str, layout: str, tmp_path: Path, wheels: Path) -> None:
    plugin = render(tmp_path, "word-lab", kind, layout, docker="true")
    image = Image(plugin, tmp_path / "image", find_links=wheels).build()

    assert "Usage: localagent" in image.run()
    (listed,) = [line for line in image.run("plugins", "list").splitlines() if "word-lab" in line]
    assert "enabled" in listed
    readme = (plugin / "README.md").read_text(encoding="utf-8")
    (example,) = [line for line in readme.splitlines() if line.startswith("$ docker run")]
    image.run(*example.partition(" word-lab ")[2].split())
    assert not (tmp_path / "image/src").exists()
