"""Building real projects with real backends."""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from cli.packaging.conftest import Workshop, needs_uv
from localagent.errors import PluginError, SystemProblem, UsageError, ValidationError
from localagent_cli.packaging.build import BuiltArtifacts, build_project


def members(artifacts: BuiltArtifacts) -> tuple[set[str], set[str]]:
    """The paths in the sdist, below its root, and in the wheel, without metadata."""
    assert artifacts.sdist is not None
    assert artifacts.wheel is not None
    with tarfile.open(artifacts.sdist) as archive:
        packed = {member.name.partition("/")[2] for member in archive if member.isfile()}
    with zipfile.ZipFile(artifacts.wheel) as wheel:
        return packed, {name for name in wheel.namelist() if ".dist-info" not in name}


def hashes(artifacts: BuiltArtifacts) -> list[str]:
    files = [file for file in (artifacts.sdist, artifacts.wheel) if file]
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


@pytest.mark.parametrize("backend", ["hatchling", "setuptools"])
def test_installed_backend_runs_in_process(workshop: Workshop, tmp_path: Path, backend: str) -> None:
    built = build_project(workshop.project(backend=backend), out=tmp_path / "out")

    packed, wheel = members(built)
    assert built.mode == "in-process"
    assert wheel == {"demo/__init__.py", "demo/plugin.py", "demo/plugin-manifest.yaml"}
    assert {f"src/{path}" for path in wheel} < packed
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"demo-1.0.tar.gz", "demo-1.0-py3-none-any.whl"}


@pytest.mark.parametrize("backend", ["hatchling", "setuptools"])
def test_same_source_gives_the_same_bytes(workshop: Workshop, tmp_path: Path, backend: str) -> None:
    project = workshop.project(backend=backend)
    first = build_project(project, out=tmp_path / "one")
    for number, path in enumerate(sorted(project.rglob("*"))):
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
        path.chmod(0o700 if path.is_dir() else 0o600)
    umask = os.umask(0o077)
    try:
        second = build_project(project, out=tmp_path / "two")
    finally:
        os.umask(umask)

    assert hashes(second) == hashes(first)


@pytest.mark.parametrize("backend", ["hatchling", "setuptools"])
def test_files_have_the_time_of_source_date_epoch(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    built = build_project(workshop.project(backend=backend), out=tmp_path / "out")

    assert built.sdist is not None
    assert built.wheel is not None
    with tarfile.open(built.sdist) as archive:
        assert {member.mtime for member in archive} == {1_700_000_000}
    with zipfile.ZipFile(built.wheel) as wheel:
        assert {info.date_time[:5] for info in wheel.infolist()} == {(2023, 11, 14, 22, 13)}


def test_source_date_epoch_that_is_no_number_is_wrong_usage(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        build_project(workshop.project(), out=tmp_path / "out")


def test_deleted_module_does_not_come_back(workshop: Workshop, tmp_path: Path) -> None:
    project = workshop.project(backend="setuptools")
    gone = project / "src/demo/gone.py"
    gone.write_text("")
    build_project(project, out=project / "dist")
    gone.unlink()
    packed, wheel = members(build_project(project, out=project / "dist"))

    assert "demo/gone.py" not in wheel
    assert not {path for path in packed if path.startswith(("build/", "dist/")) or "gone" in path}
    assert {path.name for path in project.iterdir()} == {"dist", "pyproject.toml", "src"}


def test_git_decides_what_belongs_to_the_project(workshop: Workshop, tmp_path: Path) -> None:
    project = workshop.project()
    for name in ("ignored.py", "untracked.py", "tracked.py", "deleted.py"):
        (project / "src/demo" / name).write_text("")
    (project / ".gitignore").write_text("ignored.py\n")
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    subprocess.run(["git", "add", "src/demo/tracked.py", "src/demo/deleted.py"], cwd=project, check=True)
    (project / "src/demo/deleted.py").unlink()
    _, wheel = members(build_project(project, out=tmp_path / "out"))

    extra = {path.removeprefix("demo/") for path in wheel} - {"__init__.py", "plugin.py", "plugin-manifest.yaml"}
    assert extra == {"tracked.py", "untracked.py"}


def test_project_in_a_folder_that_git_ignores_is_built(workshop: Workshop, tmp_path: Path) -> None:
    project = workshop.project()
    (tmp_path / ".gitignore").write_text("projects\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)

    assert "demo/plugin.py" in members(build_project(project, out=tmp_path / "out"))[1]


def test_leftovers_and_environments_are_not_packed(workshop: Workshop, tmp_path: Path) -> None:
    project = workshop.project()
    for path in ("build/lib/x.py", "dist/old.whl", ".venv/x.py", "env/pyvenv.cfg", "src/demo/__pycache__/x.pyc"):
        (project / path).parent.mkdir(parents=True)
        (project / path).write_text("")
    packed, _ = members(build_project(project, out=tmp_path / "out"))

    assert packed == {
        "PKG-INFO", "pyproject.toml", "src/demo/__init__.py", "src/demo/plugin.py", "src/demo/plugin-manifest.yaml",
    }  # fmt: skip


def test_links_to_files_become_files(workshop: Workshop, tmp_path: Path) -> None:
    project = workshop.project()
    (tmp_path / "shared.py").write_text("SHARED = True\n")
    (project / "src/demo/shared.py").symlink_to(tmp_path / "shared.py")
    (project / "dangling").symlink_to(tmp_path / "nowhere")
    built = build_project(project, out=tmp_path / "out", sdist=False)

    assert built.sdist is None
    assert built.wheel is not None
    with zipfile.ZipFile(built.wheel) as wheel:
        assert wheel.read("demo/shared.py") == b"SHARED = True\n"


def test_failing_backend_is_a_plugin_error_with_its_last_lines(workshop: Workshop, tmp_path: Path) -> None:
    project = workshop.project(backend="setuptools")
    (project / "setup.py").write_text("print('about to fail')\nraise RuntimeError('no luck today')\n")

    with pytest.raises(PluginError, match=r"(?s)RuntimeError: no luck today.*about to fail"):
        build_project(project, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_backend_that_exits_does_not_end_this_process(workshop: Workshop, tmp_path: Path) -> None:
    project = workshop.project(backend="setuptools")
    (project / "setup.py").write_text("import sys\nsys.exit('I leave')\n")

    with pytest.raises(PluginError, match="exited when trying to invoke"):
        build_project(project, out=tmp_path / "out")


@pytest.mark.parametrize(
    "text", ["[build-system]\nrequires = 3\n", "[build-system\n", "[project]\nname = 'x'\nversion = 'not a version'\n"]
)
def test_bad_pyproject_is_a_plugin_error(tmp_path: Path, text: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(text)

    with pytest.raises(PluginError) as caught:
        build_project(project, out=tmp_path / "out")
    assert "localagent-build-" not in f"{caught.value.message} {caught.value.file}"


def test_folder_that_is_no_project_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a project"):
        build_project(tmp_path, out=tmp_path / "out")


def test_wheel_that_breaks_a_rule_is_not_delivered(workshop: Workshop, tmp_path: Path) -> None:
    project = workshop.project()
    (project / "src/demo/plugin-manifest.yaml").unlink()

    with pytest.raises(ValidationError, match=r"plugin-manifest\.yaml is not in demo"):
        build_project(project, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("backend", ["hatchling", "setuptools"])
def test_strict_build_makes_the_wheel_of_what_the_sdist_holds(workshop: Workshop, tmp_path: Path, backend: str) -> None:
    project = workshop.project(backend=backend)
    plain = build_project(project, out=tmp_path / "plain")
    strict = build_project(project, out=tmp_path / "strict", strict=True)

    assert members(strict) == members(plain)
    assert hashes(strict) == hashes(plain)


def test_strict_build_finds_what_the_sdist_lacks(workshop: Workshop, tmp_path: Path) -> None:
    project = workshop.project(extra='[tool.hatch.build.targets.sdist]\nexclude = ["plugin-manifest.yaml"]\n')
    build_project(project, out=tmp_path / "out", sdist=False)
    with pytest.raises(ValidationError, match=r"plugin-manifest\.yaml is not in"):
        build_project(project, out=tmp_path / "out", strict=True)


def test_what_the_backend_installs_is_told(workshop: Workshop, tmp_path: Path) -> None:
    told: list[str] = []
    build_project(workshop.project(), out=tmp_path / "out", tell=told.append)
    assert told == []


def test_this_process_is_as_before(workshop: Workshop, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    project = workshop.project(backend="setuptools")
    (project / "beside.py").write_text("VALUE = 1\n")
    (project / "setup.py").write_text(
        "import os, sys\nsys.path.insert(0, os.getcwd())\nimport beside, setuptools\nos.environ['LEFT'] = '1'\n"
        "print('printed')\nos.system('echo from a child')\nsetuptools.setup()\n"
    )
    before = process_state()
    build_project(project, out=tmp_path / "out")

    assert process_state() == before
    assert "beside" not in sys.modules
    assert capfd.readouterr() == ("", "")


def process_state() -> list[object]:
    root = logging.getLogger()
    umask = os.umask(0o022)
    os.umask(umask)
    return [
        Path.cwd(), dict(os.environ), sys.argv[:], sys.path[:], sys.meta_path[:], root.handlers[:], root.level, umask,
    ]  # fmt: skip


def test_backend_in_the_project_runs_and_is_forgotten(workshop: Workshop, tmp_path: Path) -> None:
    for word in ("one", "two"):
        project = workshop.project(word)
        text = (project / "pyproject.toml").read_text(encoding="utf-8")
        text = text.replace('"hatchling.build"', '"inside"\nbackend-path = ["tools"]')
        (project / "pyproject.toml").write_text(text, encoding="utf-8")
        (project / "tools").mkdir()
        (project / "tools/inside.py").write_text(
            f"import pathlib\nfrom hatchling.build import *\npathlib.Path('src/{word}/made.py').write_text('')\n"
        )
        assert f"{word}/made.py" in members(build_project(project, out=tmp_path / "out"))[1]


@pytest.mark.parametrize("installer", ["pip", pytest.param("uv", marks=needs_uv)])
def test_isolated_build_takes_its_requirements_from_the_index(
    workshop: Workshop, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, installer: str
) -> None:
    """A backend that is not installed here, from a folder that stands for the index."""
    if installer == "pip":
        monkeypatch.setitem(sys.modules, "uv", None)
        monkeypatch.setenv("PATH", os.defpath)
    workshop.raw_wheel({"own_backend.py": OWN_BACKEND}, name="own-backend", version="1.0", folder=workshop.index)
    project = workshop.project()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["own-backend"]\nbuild-backend = "own_backend"\n', encoding="utf-8"
    )
    built = build_project(project, out=tmp_path / "out", sdist=False)

    assert built.mode == "isolated"
    assert built.wheel
    with zipfile.ZipFile(built.wheel) as wheel:
        assert wheel.read("demo/installer.txt").decode().strip() == installer
    assert "own_backend" not in sys.modules


def test_setup_requires_is_heeded(workshop: Workshop, tmp_path: Path, home: Path) -> None:
    project = workshop.project(backend="setuptools")
    (project / "setup.cfg").write_text("[options]\nsetup_requires = la-nowhere\n", encoding="utf-8")

    with pytest.raises(SystemProblem, match="cannot install what the build needs"):
        build_project(project, out=tmp_path / "out")


def test_build_requirement_that_cannot_be_had_is_a_system_problem(
    workshop: Workshop, tmp_path: Path, home: Path
) -> None:
    project = workshop.project()
    (project / "pyproject.toml").write_text('[build-system]\nrequires = ["la-nowhere"]\n', encoding="utf-8")

    with pytest.raises(SystemProblem, match="la-nowhere"):
        build_project(project, out=tmp_path / "out")


def test_missing_extra_is_named_with_the_command_that_installs_it(workshop: Workshop, tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['build'] = None\n"
        "from pathlib import Path; from localagent.errors import MissingExtra\n"
        "from localagent_cli.packaging.build import build_project\n"
        f"try: build_project(Path({str(workshop.project())!r}), out=Path({str(tmp_path)!r}))\n"
        "except MissingExtra as error: print(error.message, error.fix, sep='; ')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("dev build needs the extra 'dev', which is not installed; python -m pip install")


OWN_BACKEND = """
import base64, hashlib, pathlib, zipfile
from importlib.metadata import distribution

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = {f"demo/{path.name}": path.read_text() for path in pathlib.Path("src/demo").iterdir()}
    files["demo/installer.txt"] = distribution("own-backend").read_text("INSTALLER")
    files["demo-1.0.dist-info/METADATA"] = "Metadata-Version: 2.1\\nName: demo\\nVersion: 1.0\\n"
    files["demo-1.0.dist-info/WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files["demo-1.0.dist-info/entry_points.txt"] = "[localagent.plugins.commands]\\ndemo = demo.plugin:Demo\\n"
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        record += f"{name},sha256={digest},{len(text.encode())}\\n"
    files["demo-1.0.dist-info/RECORD"] = record + "demo-1.0.dist-info/RECORD,,\\n"
    name = "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name
"""
