"""A second plugin in a package: it works beside the first, and the package's files keep what they say."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from localagent.errors import ConfigError, LocalAgentError, RefusedError, SystemProblem, UsageError
from localagent_cli.scaffold import add_plugin, applying
from localagent_cli.scaffold.alone import alone
from localagent_cli.scaffold.names import module_for
from localagent_templates import KINDS
from rendering import ALL, check_types, render, run

if TYPE_CHECKING:
    from pathlib import Path

    from plain import Run

pytestmark = pytest.mark.slow

SAMPLE = [("command", "package", "ui"), ("provider", "flat", "workflow")]
"""Each kind and each layout once, the first plugin's or the added one's; the soak has all of them."""
EVERY = [
    pytest.param(*each, kind, marks=[] if (*each, kind) in SAMPLE else pytest.mark.soak)
    for each in ALL
    for kind in KINDS
]

ADD = """
import signal, sys
from pathlib import Path
from localagent_cli.scaffold import add_plugin
signal.signal(signal.SIGINT, signal.default_int_handler)
print("ready", flush=True)
add_plugin(Path(sys.argv[1]), "ui")
"""


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and applying.STAGE not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return render(tmp_path, "notes", "command", "package", ci="false")


@pytest.mark.parametrize(("first", "layout", "kind"), EVERY)
def test_all_that_a_release_needs_holds(first: str, layout: str, kind: str, tmp_path: Path, type_cache: Path) -> None:
    plugin = render(tmp_path, "word-lab", first, layout, ci="false")
    added = add_plugin(plugin, kind, name="more-words")
    home = {"LOCALAGENT_HOME": str(tmp_path / "home")}
    run("ruff", "check", "--no-cache", ".", at=plugin)
    run("ruff", "format", "--no-cache", "--check", ".", at=plugin)
    check_types("--strict", cache=type_cache, at=plugin)
    run("localagent_cli", "dev", "validate", ".", "--strict", at=plugin, **home)
    run("localagent_cli", "plugins", "test", ".", at=plugin, **home)
    run("localagent_cli", "dev", "run", ".", "--", *added.first_words.split(), at=plugin, **home)
    run("localagent_cli", "dev", "build", ".", at=plugin, **home)


def test_what_was_done_is_told(localagent: Run, work: Path) -> None:
    render(work, "notes", "ui", "package")
    done = localagent("dev", "add", "command", "notes", "--json")
    said = json.loads(done.out)
    assert said == {
        "name": "notes-command",
        "path": str(work / "notes"),
        "class": "notes.command.plugin:NotesCommandPlugin",
        "files": [
            "notes/command/__init__.py",
            "notes/command/config_schema.json",
            "notes/command/plugin.py",
            "tests/test_command.py",
            "tests/test_command_integration.py",
        ],
        "changed": ["notes/plugin-manifest.yaml", "pyproject.toml"],
        "next": ["localagent dev run notes -- notes-command .", "localagent plugins test notes"],
    }
    again = localagent("dev", "add", "provider", "notes", "--name", "chat")
    assert again.out.splitlines()[0] == "new      notes/chat/__init__.py"
    assert again.err.startswith("added chat; next:\n  localagent dev run notes -- providers list\n")


def test_each_plugin_has_its_own_settings(localagent: Run, work: Path) -> None:
    plugin = render(work / "dev-plugins", "notes", "command", "package")
    add_plugin(plugin, "ui")
    localagent("dev", "init")
    first = json.loads(localagent("config", "show", "notes", "--json").out)
    second = json.loads(localagent("config", "show", "notes-ui", "--json").out)
    assert "default_analysis_depth" in json.dumps(first)
    assert "border_style" in json.dumps(second)
    assert "default_analysis_depth" not in json.dumps(second)
    assert localagent("ui", "show", "notes-ui:status_panel").code == 0


def test_the_added_plugin_has_the_version_of_the_package(package: Path) -> None:
    for file in ("pyproject.toml", "notes/plugin-manifest.yaml"):
        (package / file).write_text((package / file).read_text().replace('"1.0.0"', '"2.3.0"', 1))
    add_plugin(package, "ui")
    assert '    version = "2.3.0"\n' in (package / "notes" / "ui" / "plugin.py").read_text()


def test_comments_stay_where_they_are(package: Path) -> None:
    manifest = package / "notes" / "plugin-manifest.yaml"
    text = manifest.read_text()
    text = text.replace("  - command\n\n", "  - command  # the first\n\n# What it gives\n", 1) + "# the end\n"
    manifest.write_text(text)
    pyproject = package / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"rich>=14", ', '\n  "rich>=14", # draws\n  '))
    before = (manifest.read_text().splitlines(), pyproject.read_text().splitlines())
    add_plugin(package, "ui")
    after = (manifest.read_text().splitlines(), pyproject.read_text().splitlines())
    assert [line for line in after[0] if line not in before[0]] == [
        "  - ui",
        "  ui:",
        "    - name: notes-ui",
        "      class: notes.ui.plugin:NotesUiPlugin",
    ]
    assert [line for line in after[0] if line in before[0]] == before[0]
    assert after[0][after[0].index("  - ui") - 1 :][:4] == ["  - command  # the first", "  - ui", "", "# What it gives"]
    assert [line for line in after[1] if line and line in before[1]] == [line for line in before[1] if line]


def test_tables_stay_apart(package: Path) -> None:
    for kind in ("ui", "workflow"):
        add_plugin(package, kind)
    lines = (package / "pyproject.toml").read_text().splitlines()
    assert [line for before, line in pairwise(lines) if line.startswith("[") and before] == []
    assert lines[-1]


def test_a_package_in_src_gets_one_too(package: Path) -> None:
    (package / "src").mkdir()
    (package / "notes").rename(package / "src" / "notes")
    pyproject = package / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('packages = ["notes"]', 'packages = ["src/notes"]'))
    added = add_plugin(package, "ui")
    assert "src/notes/ui/plugin.py" in added.files
    run("localagent_cli", "dev", "validate", ".", "--strict", at=package)


def test_other_than_usual_manifests_get_one_too(package: Path) -> None:
    manifest = package / "notes" / "plugin-manifest.yaml"
    yaml = YAML(typ="safe")
    said = yaml.load(manifest)
    said["plugin_types"] = ["command"]
    del said["dependencies"], said["permissions"]
    manifest.write_text(json.dumps(said, indent=2))
    add_plugin(package, "provider")
    add_plugin(package, "ui")
    after = yaml.load(manifest)
    assert after["plugin_types"] == ["command", "provider", "ui"]
    assert after["dependencies"] == {"required": ["rich>=14"]}
    assert after["permissions"] == {"network": True}
    assert after["entry_points"]["commands"] == said["entry_points"]["commands"]


@pytest.mark.parametrize(
    ("name", "beside", "module"),
    [
        ("notes-ui", "notes", "ui"),
        ("panels", "notes", "panels"),
        ("notes-json", "notes", "notes_json"),
        ("notes-docs", "notes", "notes_docs"),
        ("notes-class", "notes", "notes_class"),
        ("notes-3d", "notes", "notes_3d"),
    ],
)
def test_a_module_has_a_short_name_where_nothing_else_has_it(name: str, beside: str, module: str) -> None:
    assert module_for(name, beside=beside) == module


@pytest.mark.parametrize(
    ("kind", "name", "problem"),
    [
        ("uy", None, "no kind of plugin"),
        ("ui", "Notes", "must be lower-case"),
        ("ui", "notes", "has a plugin 'notes' already"),
        ("ui", "json", "standard library"),
    ],
)
def test_words_that_cannot_be_taken_change_nothing(kind: str, name: str | None, problem: str, package: Path) -> None:
    before = contents(package)
    with pytest.raises(UsageError, match=problem) as refused:
        add_plugin(package, kind, name=name)
    assert refused.value.fix
    assert contents(package) == before


@pytest.mark.parametrize(
    ("file", "text", "error", "problem"),
    [
        ("pyproject.toml", "[", ConfigError, "is not TOML"),
        ("pyproject.toml", "[tool.x]\n", ConfigError, "entry points are not in its"),
        ("pyproject.toml", '[project]\nname = "x"\ndynamic = ["entry-points"]\n', ConfigError, "entry points are not"),
        ("pyproject.toml", b"\xff", ConfigError, "is not UTF-8"),
        ("pyproject.toml", None, UsageError, "has no pyproject.toml"),
        ("notes/plugin-manifest.yaml", "a: [", LocalAgentError, "."),
        ("notes/plugin-manifest.yaml", None, UsageError, "has no manifest"),
        ("notes/ui/plugin.py", "mine", RefusedError, "notes/ui/plugin.py"),
        ("notes/ui", "mine", RefusedError, "notes/ui"),
        ("tests/test_ui.py", "mine", RefusedError, "tests/test_ui.py"),
    ],
)
def test_a_package_that_cannot_get_one_is_left_as_it_is(
    file: str, text: str | bytes | None, error: type[LocalAgentError], problem: str, package: Path
) -> None:
    if text is None:
        (package / file).unlink()
    else:
        (package / file).parent.mkdir(exist_ok=True)
        (package / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    before = contents(package)
    with pytest.raises(error, match=problem):
        add_plugin(package, "ui")
    assert contents(package) == before
    assert not (package / applying.STAGE).exists()


def test_a_single_module_has_no_room(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "plugin-manifest.yaml").write_text(
        "name: notes\nversion: '1'\ndescription: x\nplugin_types: [ui]\n"
        "entry_points: {ui: [{name: notes, class: 'notes:Notes'}]}\n"
    )
    with pytest.raises(UsageError, match="is the single module notes"):
        add_plugin(tmp_path, "command")


def test_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        add_plugin(tmp_path / "gone", "ui")


def test_only_one_change_at_a_time(package: Path) -> None:
    with alone(package), pytest.raises(SystemProblem, match="another change of the plugin is running"):
        add_plugin(package, "ui")


@pytest.mark.parametrize("rounds", [pytest.param(2, id="2"), pytest.param(50, id="50", marks=pytest.mark.soak)])
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_all_is_done_or_nothing_or_the_next_run_ends_it(
    by: signal.Signals, rounds: int, package: Path, tmp_path: Path
) -> None:
    whole = shutil.copytree(package, tmp_path / "whole" / "notes")
    add_plugin(whole, "ui")
    allowed = [contents(package), contents(whole)]
    chance = random.Random(by)  # noqa: S311 - moments, not secrets
    for number in range(rounds):
        target = shutil.copytree(package, tmp_path / str(number) / "notes")
        begun = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-c", ADD, target], stderr=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            while process.poll() is None and not (target / applying.STAGE).exists() and time.monotonic() < begun + 60:
                time.sleep(0.0005)
            time.sleep(chance.uniform(0, 0.02))
            process.send_signal(by)
        assert contents(target) in allowed or applying.is_unfinished(target), f"round {number}"
        if contents(target) == allowed[1] and not applying.is_unfinished(target):
            with pytest.raises(UsageError, match="already"):
                add_plugin(target, "ui")
        else:
            assert add_plugin(target, "ui").name == "notes-ui"
        assert contents(target) == allowed[1], f"round {number}"
        assert not (target / applying.STAGE).exists()
