"""Wheels, sdists and what is installed are judged by the rules that judge their source."""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from localagent.diagnostics.diagnostic import Diagnostic
from localagent.diagnostics.validation import Report, validate_path

METADATA = """\
Metadata-Version: 2.4
Name: localagent-greeter
Version: 1.0
Requires-Python: >=3.11
Requires-Dist: localagent>=0.1
Requires-Dist: rich>=14; extra == "colour"

Greets people.
Version: of the description
"""
ENTRY_POINTS = """\
[console_scripts]
greet = greeter.main:main

[localagent.plugins.commands]
greeter = greeter.plugin:Greeter
"""
MANIFEST = """\
name: greeter
version: "1.0"
description: Greets people
plugin_types: [command]
entry_points:
  commands:
    - name: greeter
      class: "greeter.plugin:Greeter"
documentation: {readme: README.md}
"""
PLUGIN = """\
from localagent import CommandPlugin


class Greeter(CommandPlugin):
    name = "greeter"
    version = "1.0"
    description = "Greets people"

    def register_commands(self, app):
        pass
"""
INFO = "localagent_greeter-1.0.dist-info"
WHEEL = {
    "greeter/__init__.py": "",
    "greeter/plugin.py": PLUGIN,
    "greeter/plugin-manifest.yaml": MANIFEST,
    f"{INFO}/METADATA": METADATA,
    f"{INFO}/entry_points.txt": ENTRY_POINTS,
    f"{INFO}/RECORD": "greeter/__init__.py,,\ngreeter/plugin.py,,\n",
}
PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "localagent-greeter"
version = "1.0"

[project.entry-points."localagent.plugins.commands"]
greeter = "greeter.plugin:Greeter"
"""
SDIST = {
    "localagent_greeter-1.0/pyproject.toml": PYPROJECT,
    "localagent_greeter-1.0/PKG-INFO": METADATA,
    "localagent_greeter-1.0/README.md": "",
    **{f"localagent_greeter-1.0/{name}": text for name, text in WHEEL.items() if not name.startswith(INFO)},
}


def wheel(folder: Path, name: str = "greeter-1.0-py3-none-any.whl", **changes: dict[str, str]) -> Path:
    """A wheel of the files of WHEEL, some of them changed."""
    with zipfile.ZipFile(folder / name, "w") as archive:
        for member, text in {**WHEEL, **changes.get("changes", {})}.items():
            archive.writestr(member, text)
    return folder / name


def sdist(folder: Path, files: dict[str, str]) -> Path:
    """An sdist of these files."""
    with tarfile.open(folder / "greeter-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return folder / "greeter-1.0.tar.gz"


def places(report: Report) -> list[tuple[str, str, int | None, int | None]]:
    """Rule, file below the report's root, line and column of each finding."""
    return [_place(each, report.root) for each in report.diagnostics]


def test_what_a_source_tree_alone_has_is_not_asked_of_a_wheel(tmp_path: Path) -> None:
    report = validate_path(wheel(tmp_path))
    assert places(report) == []
    assert report.checked < validate_path(sdist(tmp_path, SDIST)).checked


def test_findings_in_a_wheel_name_the_member_and_keep_its_line(tmp_path: Path) -> None:
    changes = {
        "greeter/plugin.py": "import elsewhere\n" + PLUGIN.replace("class Greeter(", "class Greter("),
        "greeter/plugin-manifest.yaml": MANIFEST.replace('"1.0"', '"1.1"'),
    }
    report = validate_path(wheel(tmp_path, changes=changes))
    manifest = "greeter-1.0-py3-none-any.whl/greeter/plugin-manifest.yaml"
    assert places(report) == [
        ("LA203", manifest, 2, 10),
        ("LA302", manifest, 8, 14),
        ("LA307", "greeter-1.0-py3-none-any.whl/greeter/plugin.py", 1, 1),
    ]
    assert "(METADATA:3)" in report.diagnostics[0].message
    assert report.texts[tmp_path / manifest][1] == 'version: "1.1"'
    assert not any(each.edit for each in report.diagnostics)


def test_entry_points_of_a_wheel_are_held_against_its_manifest(tmp_path: Path) -> None:
    other = ENTRY_POINTS.replace("greeter = greeter.plugin:Greeter", "hello = greeter.plugin:Hello")
    report = validate_path(wheel(tmp_path, changes={f"{INFO}/entry_points.txt": other}))
    assert [(each.rule, each.where.file.name, each.where.line) for each in report.diagnostics] == [
        ("LA204", "plugin-manifest.yaml", 7),
        ("LA205", "entry_points.txt", 5),
    ]


def test_findings_in_an_sdist_name_the_member(tmp_path: Path) -> None:
    files = {**SDIST, "localagent_greeter-1.0/pyproject.toml": PYPROJECT.replace('"1.0"', '"2.0"')}
    report = validate_path(sdist(tmp_path, files))
    inner = "greeter-1.0.tar.gz/localagent_greeter-1.0/greeter/plugin-manifest.yaml"
    assert places(report) == [("LA203", inner, 2, 10)]


def test_a_wheel_without_a_manifest_has_that_one_finding(tmp_path: Path) -> None:
    file = wheel(tmp_path)
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(tmp_path / "b-1.0-py3-none-any.whl", "w") as archive:
        for name in whole.namelist():
            if not name.endswith(".yaml"):
                archive.writestr(name, whole.read(name))
    report = validate_path(tmp_path / "b-1.0-py3-none-any.whl")
    assert places(report) == [("LA101", "b-1.0-py3-none-any.whl/greeter/plugin-manifest.yaml", 1, 1)]


@pytest.mark.parametrize("name", ["../out.py", "/out.py", "greeter/../../out.py", "C:/out.py", "..\\out.py"])
def test_a_member_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    for report in (
        validate_path(wheel(inner, changes={name: "x = 1\n"})),
        validate_path(sdist(inner, {**SDIST, name: "x = 1\n"})),
    ):
        assert [each.rule for each in report.diagnostics] == ["LA100"]
        assert "leads out" in report.diagnostics[0].message
        assert report.diagnostics[0].fix
    assert not (tmp_path / "out.py").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_in_an_sdist_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text(MANIFEST.replace("Greets", "Knows"))
    file = sdist(tmp_path, {name: text for name, text in SDIST.items() if not name.endswith("manifest.yaml")})
    with tarfile.open(file) as archive, tarfile.open(tmp_path / "linked.tar.gz", "w:gz") as linked:
        for member in archive:
            linked.addfile(member, archive.extractfile(member))
        link = tarfile.TarInfo("localagent_greeter-1.0/greeter/plugin-manifest.yaml")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        linked.addfile(link)
    assert [each.rule for each in validate_path(tmp_path / "linked.tar.gz").diagnostics] == ["LA101"]


@pytest.mark.parametrize("name", ["a-1.0-py3-none-any.whl", "a-1.0.tar.gz", "a-1.0.zip"])
def test_what_is_no_archive_is_a_finding(tmp_path: Path, name: str) -> None:
    whole = (sdist(tmp_path, SDIST) if name.endswith("gz") else wheel(tmp_path)).read_bytes()
    for data in (b"", b"no archive", whole[: len(whole) // 2]):
        (tmp_path / name).write_bytes(data)
        (finding,) = validate_path(tmp_path / name).diagnostics
        assert (finding.rule, finding.where.file, bool(finding.fix)) == ("LA100", tmp_path / name, True)


def test_what_is_installed_is_judged_where_it_lies(tmp_path: Path) -> None:
    shutil.unpack_archive(wheel(tmp_path), tmp_path / "site", "zip")
    plugin = tmp_path / "site" / "greeter" / "plugin.py"
    # Somebody else's package beside it, which no dependency brings.
    shutil.copytree(plugin.parent, tmp_path / "site" / "elsewhere")
    plugin.write_text("import elsewhere\nimport greeter\n" + PLUGIN)
    report = validate_path(tmp_path / "site" / INFO)
    assert places(report) == [("LA307", "greeter/plugin.py", 1, 1)]


def _place(diagnostic: Diagnostic, root: Path) -> tuple[str, str, int | None, int | None]:
    where = diagnostic.where
    return diagnostic.rule, where.file.relative_to(root).as_posix(), where.line, where.column
