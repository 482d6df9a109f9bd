"""The index never tells of yesterday: whatever changed is seen by the next process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localagent.host import consent
from localagent.host.index import IndexFile
from localagent.host.memory import Memory
from localagent.host.situation import HostOptions, Situation
from localagent.host.stamps import TICK
from localagent.host.survey import Survey, survey
from localagent.services.home import Home
from plain import MakePlugin, Run, command_plugin

pytestmark = pytest.mark.slow

MANIFEST = """
name: {name}
version: "{version}"
description: "A plugin."
plugin_types: [command]
entry_points:
  commands:
    - name: {name}
      class: "{module}.plugin:ThePlugin"
      commands:
        - name: {command}
          help: "Does it."
"""


class World:
    """A home, a site folder and a current folder, and the things that can happen to them."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.site = folder / "site"
        self.work = folder / "work"
        for path in (self.home / "plugins", self.site, self.work):
            path.mkdir(parents=True)

    def install(self, name: str, version: str) -> None:
        self.uninstall(name, version)
        info = self.site / f"{name}-{version}.dist-info"
        package = self.site / name
        package.mkdir(exist_ok=True)
        (package / "plugin-manifest.yaml").write_text(manifest(name, version, f"{name}-run"))
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n\n")
        (info / "entry_points.txt").write_text(f"[localagent.plugins.commands]\n{name} = {name}.plugin:ThePlugin\n")
        (info / "RECORD").write_text("")

    def half_install(self, name: str, version: str) -> None:
        """A dist-info folder that an installer has only begun to fill."""
        (self.site / f"{name}-9.dist-info").mkdir(exist_ok=True)

    def reinstall(self, name: str, version: str) -> None:
        """Install the same version again: another command of the same length, the old times of all files set again."""
        before = {path: path.stat() for path in (self.site, *self.site.rglob(f"{name}*/**/*"))}
        self.install(name, version)
        file = self.site / name / "plugin-manifest.yaml"
        file.write_text(manifest(name, version, f"{name}-ran"))
        for path, facts in before.items():
            if path.exists():
                os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    def begin_install(self, name: str, version: str) -> None:
        """A dist-info folder with everything but the RECORD, which an installer writes last."""
        self.install(name, version)
        (self.site / f"{name}-{version}.dist-info" / "RECORD").unlink()

    def go_on_installing(self, name: str, version: str) -> None:
        for info in self.site.glob(f"{name}-*.dist-info"):
            if (info / "entry_points.txt").exists() and not (info / "RECORD").exists():
                (info / "entry_points.txt").write_text(f"[localagent.plugins.ui]\n{name} = {name}.plugin:ThePlugin\n")

    def edit_entry_points(self, name: str, version: str) -> None:
        """The name of a plugin changed in place, seen when something else is installed."""
        for file in self.site.glob(f"{name}-*.dist-info/entry_points.txt"):
            file.write_text(f"[localagent.plugins.commands]\n{name[::-1]} = {name}.plugin:ThePlugin\n")
        self.touch_site()

    def edit_installed(self, name: str, version: str) -> None:
        """The manifest of an installed plugin changed in place, seen when something else is installed."""
        file = self.site / name / "plugin-manifest.yaml"
        if file.exists():
            before = file.stat()
            file.write_text(manifest(name, version, f"{name}-has"))
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.touch_site()

    def add_module(self, name: str, version: str) -> None:
        """The module that an entry point names comes to be there, seen when something else is installed."""
        if (self.site / name).exists():
            (self.site / name / "plugin.py").write_text("")
        self.touch_site()

    def touch_site(self) -> None:
        passing = self.site / "passing-by"
        passing.touch()
        passing.unlink()

    def uninstall(self, name: str, version: str) -> None:
        shutil.rmtree(self.site / name, ignore_errors=True)
        for info in self.site.glob(f"{name}-*.dist-info"):
            shutil.rmtree(info)

    def put_folder(self, name: str, version: str) -> None:
        folder = self.home / "plugins" / name
        folder.mkdir(exist_ok=True)
        (folder / "plugin-manifest.yaml").write_text(manifest(name, version, f"{name}-go"))
        (folder / "plugin.py").write_text(command_plugin(name))

    def drop_folder(self, name: str, version: str) -> None:
        shutil.rmtree(self.home / "plugins" / name, ignore_errors=True)

    def edit_in_place(self, name: str, version: str) -> None:
        """Another version of the same length, with the old times of the file set again."""
        file = self.home / "plugins" / name / "plugin-manifest.yaml"
        if file.exists():
            before = file.stat()
            file.write_text(manifest(name, version, f"{name}-go"))
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    def break_manifest(self, name: str, version: str) -> None:
        file = self.home / "plugins" / name / "plugin-manifest.yaml"
        if file.exists():
            file.write_text("{")

    def enable(self, name: str, version: str) -> None:
        spec = self.look().plugins.get(name)
        if spec is not None:
            consent.enable(Home(self.home), spec.spec)

    def disable(self, name: str, version: str) -> None:
        consent.disable(Home(self.home), name)

    def configure(self, name: str, version: str) -> None:
        (self.home / "config.yaml").write_text(f"plugins:\n  {name}:\n    enabled: {str(version == '1.0').lower()}\n")

    def look(self) -> Survey:
        return survey(Situation.read(HostOptions(home=self.home), os.environ))

    def look_afresh(self) -> Survey:
        """What a look without any index sees; the index stays as it was."""
        cache, aside = self.home / "cache", self.home / "cache-aside"
        cache.rename(aside)
        try:
            return self.look()
        finally:
            shutil.rmtree(cache)
            aside.rename(cache)


def manifest(name: str, version: str, command: str) -> str:
    return textwrap.dedent(MANIFEST.format(name=name, version=version, module=name, command=command))


def told(picture: Survey) -> list[Any]:
    """All that a listing shows."""
    everyone = (*picture.plugins.values(), *picture.shadowed)
    return [
        (each.name, each.verdict, each.spec.version, each.commands, each.spec.source, each.spec.module_file)
        for each in everyone
    ]


EVENTS = st.tuples(
    st.sampled_from(
        [
            World.install,
            World.half_install,
            World.reinstall,
            World.begin_install,
            World.go_on_installing,
            World.edit_entry_points,
            World.edit_installed,
            World.add_module,
            World.uninstall,
            World.put_folder,
            World.drop_folder,
            World.edit_in_place,
            World.break_manifest,
            World.enable,
            World.disable,
            World.configure,
        ]
    ),
    st.sampled_from(["alpha", "beta"]),
    st.sampled_from(["1.0", "2.0"]),
    st.booleans(),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, min_size=1, max_size=8))
def test_every_change_is_seen_by_the_next_look(monkeypatch: pytest.MonkeyPatch, events: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder).resolve())
        monkeypatch.setattr(sys, "path", [*sys.path, str(world.site)])
        monkeypatch.chdir(world.work)
        for change, name, version, settles in events:
            if settles:
                # What changed a moment ago is not kept, so without a pause the index would never hold.
                time.sleep(1.2 * TICK / 1e9)
                world.look()
            change(world, name, version)
            assert told(world.look()) == told(world.look_afresh())
        monkeypatch.undo()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two installed plugins and what is remembered of them."""
    world = World(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(world.site)])
    monkeypatch.chdir(world.work)
    for name in ("alpha", "beta"):
        world.install(name, "1.0")
    time.sleep(1.2 * TICK / 1e9)
    world.look()
    return world


def read_again(world: World) -> list[str]:
    """The distributions that another look would read and not remember."""
    memory = Memory(str(world.home))
    infos = sorted(map(str, world.site.glob("*.dist-info")))
    return [Path(info).name for info in infos if memory.look(info).specs and not memory.remembers(info)]


def test_only_what_changed_is_read_again(world: World) -> None:
    assert read_again(world) == []
    world.reinstall("beta", "1.0")
    assert read_again(world) == ["beta-1.0.dist-info"]
    world.install("beta", "2.0")
    assert read_again(world) == ["beta-2.0.dist-info"]


def test_what_an_installer_is_not_done_with_is_never_remembered(world: World) -> None:
    world.begin_install("beta", "1.0")
    time.sleep(1.2 * TICK / 1e9)
    world.look()
    assert read_again(world) == ["beta-1.0.dist-info"]


def test_what_changed_just_now_is_read_again(world: World) -> None:
    world.edit_installed("alpha", "2.0")
    world.look()
    assert read_again(world) == ["alpha-1.0.dist-info"]


def test_what_was_found_to_be_edited_is_read_again(world: World) -> None:
    Memory(str(world.home)).forget([world.site / "beta-1.0.dist-info"])
    assert read_again(world) == ["beta-1.0.dist-info"]
    world.look()
    world.touch_site()
    world.look()
    assert read_again(world) == []


@pytest.mark.parametrize("damage", ["", "{", "\x00", "[]\n[]\n", "torn"])
def test_a_damaged_memory_is_made_anew(world: World, damage: str) -> None:
    (file,) = (world.home / "cache").glob("installed-*.jsonl")
    file.write_text(file.read_text()[:-9] if damage == "torn" else damage)
    assert set(read_again(world)) == {"alpha-1.0.dist-info", "beta-1.0.dist-info"}
    world.touch_site()
    world.look()
    assert read_again(world) == []


@pytest.fixture
def settled(localagent: Run, make_plugin: MakePlugin, home: Path) -> Run:
    """A command line whose index is written and holds."""
    make_plugin("alpha")
    localagent("plugins", "enable", "alpha")
    for _ in range(3):
        localagent("--help")
    return localagent


def test_a_warm_help_page_reads_no_plugin_folder(settled: Run, home: Path) -> None:
    (hot,) = (home / "cache").glob("index-*-hot.json")
    head, content = hot.read_text().splitlines()
    commands = [["from-the-index", "Planted here.", "alpha"]]
    hot.write_text(f"{head}\n{json.dumps(json.loads(content[:-1]) | {'commands': commands})}]")
    assert "from-the-index" in settled("--help").out
    (home / "plugins" / "alpha" / "plugin.py").touch()
    assert "from-the-index" not in settled("--help").out


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"circumstances": 1}', "\x00"])
def test_a_damaged_index_is_made_anew(settled: Run, home: Path, damage: str) -> None:
    for file in (home / "cache").glob("index-*.json"):
        file.write_text(damage)
    assert "alpha" in settled("--help").out
    assert settled("alpha").code == 0


def test_two_processes_that_write_at_once_leave_a_valid_index(settled: Run, home: Path) -> None:
    command = [sys.executable, "-m", "localagent_cli", "plugins", "list", "--json"]
    for round_ in range(3):
        (home / "plugins" / "alpha" / "plugin.py").write_text(command_plugin("alpha") + "\n" * round_)
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        outputs = {process.communicate()[0] for process in both}
        assert len(outputs) == 1
        for file in (home / "cache").glob("index-*.json"):
            json.loads(file.read_text())
    assert not list((home / "cache").glob("*.new"))


def test_what_changed_just_now_is_not_kept(home: Path, work: Path) -> None:
    file = home / "cache" / "x"
    file.parent.mkdir(parents=True)
    file.write_text("")
    index = IndexFile(str(home), str(work), "hot", {})
    assert not index.write([], rests_on=[str(file)], since=file.stat().st_mtime_ns)
    assert index.write([], rests_on=[str(file)], since=file.stat().st_mtime_ns + 10**9)
    assert index.read() == []


def test_another_environment_variable_is_another_picture(settled: Run) -> None:
    assert "alpha" in settled("--help").out
    assert "alpha" in settled("--help", env={"LOCALAGENT_PLUGINS_ENABLED": "nothing"}).out
    assert "alpha" not in settled("--no-plugins", "--help").out
    assert "alpha" in settled("--help").out
