"""Which plugins a folder or file holds, found out without importing anything."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localagent.host.identity import (
    MARKS,
    identify_file,
    identify_folder,
    is_plugin_folder,
    permission_words,
    read_pyproject,
)
from localagent.host.spec import CommandHelp, PluginSpec, Source, SourceKind
from localagent.manifest.model import Permissions

MANIFEST = """\
name: by-manifest
version: "2.0"
description: It greets
plugin_types: [command, ui]
entry_points:
  commands:
    - name: by-manifest
      class: plugin:Hello
      commands:
        - {name: greet, help: Greet somebody.}
  ui:
    - name: panel
      class: panels:Panel
dependencies:
  plugins: [other>=1.2]
"""
PYPROJECT = """\
[project]
name = "a-distribution"
version = "3.0"
description = "By project"
[project.entry-points."localagent.plugins.providers"]
by-project = "model.provider:Provider"
[project.entry-points."console_scripts"]
not-a-plugin = "model:main"
"""
SETUP = """\
from setuptools import setup
setup(
    name="a-distribution",
    version="4.0",
    description="By setup",
    entry_points={
        "localagent.plugins.workflows": ["by-setup = flow:Flow"],
        "localagent.plugins.ui": "single=panels:Panel",
        "console_scripts": ["x = y:z"],
    },
)
"""
CLASS = """\
raise SystemExit("never imported")

class Hello(CommandPlugin):
    name = "by-class"
    version: str = "5.0"

    @property
    def description(self):
        "A docstring."
        return "By class"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "the-folder"
    root.mkdir()
    return root


def source_of(root: Path) -> Source:
    return Source(SourceKind.HOME, root)


def identified(root: Path) -> list[PluginSpec]:
    return identify_folder(root, source_of(root))


def write_all(root: Path) -> None:
    (root / "plugin-manifest.yaml").write_text(MANIFEST)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "setup.py").write_text(SETUP)
    (root / "plugin.py").write_text(CLASS)


def test_the_surest_way_of_telling_comes_first(root: Path) -> None:
    write_all(root)
    ways = []
    for mark in ("plugin-manifest.yaml", "pyproject.toml", "setup.py", "plugin.py"):
        ways.append([(spec.kind, spec.name, spec.target, spec.version) for spec in identified(root)])
        (root / mark).unlink()
    assert ways == [
        [("command", "by-manifest", "plugin:Hello", "2.0"), ("ui", "panel", "panels:Panel", "2.0")],
        [("provider", "by-project", "model.provider:Provider", "3.0")],
        [("workflow", "by-setup", "flow:Flow", "4.0"), ("ui", "single", "panels:Panel", "4.0")],
        [("command", "by-class", "plugin:Hello", "5.0")],
    ]
    assert not is_plugin_folder(root)


def test_a_manifest_tells_the_rest_too(root: Path) -> None:
    write_all(root)
    first, second = identified(root)
    assert first.description == second.description == "It greets"
    assert first.commands == (CommandHelp("greet", "Greet somebody."),)
    assert second.commands == ()
    assert first.requires == ("other>=1.2",)
    assert first.manifest_file == root / "plugin-manifest.yaml"
    assert first.module_file == root / "plugin.py"
    assert second.module_file is None
    assert first.source == source_of(root)
    assert first.flaw is None


def test_the_module_file_is_found_where_the_project_puts_its_packages(root: Path) -> None:
    module = root / "src" / "model" / "provider.py"
    module.parent.mkdir(parents=True)
    module.write_text("")
    (root / "pyproject.toml").write_text(PYPROJECT)
    assert identified(root)[0].module_file == module


def test_a_damaged_manifest_is_a_flaw_of_the_folder_it_lies_in(root: Path) -> None:
    write_all(root)
    (root / "plugin-manifest.yaml").write_text("name: [\n")
    (spec,) = identified(root)
    assert spec.name == "the-folder"
    assert spec.flaw is not None
    assert spec.flaw.step == "manifest"
    assert spec.flaw.where.startswith(f"{root / 'plugin-manifest.yaml'}:")


@pytest.mark.parametrize(
    ("versions", "reason"),
    [
        ('localagent_min_version: "99.0"', "needs LocalAgent >= 99.0, this is "),
        ('python_min_version: "4.0"', "needs Python >= 4.0, this is "),
        ('localagent_max_version: "0.5"', "needs LocalAgent <= 0.5, this is "),
        ('python_max_version: "3.10"', "needs Python <= 3.10, this is "),
        ('localagent_min_version: "0.1"\n  python_min_version: "3.8"', None),
        ('localagent_max_version: "1"\n  python_max_version: "4.0"', None),
        (f'python_max_version: "{sys.version_info.major}.{sys.version_info.minor}"', None),
    ],
)
def test_a_plugin_for_another_host_or_python_is_flawed(root: Path, versions: str, reason: str | None) -> None:
    (root / "plugin-manifest.yaml").write_text(f"{MANIFEST}compatibility:\n  {versions}\n")
    for spec in identified(root):
        assert (spec.flaw is None) == (reason is None)
        if spec.flaw is not None:
            assert spec.flaw.step == "compatibility"
            assert (reason or "") in spec.flaw.message
            assert spec.flaw.where.startswith(f"{root / 'plugin-manifest.yaml'}:")
            assert spec.flaw.fix


@pytest.mark.parametrize("bound", ["localagent_min_version", "python_max_version"])
def test_a_bound_that_is_no_version_is_a_flaw(root: Path, bound: str) -> None:
    (root / "plugin-manifest.yaml").write_text(f"{MANIFEST}compatibility:\n  {bound}: latest\n")
    assert {spec.flaw.message for spec in identified(root) if spec.flaw} == {"'latest' is not a version"}


@pytest.mark.parametrize("mark", MARKS)
def test_a_folder_with_a_mark_is_a_plugin(root: Path, mark: str) -> None:
    assert not is_plugin_folder(root)
    (root / mark).write_text("")
    assert is_plugin_folder(root)


@pytest.mark.parametrize("mark", ["pyproject.toml", "setup.py", "plugin.py"])
def test_a_folder_in_place_of_a_mark_is_data(root: Path, mark: str) -> None:
    (root / mark).mkdir()
    assert not is_plugin_folder(root)


def test_a_folder_that_tells_nothing_is_refused_with_the_way_out(root: Path) -> None:
    (root / "plugin.py").write_text("import os\n")
    (spec,) = identified(root)
    assert (spec.name, spec.kind, spec.target) == ("the-folder", "", "")
    assert spec.flaw is not None
    assert spec.flaw.step == "identity"
    assert "plugin-manifest.yaml" in spec.flaw.fix


@pytest.mark.parametrize(
    ("base", "kind"),
    [
        ("CommandPlugin", "command"),
        ("localagent.ProviderPlugin", "provider"),
        ("Mixin, UIPlugin", "ui"),
        ("WorkflowPlugin", "workflow"),
        ("EnhancedCommandPlugin", ""),
    ],
)
def test_the_base_tells_the_kind_where_it_can(tmp_path: Path, base: str, kind: str) -> None:
    file = tmp_path / "single.py"
    file.write_text(f"class A({base}):\n    name = 'a'\n")
    (spec,) = identify_file(file, source_of(file))
    assert (spec.kind, spec.name, spec.target, spec.module_file) == (kind, "a", "single:A", file)


def test_where_no_base_tells_a_class_that_registers_commands_is_a_command_plugin(tmp_path: Path) -> None:
    file = tmp_path / "single.py"
    file.write_text("class A(PersistentPlugin):\n    name = 'a'\n    def register_commands(self, app): ...\n")
    (spec,) = identify_file(file, source_of(file))
    assert spec.kind == "command"


@pytest.mark.parametrize(
    "body",
    [
        "class A(CommandPlugin):\n    name = NAME\n",
        "class A(CommandPlugin):\n    name = 7\n",
        "class A(CommandPlugin):\n    name: str\n",
        "class A(CommandPlugin):\n    other = 'a'\n",
        "class A:\n    name = 'a'\n",
        "class A(make()):\n    name = 'a'\n",
        "def make():\n    class A(CommandPlugin):\n        name = 'a'\n",
        "class A(CommandPlugin:\n    name = 'a'\n",
        "name = 'a'\0",
        "",
    ],
)
def test_a_file_without_a_plain_plugin_class_holds_none(tmp_path: Path, body: str) -> None:
    file = tmp_path / "single.py"
    file.write_text(body)
    assert identify_file(file, source_of(file)) == []


def test_several_classes_in_one_file_are_several_plugins(tmp_path: Path) -> None:
    file = tmp_path / "single.py"
    file.write_text("class A(CommandPlugin):\n    name = 'a'\nclass B(UIPlugin):\n    name = 'b'\n")
    assert [spec.name for spec in identify_file(file, source_of(file))] == ["a", "b"]


@pytest.mark.parametrize(
    "setup",
    [
        "setup(entry_points=POINTS)",
        "setup(entry_points={'localagent.plugins.ui': [NAME]})",
        "setup(entry_points={'localagent.plugins.ui': ['no equals sign']})",
        "setup(entry_points={'localagent.plugins.ui': None})",
        "setup(entry_points={7: ['a = b:C']})",
        "setup(entry_points={'localagent.plugins.ui': 5})",
        "setup(entry_points={'localagent.plugins.ui': [5, '= b:C', 'a =', 'a = b: C']})",
        "setup(entry_points={'localagent.plugins.ui': {'a': 'b:C'}})",
        "setup(**everything)",
        "broken(",
    ],
)
def test_a_setup_that_is_not_literal_tells_nothing(root: Path, setup: str) -> None:
    (root / "setup.py").write_text(setup)
    assert [spec.target for spec in identified(root)] == [""]


def test_a_project_file_that_cannot_be_read_counts_as_absent(root: Path) -> None:
    assert read_pyproject(root) == {}
    (root / "pyproject.toml").write_bytes(b"\xff")
    assert read_pyproject(root) == {}
    (root / "pyproject.toml").write_text("[project\n")
    assert read_pyproject(root) == {}
    (root / "pyproject.toml").write_text("a = " + "[" * 100_000)
    assert read_pyproject(root) == {}
    (root / "plugin.py").write_text(CLASS)
    assert [spec.name for spec in identified(root)] == ["by-class"]


@pytest.mark.parametrize(
    "text",
    [
        "project = 1",
        "[project]\nentry-points = 3",
        "[project.entry-points]\n'localagent.plugins.commands' = 'x'",
        "[project.entry-points]\n'localagent.plugins.commands' = [1]",
    ],
)
def test_entry_points_that_are_no_tables_count_as_absent(root: Path, text: str) -> None:
    (root / "pyproject.toml").write_text(text)
    assert [(spec.name, spec.flaw is None) for spec in identified(root)] == [("the-folder", False)]
    (root / "plugin.py").write_text(CLASS)
    assert [(spec.name, spec.flaw is None) for spec in identified(root)] == [("by-class", True)]


@pytest.mark.parametrize(("line", "name"), [("x = 5", "x"), ("x = ''", "x"), ("'' = 'm:C'", "the-folder")])
def test_an_entry_point_that_is_none_is_a_flaw_of_that_plugin(root: Path, line: str, name: str) -> None:
    (root / "pyproject.toml").write_text(
        f"[project.entry-points.'localagent.plugins.commands']\n{line}\ngood = 'm:C'\n"
    )
    broken, good = identified(root)
    assert (broken.name, broken.kind, good.name, good.flaw) == (name, "command", "good", None)
    assert broken.flaw is not None
    assert (broken.flaw.step, broken.flaw.where) == ("identity", str(root / "pyproject.toml"))


def test_a_version_that_is_no_text_counts_as_absent(root: Path) -> None:
    (root / "pyproject.toml").write_text(PYPROJECT.replace('"3.0"', "3").replace('"By project"', "[1]"))
    assert [(spec.name, spec.version, spec.description) for spec in identified(root)] == [("by-project", "", "")]


@pytest.mark.parametrize("code", ["x" + ".b" * 100_000, "-" * 100_000 + "1", "x=" + "1+" * 100_000 + "1"])
def test_code_that_is_nested_too_deeply_tells_nothing(tmp_path: Path, code: str) -> None:
    file = tmp_path / "single.py"
    file.write_text(code)
    assert identify_file(file, source_of(file)) == []


def test_what_the_compiler_warns_of_is_not_told_here(tmp_path: Path) -> None:
    file = tmp_path / "single.py"
    file.write_text('PATTERN = "\\d"\nclass A(CommandPlugin):\n    name = "a"\n')
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [spec.name for spec in identify_file(file, source_of(file))] == ["a"]


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=80))
def test_no_text_in_a_plugin_file_is_an_error_here(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.py"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    assert identify_file(file, source_of(file)) == []


@pytest.mark.parametrize(
    ("permissions", "words"),
    [
        (Permissions(), ()),
        (Permissions(network=True), ("network",)),
        (Permissions(env=("HOME", "PATH"), network=("example.org",)), ("network: example.org", "env: HOME, PATH")),
    ],
)
def test_permissions_are_told_in_words(permissions: Permissions, words: tuple[str, ...]) -> None:
    assert permission_words(permissions) == words


def test_a_plugin_in_a_folder_of_its_own_has_its_own_settings_schema(root: Path) -> None:
    """Of two plugins in one package, which has one manifest."""
    text = MANIFEST.replace("plugin:Hello", "pkg.plugin:Hello").replace("panels:Panel", "pkg.panels.plugin:Panel")
    (root / "plugin-manifest.yaml").write_text(
        f"{text}configuration: {{schema_file: config_schema.json, required_settings: [key]}}\n"
    )
    (root / "panels").mkdir()
    for folder in (root, root / "panels"):
        (folder / "config_schema.json").write_text("{}")
    assert [spec.schema_file for spec in identified(root)] == [
        root / "config_schema.json",
        root / "panels" / "config_schema.json",
    ]
    assert [spec.required_settings for spec in identified(root)] == [("key",), ()]
    (root / "panels" / "config_schema.json").unlink()
    assert {spec.schema_file for spec in identified(root)} == {root / "config_schema.json"}
