"""The template is one that anybody's Copier can use, and that a wheel can hold."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from localagent.manifest import schema
from localagent_cli.scaffold import create_plugin
from localagent_templates import KINDS, template_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def questions() -> dict[str, Any]:
    with (template_root() / "copier.yml").open(encoding="utf-8") as file:
        loaded: dict[str, Any] = YAML(typ="safe").load(file)
    return loaded


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def copier_copy(target: Path, **answers: str) -> subprocess.CompletedProcess[str]:
    data = [word for question, text in answers.items() for word in ("--data", f"{question}={text}")]
    return subprocess.run(
        [sys.executable, "-m", "copier", "copy", "--defaults", "--quiet", *data, template_root(), target],
        env={**os.environ, "COPIER_SETTINGS_PATH": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_kinds_are_those_the_template_offers() -> None:
    assert set(KINDS) == set(questions()["kind"]["choices"].values())


def test_nothing_in_the_template_wants_trust() -> None:
    assert not {"_tasks", "_migrations", "_jinja_extensions"} & set(questions())


def test_no_file_of_the_template_looks_like_source_code() -> None:
    """pip compiles what ends in .py, and a folder named build or dist is left out of a wheel."""
    project = template_root() / "project"
    assert all(path.suffix == ".jinja" for path in project.rglob("*") if path.is_file())
    assert not {"build", "dist"} & {path.name for path in project.rglob("*")}


def test_parts_are_no_source_code_either() -> None:
    assert all(path.suffix == ".jinja" for path in (template_root() / "parts").rglob("*") if path.is_file())


def test_editors_get_the_schema_of_manifests_that_is_checked() -> None:
    copied = template_root() / "project" / ".vscode" / "plugin-manifest.schema.json.jinja"
    assert copied.read_bytes() == Path(schema.__file__).with_name(schema.SCHEMA_FILE).read_bytes()


def test_a_wheel_of_localagent_holds_the_whole_template(tmp_path: Path) -> None:
    source = Path(__file__).parents[2]
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("localagent_templates/current/")}
    assert packed == {f"localagent_templates/current/{name}" for name in contents(template_root())}


def test_plain_copier_makes_the_same_plugin_without_trust(tmp_path: Path) -> None:
    text = 'Says "hi" {{ name }}'
    ours = create_plugin("notes", "command", into=tmp_path / "ours", description=text, author="Ada")
    copied = copier_copy(tmp_path / "theirs", name="notes", description=text, author="Ada")
    assert copied.returncode == 0, copied.stderr
    assert contents(tmp_path / "theirs") == contents(ours.path)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("name", "My_Plugin"),
        ("name", ""),
        ("description", "a\u2028b"),
        ("author", " "),
        ("kind", "theme"),
        ("author_email", "ada"),
        ("repository", "ftp://x"),
    ],
)
def test_plain_copier_refuses_what_would_not_work(question: str, answer: str, tmp_path: Path) -> None:
    refused = copier_copy(tmp_path / "made", **{"name": "notes", question: answer})
    assert refused.returncode != 0
    assert not (tmp_path / "made").exists()


def test_the_answers_tell_the_version_and_not_the_place(tmp_path: Path) -> None:
    created = create_plugin("notes", "command", into=tmp_path, author="Ada")
    answers = YAML(typ="safe").load(created.path / ".copier-answers.yml")
    assert answers["_src_path"] == "localagent-templates"
    assert answers["_commit"] == questions()["template_version"]["default"]
    assert answers["name"] == "notes"


def test_texts_reach_each_file(tmp_path: Path) -> None:
    text = 'It\'s "quoted" \\ {{ name }} {% raw %}\nand\tgoes on \U0001f389'
    created = create_plugin("notes", "command", into=tmp_path, description=text, author=text)
    project = tomllib.loads((created.path / "pyproject.toml").read_text("utf-8"))["project"]
    manifest = YAML(typ="safe").load(created.path / "plugin-manifest.yaml")
    one_line = " ".join(text.split())
    assert project["description"] == project["authors"][0]["name"] == one_line
    assert manifest["description"] == manifest["author"] == text
    assert one_line in (created.path / "README.md").read_text("utf-8")
    assert f"Copyright (c) {one_line}\n" in (created.path / "LICENSE").read_text("utf-8")
