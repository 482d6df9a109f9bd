"""What went wrong is placed at a line of the plugin, or at the line that declares it, never at a library's."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from pathlib import Path

import pytest

from generated import PLUGIN_GROUP, Distribution, entry_point, install
from localagent.errors import PluginFailed
from localagent.host.guard import Guard
from localagent.host.loading import load
from localagent.host.places import NOWHERE, code_line, declaration_of, is_below, own_line
from localagent.host.spec import PluginSpec, Source, SourceKind
from plain import command_plugin


def installed(site: Path, target: str) -> PluginSpec:
    """The spec of an installed plugin whose entry point names `target`."""
    files = {"gone/__init__.py": command_plugin("gone")}
    install(site, [Distribution("gone", entry_point(PLUGIN_GROUP, "gone", target), files)])
    source = Source(SourceKind.DISTRIBUTION, site / "gone-1.0.dist-info", distribution="gone")
    return PluginSpec("gone", "command", target, source)


def test_the_innermost_line_below_the_root_is_the_plugins(tmp_path: Path) -> None:
    lines = [("/usr/lib/json.py", 3), (f"{tmp_path}/plug/b.py", 2), (f"{tmp_path}/plug/a.py", 1)]
    assert own_line(lines, tmp_path / "plug") == (f"{tmp_path}/plug/b.py", 2)
    assert own_line(lines, tmp_path / "plu") == (None, None)
    assert own_line(lines, None) == (None, None)
    assert is_below(f"{tmp_path}/plug/b.py", tmp_path / "plug" / "b.py")


def test_an_entry_point_to_a_module_that_is_not_there_is_placed_at_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = installed(tmp_path, "gone.nowhere:ThePlugin")
    monkeypatch.syspath_prepend(str(tmp_path))  # pyright: ignore[reportUnknownMemberType]  # pytest leaves its type out
    with pytest.raises(PluginFailed, match=r"there is no module 'gone\.nowhere'") as failure:
        load(spec, Guard("gone"))
    assert failure.value.place == f"{spec.source.root}/entry_points.txt:2"
    assert "entry point" in (failure.value.fix or "")


def test_a_class_that_is_not_there_is_placed_at_the_line_of_the_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = installed(tmp_path, "gone:Nobody")
    monkeypatch.syspath_prepend(str(tmp_path))  # pyright: ignore[reportUnknownMemberType]  # pytest leaves its type out
    with pytest.raises(PluginFailed, match="there is no such class") as failure:
        load(spec, Guard("gone"))
    assert failure.value.place == f"{spec.source.root}/entry_points.txt:2"


def test_a_failure_outside_of_every_line_of_the_plugin_is_placed_at_its_declaration(tmp_path: Path) -> None:
    spec = installed(tmp_path, "gone:ThePlugin")
    guard = Guard("gone", tmp_path / "gone", declaration=lambda: declaration_of(spec))
    with pytest.raises(PluginFailed) as failure:
        guard.call("construct", int, "no number")
    assert failure.value.place == f"{spec.source.root}/entry_points.txt:2"


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("plugin-manifest.yaml", "name: a\nentry_points:\n  commands:\n    - class: 'a.b : C'\n", 4),
        ("pyproject.toml", "[project]\n[project.entry-points.x]\na = 'a.b:C'\n", 3),
        ("pyproject.toml", "[project]\n", None),
    ],
)
def test_a_folder_is_declared_by_its_manifest_or_project_file(
    tmp_path: Path, name: str, text: str, line: int | None
) -> None:
    (tmp_path / name).write_text(text)
    manifest = tmp_path / name if name.endswith("yaml") else None
    spec = PluginSpec("a", "", "a.b:C", Source(SourceKind.HOME, tmp_path), manifest_file=manifest)
    assert declaration_of(spec) == (str(tmp_path / name), line)


def test_a_lone_module_is_its_own_declaration(tmp_path: Path) -> None:
    spec = PluginSpec("a", "", "a:C", Source(SourceKind.HOME, tmp_path), module_file=tmp_path / "a.py")
    assert declaration_of(spec) == (str(tmp_path / "a.py"), 1)
    assert declaration_of(dataclasses.replace(spec, module_file=None)) == (None, None)


def test_code_of_an_installed_plugin_is_its_whole_package_and_nobody_elses(tmp_path: Path) -> None:
    source = Source(SourceKind.DISTRIBUTION, tmp_path / "a-1.dist-info", distribution="a")
    deep = PluginSpec("a", "", "pkg.sub.plugin:C", source, module_file=tmp_path / "pkg" / "sub" / "plugin.py")
    package = PluginSpec("a", "", "pkg:C", source, module_file=tmp_path / "pkg" / "__init__.py")
    alone = PluginSpec("a", "", "lone:C", source, module_file=tmp_path / "lone.py")
    assert (deep.code_root, package.code_root) == (tmp_path / "pkg", tmp_path / "pkg")
    assert alone.code_root == tmp_path / "lone.py"


def test_the_line_of_a_function_is_that_of_what_was_written() -> None:
    class Plugin:
        def method(self) -> None: ...

        @functools.lru_cache  # noqa: B019 - any decorator that wraps
        def wrapped(self) -> None: ...

    first = inspect.getsourcelines(Plugin)[1]
    assert code_line(Plugin().method) == (__file__, first + 1)
    assert code_line(Plugin.wrapped) == (__file__, first + 3)
    assert code_line(print) == NOWHERE
