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
from localagent.manifest.model import (
    ENTRY_POINT_GROUPS,
    SMALLEST_MANIFEST,
    Manifest,
    find_manifest,
    manifest_in,
    read_manifest,
)
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
UNKNOWN_KEY = "correct or remove it; a key that begins with 'x-' is yours to use"


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
    assert (read.author, read.license, read.homepage) == ("Somebody", "MIT", "https://example.org/project-tools")
    assert (read.features, read.tags, read.plugin_types) == (("Looking",), ("project",), ("command", "ui"))
    assert (read.file, read.schema_version) == (Path("plugin-manifest.yaml"), 1)


def test_the_smallest_manifest_has_defaults_for_the_rest() -> None:
    read = manifest(SMALLEST_MANIFEST)
    assert read.schema_version == 1
    assert read.compatibility.python_min_version == ""
    assert read.testing == model.Testing()
    assert read.reload == "make-before-break"


@pytest.mark.parametrize("tier", ["bronze", "silver", "gold", "platinum"])
def test_each_tier_may_be_asked_for(tier: str) -> None:
    assert manifest(f"{SMALLEST_MANIFEST}testing: {{conformance: {tier}}}\n").testing == model.Testing(conformance=tier)


@pytest.mark.parametrize("way", ["make-before-break", "break-before-make"])
def test_each_way_to_reload_may_be_asked_for(way: str) -> None:
    assert manifest(f"{SMALLEST_MANIFEST}reload: {way}\n").reload == way


@pytest.mark.parametrize("percent", [0, 0.5, 1, 99.5, 100])
def test_each_percentage_may_be_asked_for(percent: float) -> None:
    read = manifest(f"{SMALLEST_MANIFEST}testing: {{coverage_threshold: {percent}}}\n")
    assert read.testing.coverage_threshold == percent


@pytest.mark.parametrize("percent", [-1, -0.5, 100.5, 101])
def test_no_other_percentage_may_be_asked_for(percent: float) -> None:
    with pytest.raises(ManifestError, match="must be a number from 0 to 100") as caught:
        manifest(f"{SMALLEST_MANIFEST}testing: {{coverage_threshold: {percent}}}\n")
    assert caught.value.fix == "write, for example, coverage_threshold: 80"


@pytest.mark.parametrize(
    ("old", "key"),
    [("schema_version: 1", "file"), ("      class: project_tools.plugin:ProjectTools", "kind")],
)
def test_what_the_reader_finds_out_itself_cannot_be_written(old: str, key: str) -> None:
    indent = " " * (len(old) - len(old.lstrip()))
    with pytest.raises(ManifestError, match=f"has no key '{key}'"):
        manifest(FULL.replace(old, f"{old}\n{indent}{key}: x"))


@pytest.mark.parametrize(
    ("line", "message", "fix"),
    [
        ("authr: x", "a manifest has no key 'authr', did you mean 'author'?", UNKNOWN_KEY),
        ("zzz: x", "a manifest has no key 'zzz'", UNKNOWN_KEY),
        ("testing: {zzz: x}", "testing has no key 'zzz'", UNKNOWN_KEY),
        ('tags: [""]', "'tags[0]' is empty", "give it a value, or remove the key"),
        ("tags: [1]", "'tags[0]' must be text, but it is a number", 'put it in quotes: "1"'),
        ("tags: [[x]]", "'tags[0]' must be text, but it is a list", "write text"),
        ("tags: x", "'tags' must be a list, but it is text", "make it a list: [x]"),
        ("tags: 1", "'tags' must be a list, but it is a number", "write a list"),
        ("author: {x: y}", "'author' must be text, but it is a mapping", "write text"),
        ("author: 1.10", "'author' must be text, but it is a number", 'put it in quotes: "1.10"'),
        ("author:", "'author' must be text, but it is empty", "give it a value, or remove the key"),
        ("testing: x", "'testing' must be a mapping, but it is text", "write a mapping"),
        (
            "testing: {integration_tests: x}",
            "'testing.integration_tests' must be true or false, but it is text",
            "write true or false",
        ),
        (
            "testing: {conformance: tin}",
            "'testing.conformance' cannot be 'tin'",
            "choose one of: bronze, silver, gold, platinum",
        ),
        ("reload: x", "'reload' cannot be 'x'", "choose one of: make-before-break, break-before-make"),
        ("features: {x: y}", "'features' must be a list, but it is a mapping", "write a list"),
    ],
)
def test_a_line_that_does_not_fit_is_told_with_the_way_out(line: str, message: str, fix: str) -> None:
    with pytest.raises(ManifestError) as caught:
        manifest(f"{SMALLEST_MANIFEST}{line}\n")
    assert (caught.value.message, caught.value.fix) == (message, fix)


@pytest.mark.parametrize(
    ("old", "new", "message", "fix"),
    [
        (
            "my_plugin.plugin:MyPlugin",
            "nothing",
            "'nothing' is not a class as module:Class",
            "write, for example, my_plugin.plugin:MyPlugin",
        ),
        (
            "name: my-plugin\nversion",
            "name: My Plugin\nversion",
            "the name 'My Plugin' must be lower-case letters, digits and single hyphens, and begin with a letter",
            "choose another name, such as my-plugin",
        ),
        ("[command]", "[command, command]", "'plugin_types' has an item twice", "keep one of them"),
        (
            "[command]",
            "[commander]",
            "'plugin_types[0]' cannot be 'commander'",
            "choose one of: command, provider, ui, workflow",
        ),
        ("description: What", "x-what: What", "'description' is missing", "add 'description:' with its value"),
        (
            "    - name: my-plugin\n      class: my_plugin.plugin:MyPlugin",
            "    - my-plugin",
            "'entry_points.commands[0]' must be a mapping, but it is text",
            "write a mapping",
        ),
    ],
)
def test_what_is_wrong_with_the_smallest_manifest_is_told_with_the_way_out(
    old: str, new: str, message: str, fix: str
) -> None:
    assert old in SMALLEST_MANIFEST
    with pytest.raises(ManifestError) as caught:
        manifest(SMALLEST_MANIFEST.replace(old, new))
    assert (caught.value.message, caught.value.fix) == (message, fix)


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


def test_an_empty_manifest_is_answered_with_the_smallest(tmp_path: Path) -> None:
    file = tmp_path / "plugin-manifest.yaml"
    file.touch()
    with pytest.raises(ManifestError) as caught:
        read_manifest(file)
    assert (caught.value.fix or "").endswith(SMALLEST_MANIFEST)


def test_the_manifest_of_a_project_is_in_its_folder_or_in_its_first_package_that_has_one(tmp_path: Path) -> None:
    assert manifest_in(tmp_path) is None
    for package in ("src/far", "beta", "alpha", "bare", "no_package"):
        folder = tmp_path / package
        folder.mkdir(parents=True)
        if package != "no_package":
            (folder / "__init__.py").touch()
    for package in ("no_package", "src/far", "beta", "alpha", "."):
        file = tmp_path / package / "plugin.yml"
        file.touch()
        expected = None if package == "no_package" else file
        assert manifest_in(tmp_path) == expected


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
