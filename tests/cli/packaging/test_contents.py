"""The rules for wheels, over wheels zipped by hand."""

from __future__ import annotations

import stat
import zipfile
from typing import TYPE_CHECKING

import pytest

from localagent_cli.packaging.contents import RULES, check_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from cli.packaging.conftest import Workshop

ENTRY_POINTS = "[localagent.plugins.commands]\ndemo = demo.plugin:Demo\n"
GOOD = {"demo/__init__.py": "", "demo/plugin.py": "", "demo/plugin-manifest.yaml": ""}


def rules(wheel: Path, *, plugin: bool = True) -> list[str]:
    return [finding.rule for finding in check_wheel(wheel, plugin=plugin)]


def test_good_wheel_has_no_finding(workshop: Workshop) -> None:
    assert rules(workshop.raw_wheel(GOOD, entry_points=ENTRY_POINTS)) == []


def test_manifest_may_lie_in_an_outer_package(workshop: Workshop) -> None:
    files = {"demo/sub/plugin.py": "", "demo/plugin-manifest.yaml": ""}
    entry_points = "[localagent.plugins.commands]\ndemo = demo.sub.plugin:Demo\n"
    assert rules(workshop.raw_wheel(files, entry_points=entry_points)) == []


@pytest.mark.parametrize("module", ["demo/plugin.cpython-311-x86_64-linux-gnu.so", "demo/plugin/__init__.py"])
def test_entry_module_may_be_compiled_or_a_package(workshop: Workshop, module: str) -> None:
    files = {"demo/__init__.py": "", module: "", "demo/plugin-manifest.yaml": ""}
    assert rules(workshop.raw_wheel(files, entry_points=ENTRY_POINTS)) == []


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../outside.py", "demo/../../outside.py", "C:/x.py", "demo\\x.py", "\\\\host\\share"]
)
def test_path_that_leaves_the_folder_is_unsafe(workshop: Workshop, path: str) -> None:
    wheel = workshop.raw_wheel({**GOOD, path: ""}, entry_points=ENTRY_POINTS)
    assert "LA501" in rules(wheel)
    assert "LA501" in rules(wheel, plugin=False)


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o600, stat.S_IFREG | stat.S_ISUID | 0o755])
def test_link_device_and_setuid_are_unsafe(workshop: Workshop, mode: int) -> None:
    wheel = workshop.raw_wheel(GOOD, entry_points=ENTRY_POINTS)
    member = zipfile.ZipInfo("demo/odd")
    member.external_attr = mode << 16
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(member, "target")
    assert rules(wheel) == ["LA501", "LA502"]


@pytest.mark.parametrize(
    "record",
    ["", "demo/plugin.py,sha256=AAAA,0\n", "demo/plugin.py,md99=AAAA,0\n", "demo/plugin.py\n", '"', "a,b,c,d\n"],
)
def test_record_that_does_not_match_is_found(workshop: Workshop, record: str) -> None:
    assert set(rules(workshop.raw_wheel(GOOD, entry_points=ENTRY_POINTS, record=record))) == {"LA502"}


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_file_that_is_no_wheel_is_found(tmp_path: Path, content: bytes) -> None:
    wheel = tmp_path / "demo-1.0-py3-none-any.whl"
    wheel.write_bytes(content)
    assert "LA502" in rules(wheel)


def test_wheel_cut_short_is_found(workshop: Workshop) -> None:
    wheel = workshop.raw_wheel(GOOD, entry_points=ENTRY_POINTS)
    wheel.write_bytes(wheel.read_bytes()[:-30])
    assert rules(wheel) == ["LA502"]


def test_wheel_without_manifest_is_found(workshop: Workshop) -> None:
    files = {"demo/plugin.py": "", "plugin-manifest.yaml": ""}
    assert rules(workshop.raw_wheel(files, entry_points=ENTRY_POINTS)) == ["LA503"]


def test_wheel_without_plugin_is_found(workshop: Workshop) -> None:
    assert rules(workshop.raw_wheel(GOOD)) == ["LA503"]


def test_entry_point_to_nowhere_is_found_at_the_line_that_declares_it(workshop: Workshop) -> None:
    project = workshop.project("demo", extra="")
    files = {"demo/__init__.py": "", "demo/plugin-manifest.yaml": ""}
    (finding,) = check_wheel(workshop.raw_wheel(files, entry_points=ENTRY_POINTS), project=project)

    assert finding.rule == "LA504"
    assert finding.where.file == project / "pyproject.toml"
    assert finding.where.line is not None
    declared = (project / "pyproject.toml").read_text(encoding="utf-8").splitlines()[finding.where.line - 1]
    assert declared == 'demo = "demo.plugin:Demo"'


def test_tests_at_the_top_level_are_found(workshop: Workshop) -> None:
    assert rules(workshop.raw_wheel({**GOOD, "tests/test_demo.py": ""}, entry_points=ENTRY_POINTS)) == ["LA505"]


def test_every_problem_is_told_at_once(workshop: Workshop) -> None:
    files = {"../x.py": "", "tests/test_demo.py": ""}
    wheel = workshop.raw_wheel(files, entry_points=ENTRY_POINTS, record="")
    assert set(rules(wheel)) == set(RULES)
    assert all(finding.fix and finding.message for finding in check_wheel(wheel))


def test_a_library_need_not_be_a_plugin(workshop: Workshop) -> None:
    assert rules(workshop.library("la-dep"), plugin=False) == []
