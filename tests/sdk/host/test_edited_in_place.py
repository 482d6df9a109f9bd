"""An installed plugin that is edited where it lies is seen when it is next loaded, without being watched."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from generated import Distribution, plugin
from plain import Finished, Run

NAME = "plugin-alpha"
_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_METADATA = f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\nSummary: It was made up.\n"


def put_in(site: Path, distribution: Distribution, folder: Path) -> None:
    """Install a distribution with pip, from a wheel."""
    wheel, info = folder / "plugin_alpha-1.0-py3-none-any.whl", "plugin_alpha-1.0.dist-info"
    files: Mapping[str, str | bytes] = {
        **distribution.files,
        f"{info}/METADATA": _METADATA,
        f"{info}/WHEEL": _WHEEL,
        f"{info}/entry_points.txt": distribution.entry_points,
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD")))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target"]
    subprocess.run([*command, str(site), str(wheel)], check=True)


class Place:
    """A folder with an installed plugin that is enabled, and an index that holds."""

    def __init__(self, site: Path, run: Run) -> None:
        self.manifest = site / "plugin_alpha" / "plugin-manifest.yaml"
        self.module = site / "plugin_alpha" / "__init__.py"
        self._run = run
        self._env = {"PYTHONPATH": str(site)}

    def __call__(self, *words: str) -> Finished:
        return self._run(*words, env=self._env)

    def settle(self) -> None:
        """Let the index be written, at a time that can be told from that of the edits before."""
        time.sleep(0.1)
        self("plugins", "enable", NAME)
        for _ in range(2):
            self("--help")

    def edit(self, file: Path, *changes: tuple[str, str]) -> None:
        text = file.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text)


Installed = Callable[[bool], Path]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """A folder into which the plugin was installed once, with a manifest or without one."""

    @functools.cache
    def install(manifest: bool) -> Path:  # noqa: FBT001 - the plugin's own parameter
        folder = tmp_path_factory.mktemp("installed")
        put_in(folder / "site", plugin(NAME, manifest=manifest), folder)
        return folder / "site"

    return install


@pytest.fixture
def place(tmp_path: Path, localagent: Run, installed: Installed, request: pytest.FixtureRequest) -> Place:
    shutil.copytree(installed(getattr(request, "param", True)), tmp_path / "site")
    place = Place(tmp_path / "site", localagent)
    place.settle()
    return place


def test_a_command_that_was_added_is_there_from_the_next_load_on(place: Place) -> None:
    added = "        - name: added\n          help: It came later.\n"
    place.edit(place.manifest, ("          help: Greet somebody.\n", f"          help: Greet somebody.\n{added}"))
    place.edit(
        place.module, ('    def register_commands(self, app):\n        @app.command("plugin-alpha")\n', _TWO_COMMANDS)
    )
    assert place(NAME).code == 0
    done = place("added")
    assert (done.code, done.out) == (0, "it was added\n")
    assert "It came later." in place("--help").out


def test_a_version_that_this_host_is_too_old_for_keeps_it_from_being_loaded(place: Place) -> None:
    assert place(NAME).code == 0
    place.edit(place.manifest, ("schema_version: 1\n", 'compatibility:\n  localagent_min_version: "99"\n'))
    done = place(NAME)
    assert done.code == 3
    assert "needs LocalAgent >= 99" in done.err
    assert '"failed"' in place("plugins", "list", "--json").out


def test_a_dependency_that_was_added_is_asked_for(place: Place) -> None:
    assert place(NAME).code == 0
    place.edit(place.manifest, ("schema_version: 1\n", "dependencies:\n  plugins: [not-there]\n"))
    done = place(NAME)
    assert done.code == 3
    assert "not-there" in done.err


def test_a_manifest_that_was_mended_makes_it_loadable_again(place: Place) -> None:
    before = place.manifest.read_text()
    place.manifest.write_text("{")
    assert place(NAME).code == 3
    place.settle()
    place.manifest.write_text(before)
    assert place(NAME).code == 0


def test_an_entry_module_that_was_edited_is_read_anew_once(place: Place, home: Path) -> None:
    place.edit(place.module, ("Greet somebody.", "Greet anybody."))
    assert place(NAME).code == 0
    (place.module.parents[1] / "something-else").touch()
    place.settle()
    (full,) = (home / "cache").glob("index-*-full.json")
    before = full.stat()
    assert place(NAME).code == 0
    assert full.stat() == before


@pytest.mark.parametrize("place", [False], indirect=True, ids=["undeclared"])
def test_a_command_that_only_the_code_tells_is_learned_anew(place: Place) -> None:
    place.edit(place.module, ('@app.command("plugin-alpha")', '@app.command("another")'))
    assert place(NAME).code == 2
    assert place("another").out == "hello from plugin-alpha\n"
    assert "another" in place("--help").out


@pytest.mark.parametrize("place", [False], indirect=True, ids=["undeclared"])
def test_a_manifest_that_was_added_is_read(place: Place) -> None:
    place.manifest.write_text(plugin(NAME).files["plugin_alpha/plugin-manifest.yaml"].replace("version: 1\n", _TOO_NEW))
    done = place(NAME)
    assert done.code == 3
    assert "needs LocalAgent >= 99" in done.err


_TOO_NEW = 'version: 1\ncompatibility:\n  localagent_min_version: "99"\n'
_TWO_COMMANDS = """\
    def register_commands(self, app):
        @app.command("added")
        def added():
            print("it was added")

        @app.command("plugin-alpha")
"""
