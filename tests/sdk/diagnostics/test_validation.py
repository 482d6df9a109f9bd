from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localagent.diagnostics.catalogue import rules
from localagent.diagnostics.choosing import EVERYONES
from localagent.diagnostics.edits import Edit
from localagent.diagnostics.validation import STATIC_FAMILIES, Report, validate_path
from localagent.errors import ManifestError
from localagent.manifest.document import parse_document
from localagent.manifest.model import SMALLEST_MANIFEST, manifest_of

MANIFEST = """\
name: project-tools
version: "1.0.0"
description: Looks at projects
homepage: https://example.org/project-tools

compatibility:
  localagent_min_version: "1.0.0"
  python_min_version: "3.9"

plugin_types:
  - command
  - ui

entry_points:
  commands:
    - name: project-tools
      class: "project_tools.plugin:ProjectTools"
  ui:
    - name: project-panels
      class: project_tools.ui:Panels

dependencies:
  required: ["elsewhere", "other-distribution>=1", "rich>=14"]
  optional: []

configuration:
  schema_file: config/schema.json
  optional_settings: [depth]

testing:
  coverage_threshold: 80
  integration_tests: true

documentation:
  readme: README.md
  api_docs: docs/api.md
"""
PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "localagent-project-tools"
version = "1.0"
dependencies = ["elsewhere", "other-distribution>=1", "rich>=14"]

[project.entry-points."localagent.plugins.commands"]
project-tools = "project_tools.plugin:ProjectTools"

[project.entry-points."localagent.plugins.ui"]
project-panels = "project_tools.ui:Panels"
"""
PLUGIN = """\
from localagent import CommandPlugin as Base

raise SystemExit("a check must never run this")


class Named(Base):
    @property
    def name(self) -> str:
        return "project-tools"


class ProjectTools(Named):
    async def initialize(self, context):
        return True

    def register_commands(self, app):
        pass
"""
PANELS = """\
try:
    from localagent import UIPlugin
except ImportError:
    UIPlugin = object


class Panels(UIPlugin):
    name: str = "project-panels"
    get_ui_components = dict
"""
TREE = {
    "pyproject.toml": PYPROJECT,
    "README.md": "# Tools\n",
    "docs/api.md": "# API\n",
    "project_tools/__init__.py": "",
    "project_tools/plugin.py": PLUGIN,
    "project_tools/ui.py": "from ._panels import Panels\n",
    "project_tools/_panels.py": PANELS,
    "project_tools/plugin-manifest.yaml": MANIFEST,
    "project_tools/config/schema.json": '{"properties": {"depth": {"type": "integer", "default": 3}}}',
}


def plant(root: Path, tree: dict[str, str]) -> Path:
    for name, text in tree.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def ids(report: Report) -> list[str]:
    return [diagnostic.rule for diagnostic in report.diagnostics]


@pytest.mark.parametrize("prefix", ["", "src/"])
def test_a_good_tree_in_package_layout_has_no_findings(tmp_path: Path, prefix: str) -> None:
    tree = {(prefix + name if name.startswith("project_tools") else name): text for name, text in TREE.items()}
    report = validate_path(plant(tmp_path, tree), strict=True)
    assert report.diagnostics == ()
    assert not report.failed()
    applied = [rule for family in STATIC_FAMILIES for rule in rules(family) if EVERYONES.takes(rule)]
    assert report.checked == len(applied)


def test_the_package_folder_stands_for_its_project(tmp_path: Path) -> None:
    report = validate_path(plant(tmp_path, TREE) / "project_tools")
    assert report.root == tmp_path
    assert report.diagnostics == ()


def test_a_manifest_file_is_checked_by_the_manifest_rules_only(tmp_path: Path) -> None:
    plant(tmp_path, TREE | {"project_tools/plugin.py": "class Other: ...\n"})
    report = validate_path(tmp_path / "project_tools" / "plugin-manifest.yaml")
    assert report.diagnostics == ()
    assert report.checked == len([rule for rule in rules("LA1") if EVERYONES.takes(rule)])


def test_of_two_classes_that_one_is_right_which_is_there(tmp_path: Path) -> None:
    manifest = MANIFEST.replace("project_tools.plugin:", "project_tools.plugn:")
    report = validate_path(plant(tmp_path, TREE | {"project_tools/plugin-manifest.yaml": manifest}))
    assert ids(report) == ["LA204", "LA301"]
    assert report.diagnostics[0].fix == "write class: project_tools.plugin:ProjectTools"
    assert report.diagnostics[0].edit == Edit("project_tools.plugin:ProjectTools", "project_tools.plugn:ProjectTools")


def test_a_manifest_that_came_alone_is_not_asked_for_its_files(tmp_path: Path) -> None:
    report = validate_path(plant(tmp_path, {"plugin-manifest.yaml": MANIFEST}) / "plugin-manifest.yaml")
    assert report.diagnostics == ()


@pytest.mark.parametrize("path", [".", "plugin-manifest.yaml", "nowhere/at-all.yaml"])
def test_a_missing_manifest_is_one_finding_with_the_smallest_one(tmp_path: Path, path: str) -> None:
    report = validate_path(tmp_path / path)
    assert ids(report) == ["LA101"]
    assert SMALLEST_MANIFEST in report.diagnostics[0].fix
    assert report.failed()


def test_the_smallest_manifest_is_valid(tmp_path: Path) -> None:
    assert (
        validate_path(plant(tmp_path, {"plugin-manifest.yaml": SMALLEST_MANIFEST}) / "plugin-manifest.yaml").diagnostics
        == ()
    )


def test_warnings_fail_only_when_strict(tmp_path: Path) -> None:
    tree = {name: text for name, text in TREE.items() if name != "pyproject.toml"} | {"setup.py": ""}
    report = validate_path(plant(tmp_path, tree))
    assert ids(report) == ["LA200"]
    assert not report.failed()
    assert report.failed(strict=True)
    assert validate_path(tmp_path, strict=True).failed()


def test_findings_of_all_files_come_in_reading_order(tmp_path: Path) -> None:
    broken = MANIFEST.replace("project-panels", "Panels!").replace("readme: README.md", "readme: ../x")
    plugin = PLUGIN.replace("async def", "def")
    toml = PYPROJECT.replace("plugins.ui", "plugin.ui")
    plant(
        tmp_path,
        TREE
        | {
            "project_tools/plugin-manifest.yaml": broken.replace("description:", "summary:"),
            "project_tools/plugin.py": plugin,
            "pyproject.toml": toml,
        },
    )
    report = validate_path(tmp_path)
    assert ids(report) == ["LA102", "LA103", "LA105", "LA204", "LA114", "LA206", "LA304", "LA306"]
    files = [diagnostic.where.file.name for diagnostic in report.diagnostics]
    assert files == ["plugin-manifest.yaml"] * 5 + ["pyproject.toml", "_panels.py", "plugin.py"]


@pytest.mark.parametrize(
    "source",
    [
        "from elsewhere import *\n",
        "from elsewhere import ProjectTools\n",
        "ProjectTools = make_plugin()\n",
        "def __getattr__(name): ...\n",
        "from other_distribution import Base\n\n\nclass ProjectTools(Base):\n    pass\n",
        "class ProjectTools(make_base()):\n    pass\n",
        "from .plugin import ProjectTools\n",
    ],
)
def test_what_only_running_would_tell_is_no_finding(tmp_path: Path, source: str) -> None:
    assert validate_path(plant(tmp_path, TREE | {"project_tools/plugin.py": source})).diagnostics == ()


GOOD_CLASSES = {
    "ready-made": """\
class ProjectTools(EnhancedCommandPlugin):
    name = 'project-tools'
    def register_commands(self, app): ...
""",
    "two ready-made ones, under a condition": """\
if True:
    class ProjectTools(localagent.PersistentPlugin, ConfigurablePlugin):
        name = 'project_tools'
        register_commands = print
""",
    "name set by the constructor": """\
class ProjectTools(CommandPlugin):
    def __init__(self):
        self.name = NAME
    def register_commands(self, app): ...
""",
    "base from elsewhere": """\
class ProjectTools(MyOwnCommandPlugin):
    pass
""",
    "computed name": """\
class ProjectTools(CommandPlugin, Generic[T]):
    name = PREFIX + 'x'
    def register_commands(self, app): ...
""",
    "name by cases": """\
class ProjectTools(CommandPlugin):
    @property
    def name(self):
        if SHORT:
            return 'a'
        return 'b'
    def register_commands(self, app): ...
""",
}


@pytest.mark.parametrize("source", GOOD_CLASSES.values(), ids=GOOD_CLASSES)
def test_every_way_to_write_a_good_class_is_accepted(tmp_path: Path, source: str) -> None:
    assert validate_path(plant(tmp_path, TREE | {"project_tools/plugin.py": source})).diagnostics == ()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("pyproject.toml", b"[project]\nname = '\xff'\n", ["LA201"], id="pyproject is not UTF-8"),
        pytest.param("pyproject.toml", b"a = " + b"[" * 5000, ["LA201"], id="pyproject is nested deeply"),
        pytest.param("pyproject.toml", b"project = 5\n", [], id="pyproject's tables are none"),
        pytest.param(
            "pyproject.toml",
            b'build-system.build-backend = "b"\nproject.name = "other"\nproject.dynamic = ["dependencies"]\n',
            ["LA202", "LA204", "LA204"],
            id="dotted keys",
        ),
        pytest.param("project_tools/plugin.py", b"#" * 2_100_000, ["LA300"], id="source is too large"),
        pytest.param("project_tools/plugin.py", b"x = " + b"(" * 5000, ["LA300"], id="source is nested deeply"),
        pytest.param(
            "project_tools/plugin.py", b"x = " + b"-" * 50_000 + b"1\n", ["LA300"], id="source recurses deeply"
        ),
        pytest.param("project_tools/plugin.py", b"# coding: nonsense\n", ["LA300"], id="source has no known coding"),
        pytest.param("project_tools/config/schema.json", b"\xff", ["LA401"], id="schema is not UTF-8"),
        pytest.param("project_tools/config/schema.json", b'{"properties": 5}', ["LA402"], id="properties are none"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path, name: str, text: bytes, expected: list[str]) -> None:
    (plant(tmp_path, TREE) / name).write_bytes(text)
    report = validate_path(tmp_path)
    assert ids(report) == expected
    assert all(each.where.line and each.where.column and each.fix for each in report.diagnostics)


def test_a_version_of_too_many_digits_is_a_finding(tmp_path: Path) -> None:
    text = MANIFEST.replace('"1.0.0"', f'"1.{"0" * 5000}"', 1)
    report = validate_path(plant(tmp_path, {"plugin-manifest.yaml": text}) / "plugin-manifest.yaml")
    assert ids(report) == ["LA106"]


def test_a_class_that_inherits_from_itself_is_no_endless_loop(tmp_path: Path) -> None:
    source = "class Other(ProjectTools):\n    pass\n\n\nclass ProjectTools(Other):\n    pass\n"
    validate_path(plant(tmp_path, TREE | {"project_tools/plugin.py": source}))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ('{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}', []),
        ('{"$schema": 5}', ["LA402"]),
        ('{"$schema": "http://["}', []),
        ("[" * 100_000, ["LA401"]),
        ('{"a": ' * 5_000 + "1" + "}" * 5_000, ["LA401"]),
        ('{"not": ' * 20 + "{}" + "}" * 20, []),
        ('{"not": ' * 200 + "{}" + "}" * 200, ["LA402"]),
        ('{"properties": {"a": {"pattern": "a{99999999999999999999}"}}}', ["LA402"]),
        ('{"properties": {"a": {"$ref": "#", "default": {"a": {}}}}}', []),
        ('{"allOf": [{"$ref": "#"}], "default": 1}', ["LA403"]),
        ('{"properties": {"a": {"$ref": "#/allOf/0"}}, "allOf": [{"type": "object"}]}', []),
        ('{"$defs": {"x": {"$anchor": "x"}}, "properties": {"a": {"$ref": "#x", "default": 1}}}', []),
        ('{"properties": {"a~/b": {"$ref": "#/properties/a~0~1b/not", "not": {}}}}', []),
        ('{"properties": {"a": {"$id": "https://example.org/a", "$ref": "#/x", "default": 1}}}', ["LA405"]),
        ('{"properties": {"a": {"$ref": "file:///etc/passwd", "default": 1}}}', ["LA405"]),
        ('{"minimum": 1' + "0" * 5000 + "}", ["LA401"]),
        ('{"allOf": [{"default": 1, "type": "string"}]}', ["LA403"]),
    ],
)
def test_no_settings_schema_breaks_the_check(tmp_path: Path, schema: str, expected: list[str]) -> None:
    tree = TREE | {
        "project_tools/config/schema.json": schema,
        "project_tools/plugin-manifest.yaml": MANIFEST.replace("  optional_settings: [depth]\n", ""),
    }
    report = validate_path(plant(tmp_path, tree))
    assert ids(report) == expected
    assert all(diagnostic.where.line and diagnostic.fix for diagnostic in report.diagnostics)


def test_nothing_of_the_plugin_is_imported(tmp_path: Path) -> None:
    plant(tmp_path, TREE)
    program = (
        "import sys; from pathlib import Path; from localagent.diagnostics.validation import validate_path\n"
        "assert not {'jsonschema', 'ruamel.yaml', 'typer', 'rich', 'asyncio'} & set(sys.modules)\n"
        "validate_path(Path('.'))\n"
        "print([name for name in sys.modules if name.startswith('project_tools')])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


PIECES = st.sampled_from(
    [
        *(
            "[",
            "]",
            "{",
            "}",
            ": ",
            ", ",
            "- ",
            "? ",
            "\n",
            "\r",
            "\t",
            "  ",
            '"',
            "'",
            "\\",
            "\\u12",
            "&a ",
            "*a",
            "!!x ",
            "<<: ",
        ),
        *(
            "#",
            "|",
            ">",
            "%",
            "---\n",
            "...\n",
            "\0",
            "\u2028",
            "\x85",
            "\ufeff",
            "~",
            "1.5",
            "x-",
            "..",
            "/",
            "\u00e9",
        ),
    ]
)
MUTATION = st.tuples(st.integers(0, len(MANIFEST)), st.integers(0, 12), st.one_of(PIECES, st.text(max_size=6)))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutations=st.lists(MUTATION, min_size=1, max_size=5))
def test_a_mutated_manifest_gives_findings_with_place_and_fix(
    tmp_path: Path, mutations: list[tuple[int, int, str]]
) -> None:
    text = MANIFEST
    for start, length, piece in mutations:
        text = text[:start] + piece + text[start + length :]
    check(tmp_path / "plugin-manifest.yaml", text.encode("utf-8", "surrogatepass"))


@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_any_bytes_give_findings_with_place_and_fix(tmp_path: Path, data: bytes) -> None:
    check(tmp_path / "plugin-manifest.yaml", data)


def check(file: Path, data: bytes) -> None:
    """The rules say all with place and fix, and the model's reader refuses exactly what they call misshapen."""
    file.write_bytes(data)
    report = validate_path(file)
    assert all(each.where.line and each.where.column and each.fix for each in report.diagnostics)
    misshapen = {"LA100", "LA102", "LA103", "LA104", "LA105", "LA107"} & set(ids(report))
    refusal = refusal_of(file, data)
    assert bool(misshapen) == (refusal is not None)
    if refusal is not None:
        assert refusal.file == file
        assert refusal.line
        assert refusal.column
        assert refusal.fix


def refusal_of(file: Path, data: bytes) -> ManifestError | None:
    try:
        manifest_of(parse_document(data, file))
    except ManifestError as error:
        return error
    return None
