from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from localagent.errors import ManifestError
from localagent.manifest import model
from localagent.manifest.document import parse_document
from localagent.manifest.model import ENTRY_POINT_GROUPS, SMALLEST_MANIFEST, Manifest, find_manifest, read_manifest
from localagent.manifest.schema import load_schema

FULL = """\
schema_version: 1
name: project-tools
version: "2.1"
description: Looks at projects
author: Somebody
license: MIT
homepage: https://example.org/project-tools
compatibility:
  localagent_min_version: "1.0.0"
  localagent_max_version: "2"
  python_min_version: "3.11"
  python_max_version: "3.14"
plugin_types: [command, ui]
entry_points:
  commands:
    - name: project-tools
      class: project_tools.plugin:ProjectTools
      commands: [{name: look, help: Look around}, {name: tidy}]
      activation: [project.opened]
  ui:
    - {name: project-panels, class: "project_tools.ui:Panels"}
dependencies:
  required: ["rich>=14"]
  optional: ["httpx2>=2"]
  plugins: ["other-plugin>=1"]
configuration:
  schema_file: config/schema.json
  required_settings: [token]
  optional_settings: [depth]
permissions:
  network: [example.org]
  files: read
  process: true
  env: false
features: [Looking]
tags: [project]
testing:
  test_command: pytest -q
  coverage_threshold: 82.5
  integration_tests: true
  conformance: silver
documentation:
  readme: README.md
  docs_url: https://example.org/docs
  api_docs: docs/api.md
reload: break-before-make
x-own: {anything: [goes]}
"""


def manifest(text: str) -> Manifest:
    return model.manifest_of(parse_document(text.encode(), Path("plugin-manifest.yaml")))


def test_every_field_of_a_full_manifest_is_read() -> None:
    read = manifest(FULL)
    assert (read.name, read.version, read.description) == ("project-tools", "2.1", "Looks at projects")
    command, panels = read.entry_points
    assert command == model.EntryPoint(
        kind="command",
        name="project-tools",
        target="project_tools.plugin:ProjectTools",
        commands=(model.DeclaredCommand("look", "Look around"), model.DeclaredCommand("tidy")),
        activation=("project.opened",),
    )
    assert panels == model.EntryPoint("ui", "project-panels", "project_tools.ui:Panels")
    assert read.compatibility == model.Compatibility("1.0.0", "2", "3.11", "3.14")
    assert read.dependencies == model.Dependencies(("rich>=14",), ("httpx2>=2",), ("other-plugin>=1",))
    assert read.configuration == model.Configuration("config/schema.json", ("token",), ("depth",))
    assert read.permissions == model.Permissions(("example.org",), ("read",), process=True)
    assert read.testing == model.Testing("pytest -q", 82.5, integration_tests=True, conformance="silver")
    assert read.documentation == model.Documentation("README.md", "https://example.org/docs", "docs/api.md")
    assert read.reload == "break-before-make"


def test_the_smallest_manifest_has_defaults_for_the_rest() -> None:
    read = manifest(SMALLEST_MANIFEST)
    assert read.schema_version == 1
    assert read.compatibility.python_min_version == ""
    assert read.testing.coverage_threshold is None
    assert read.reload == "make-before-break"


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ('version: "2.1"', "version: 1.10", "3:10", "must be text, but it is a number"),
        ("name: project-tools", "name: ../evil", "2:7", "lower-case letters"),
        ("name: project-tools", 'name: ""', "2:7", "'name' is empty"),
        ("[command, ui]", "[]", "13:15", "is empty"),
        ("[command, ui]", "[ui, command, ui]", "13:15", "an item twice"),
        ("tags: [project]", 'tags: [""]', "36:8", "'tags[0]' is empty"),
        ("description: Looks at projects\n", "", "1:1", "'description' is missing"),
        ("      class: project_tools.plugin:ProjectTools\n", "", "16:7", "class' is missing"),
        ("project_tools.plugin:ProjectTools", "..evil", "17:14", "module:Class"),
        ("  commands:", "  commandz:", "15:3", "did you mean 'commands'?"),
        ("[command, ui]", "[command, uii]", "13:25", "cannot be 'uii'"),
        ("tags: [project]", "tags: project", "36:7", "must be a list"),
        ("tags: [project]", "tags: [1]", "36:8", "must be text"),
        ("82.5", "182", "39:23", "from 0 to 100"),
        ("82.5", "true", "39:23", "from 0 to 100"),
        ("integration_tests: true", "integration_tests: yes", "40:22", "must be true or false"),
        ("schema_version: 1", "schema_version: 2", "1:17", "cannot be '2'"),
        ("schema_version: 1", "schema_version: true", "1:17", "cannot be 'True'"),
        ("conformance: silver", "conformance: tin", "41:16", "cannot be 'tin'"),
        ("files: read", "files: {read: all}", "32:10", "must be a list"),
        ("{name: tidy}", "tidy", "18:51", "must be a mapping"),
    ],
)
def test_a_misfit_is_refused_at_its_place(old: str, new: str, place: str, words: str) -> None:
    assert old in FULL
    with pytest.raises(ManifestError) as caught:
        manifest(FULL.replace(old, new, 1))
    assert words in caught.value.message
    assert caught.value.place == f"plugin-manifest.yaml:{place}"
    assert caught.value.fix


def test_an_unquoted_version_is_answered_with_quotes() -> None:
    with pytest.raises(ManifestError) as caught:
        manifest(FULL.replace('"2.1"', "2.10"))
    assert caught.value.fix == 'put it in quotes: "2.10"'


def test_the_full_manifest_fits_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(load_schema())
    document = parse_document(FULL.encode(), Path("plugin-manifest.yaml"))
    jsonschema.validate(document.data, load_schema())


SECTIONS = {
    Manifest: (),
    model.Compatibility: ("compatibility",),
    model.Dependencies: ("dependencies",),
    model.Configuration: ("configuration",),
    model.Permissions: ("permissions",),
    model.Testing: ("testing",),
    model.Documentation: ("documentation",),
}
DEFINITIONS = {model.EntryPoint: "entry_point", model.DeclaredCommand: "command"}
NOT_IN_THE_FILE = {Manifest: {"file"}, model.EntryPoint: {"kind"}}


def schema_of(table: type[Any]) -> dict[str, Any]:
    schema: dict[str, Any] = load_schema()
    if table in DEFINITIONS:
        definition: dict[str, Any] = schema["$defs"][DEFINITIONS[table]]
        return definition
    for key in SECTIONS[table]:
        schema = schema["properties"][key]
    return schema


@pytest.mark.parametrize("table", [*SECTIONS, *DEFINITIONS])
def test_model_and_schema_have_the_same_fields(table: type[Any]) -> None:
    fields = [field for field in dataclasses.fields(table) if field.name not in NOT_IN_THE_FILE.get(table, set())]
    schema = schema_of(table)
    assert {field.metadata.get("key", field.name) for field in fields} == set(schema["properties"])
    required = {
        field.metadata.get("key", field.name)
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    assert required == set(schema.get("required", []))
    assert schema["additionalProperties"] is False
    assert "^x-" in schema["patternProperties"]


def test_groups_of_entry_points_are_those_of_the_schema() -> None:
    assert set(ENTRY_POINT_GROUPS) == set(load_schema()["properties"]["entry_points"]["properties"])


def test_every_field_of_the_schema_is_described() -> None:
    def undescribed(schema: dict[str, Any], path: str) -> list[str]:
        properties = schema.get("properties", {})
        here = [] if schema.get("title") and schema.get("description") else [path]
        return here + [found for key, inner in properties.items() for found in undescribed(inner, f"{path}/{key}")]

    schema = load_schema()
    assert undescribed(schema, "") == []
    assert [found for key, inner in schema["$defs"].items() for found in undescribed(inner, key)] == []


def test_a_manifest_is_found_by_either_name(tmp_path: Path) -> None:
    assert find_manifest(tmp_path) is None
    (tmp_path / "plugin.yaml").write_text(SMALLEST_MANIFEST, encoding="utf-8")
    assert find_manifest(tmp_path) == tmp_path / "plugin.yaml"
    (tmp_path / "plugin-manifest.yaml").write_text(SMALLEST_MANIFEST, encoding="utf-8")
    found = find_manifest(tmp_path)
    assert found == tmp_path / "plugin-manifest.yaml"
    assert read_manifest(found).file == found


def test_reading_a_manifest_loads_no_schema_library(tmp_path: Path) -> None:
    file = tmp_path / "plugin-manifest.yaml"
    file.write_text(FULL, encoding="utf-8")
    program = (
        "import sys; from pathlib import Path; from localagent.manifest.model import read_manifest\n"
        "assert 'ruamel.yaml' not in sys.modules\n"
        "read_manifest(Path(sys.argv[1]))\n"
        "print(sorted({'jsonschema', 'packaging', 'asyncio', 'typer'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, file], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
