"""A rendered plugin of every kind and layout passes the checks that it brings along, builds, and runs."""

from __future__ import annotations

import json
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from localagent.diagnostics.validation import validate_path
from localagent_templates import KINDS
from rendering import ALL, EVERYTHING, LAYOUTS, check_types, render, run

pytestmark = pytest.mark.slow

SAMPLE = [(kind, LAYOUTS[position % 2]) for position, kind in enumerate(KINDS)]
"""Each kind once, for what takes seconds; ``nox -s templates`` does that with all of them."""
LONG = "a-name-that-is-as-long-as-names-may-be-so-that-lines-are-long-to"
ANSWERS = {
    "notes": {"description": 'It\'s "quoted" \\ {{ name }}\nand\tgoes on \U0001f389 ' + "at length " * 12},
    LONG: {"description": 'Ends with a quote"'},
    "my-plugin": {"description": "x" * 100, "python_min_version": "3.13", "license": "proprietary"},
}


@pytest.fixture(params=ALL, ids="-".join)
def plugin(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    kind, layout = request.param
    return render(tmp_path, "word-lab", kind, layout, **EVERYTHING)


@pytest.fixture(params=SAMPLE, ids="-".join)
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    kind, layout = request.param
    return render(tmp_path, "word-lab", kind, layout, **EVERYTHING)


def package_of(plugin: Path) -> Path:
    """The folder that becomes the import package."""
    return plugin / "word_lab" if (plugin / "word_lab").is_dir() else plugin


def text_files(plugin: Path) -> list[Path]:
    return [path for path in plugin.rglob("*") if path.is_file()]


def test_no_rule_of_ours_objects(plugin: Path) -> None:
    assert validate_path(plugin).diagnostics == ()


def test_types_hold(sample: Path, type_cache: Path) -> None:
    check_types(cache=type_cache, at=sample)


def test_its_tests_pass_and_cover_it_with_warnings_as_errors(sample: Path) -> None:
    run("coverage", "run", "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", at=sample)
    run("coverage", "report", at=sample)


def test_the_first_command_of_its_readme_runs(plugin: Path, tmp_path: Path) -> None:
    readme = (plugin / "README.md").read_text("utf-8")
    (words,) = (line.split()[4:] for line in readme.splitlines() if line.startswith("$ localagent dev run . "))
    assert run("localagent_cli", "dev", "run", *words, at=plugin, LOCALAGENT_HOME=str(tmp_path / "home"))


@pytest.mark.parametrize(("kind", "layout"), ALL)
@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_is_answered_lint_and_format_find_nothing(kind: str, layout: str, name: str, tmp_path: Path) -> None:
    made = render(tmp_path, name, kind, layout, **ANSWERS[name])
    run("ruff", "check", "--no-cache", ".", at=made)
    run("ruff", "format", "--no-cache", "--check", ".", at=made)
    assert validate_path(made).diagnostics == ()


@pytest.mark.parametrize(("kind", "layout"), SAMPLE)
def test_it_builds_into_a_wheel_without_tests_and_tools(kind: str, layout: str, tmp_path: Path) -> None:
    made = render(tmp_path, "word-lab", kind, layout, **EVERYTHING)
    run("build", "--no-isolation", "--outdir", "dist", at=made)
    (wheel,) = (made / "dist").glob("*.whl")
    (sdist,) = (made / "dist").glob("*.tar.gz")
    assert wheel.name == "localagent_word_lab-1.0.0-py3-none-any.whl"
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    if layout == "flat":
        modules = ("__init__.py", "plugin.py", "plugin-manifest.yaml", "config_schema.json", "py.typed")
        assert names == {f"word_lab/{name}" for name in modules}
    else:
        inside = [path for path in (made / "word_lab").rglob("*") if path.is_file() and path.suffix != ".pyc"]
        assert names == {path.relative_to(made).as_posix() for path in inside}
    with tarfile.open(sdist) as archive:
        packed = {Path(name).relative_to(Path(name).parts[0]).as_posix() for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "tests/test_plugin.py"} <= packed


def test_versions_requirements_and_settings_agree(plugin: Path) -> None:
    project = tomllib.loads((plugin / "pyproject.toml").read_text("utf-8"))["project"]
    manifest = YAML(typ="safe").load(package_of(plugin) / "plugin-manifest.yaml")
    schema = json.loads((package_of(plugin) / manifest["configuration"]["schema_file"]).read_text("utf-8"))
    assert project["version"] == manifest["version"]
    assert project["license"] == manifest["license"]
    assert project["requires-python"] == f">={manifest['compatibility']['python_min_version']}"
    assert project["dependencies"] == manifest.get("dependencies", {}).get("required", [])
    assert set(manifest["configuration"]["optional_settings"]) == set(schema["properties"])
    assert project["authors"] == [{"name": 'Zo\u00eb "Z"', "email": EVERYTHING["author_email"]}]
    assert manifest["homepage"] == project["urls"]["Homepage"] == EVERYTHING["repository"]


def test_every_file_ends_with_one_line_end_and_no_line_with_spaces(plugin: Path) -> None:
    for path in text_files(plugin):
        text = path.read_text("utf-8")
        assert not text or (text.endswith("\n") and not text.endswith("\n\n")), path
        assert not any(line != line.rstrip() for line in text.splitlines()), path


def test_every_data_file_can_be_parsed(plugin: Path) -> None:
    for path in text_files(plugin):
        if path.suffix in {".yml", ".yaml"}:
            assert YAML(typ="safe").load(path) is not None, path
        if path.suffix == ".json":
            assert json.loads(path.read_text("utf-8")), path


def test_what_was_not_asked_for_is_not_there(tmp_path: Path) -> None:
    bare = render(tmp_path, "bare", "command", "flat", ci="false", docker="false")
    assert not {".github", "Dockerfile", ".dockerignore", "docs", "examples"} & {path.name for path in bare.iterdir()}


@pytest.mark.parametrize("license_", ["MIT", "Apache-2.0", "BSD-3-Clause", "proprietary"])
def test_a_licence_is_in_the_metadata_and_in_its_file(license_: str, tmp_path: Path) -> None:
    made = render(tmp_path, "notes", "command", "flat", license=license_)
    project = tomllib.loads((made / "pyproject.toml").read_text("utf-8"))["project"]
    text = (made / "LICENSE").read_text("utf-8")
    is_public = license_ != "proprietary"
    assert project["license"] == (license_ if is_public else "LicenseRef-Proprietary")
    assert ("Private :: Do Not Upload" in project["classifiers"]) is not is_public
    assert (made / ".github/workflows/release.yml").exists() is is_public
    assert ("Apache License" if license_ == "Apache-2.0" else 'Copyright (c) Zo\u00eb "Z"') in text
    assert validate_path(made).diagnostics == ()


@pytest.mark.parametrize(
    ("oldest", "tested"), [("3.11", ["3.11", "3.12", "3.13"]), ("3.12", ["3.12", "3.13"]), ("3.13", ["3.13"])]
)
def test_tests_run_on_every_python_from_the_oldest_on(oldest: str, tested: list[str], tmp_path: Path) -> None:
    made = render(tmp_path, "notes", "command", "package", python_min_version=oldest)
    project = tomllib.loads((made / "pyproject.toml").read_text("utf-8"))["project"]
    workflow = YAML(typ="safe").load(made / ".github/workflows/tests.yml")
    listed = [name.rpartition(" ")[2] for name in project["classifiers"] if name[-1].isdigit() and "3." in name]
    assert workflow["jobs"]["tests"]["strategy"]["matrix"]["python"] == listed == tested
    assert f"@nox.session(python={json.dumps(tested)})" in (made / "noxfile.py").read_text("utf-8")
