"""``dev init`` makes a folder ready, says what it did, and never overwrites."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from localagent.manifest.schema import load_schema
from localagent.services.development import read_development
from localagent.services.home import Home
from plain import Finished, MakePlugin, Run, command_plugin

SETTINGS = ".vscode/settings.json"
LAUNCH = ".vscode/launch.json"
SCHEMA = "schemas/plugin-schema.json"


def contents(*folders: Path) -> dict[Path, tuple[bytes, int]]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files if "cache" not in path.parts}


def actions(done: Finished, *folders: Path) -> list[str]:
    """Each line without its folder and its note."""
    lines = [line.split("  (")[0].split() for line in done.out.splitlines()]
    return [
        f"{action} {next(Path(path).relative_to(each) for each in folders if Path(path).is_relative_to(each))}"
        for action, path in lines
    ]


def test_a_folder_is_made_ready(localagent: Run, work: Path, home: Path) -> None:
    done = localagent("dev", "init")
    assert done.code == 0, done.err
    assert actions(done, work, home) == [
        "made dev-plugins",
        "trusted dev-plugins",
        "made dev-plugins",
        "trusted dev-plugins",
        "made development.yaml",
        f"made {SCHEMA}",
        f"made {SETTINGS}",
        f"made {LAUNCH}",
    ]
    assert done.err == "next: localagent dev create-plugin my-plugin command\n"
    assert json.loads((work / SCHEMA).read_text()) == load_schema()
    assert all("plugins" in str(each["args"]) for each in json.loads((work / LAUNCH).read_text())["configurations"])
    assert stat.S_IMODE((work / SETTINGS).stat().st_mode) == stat.S_IMODE((work / ".vscode").stat().st_mode) & 0o666
    schemas = json.loads((work / SETTINGS).read_text())["yaml.schemas"]
    assert (work / next(iter(schemas))).samefile(work / SCHEMA)


def test_again_nothing_changes_and_that_is_said(localagent: Run, work: Path, home: Path) -> None:
    localagent("dev", "init")
    before = contents(work, home)
    again = localagent("dev", "init")
    assert again.err == "nothing changed\n"
    assert {line.split()[0] for line in again.out.splitlines()} == {"kept"}
    assert contents(work, home) == before
    said = json.loads(localagent("dev", "init", "--json").out)
    assert (said["changed"], said["home"]) == (False, str(home))
    assert {step["action"] for step in said["steps"]} == {"kept"}


def test_development_mode_is_on_as_the_guide_has_it(localagent: Run, work: Path, home: Path) -> None:
    localagent("dev", "init")
    said = read_development(Home(home), {}, work)
    assert said.directories == (work / "dev-plugins", home / "dev-plugins")
    assert said.hints == ()
    switches = (said.debug, said.verbose, said.hot_reload, said.auto_reload, said.step_debugging, said.keeps_results)
    assert all((*switches, said.enabled, said.loads_plugins, said.detailed_traces))


def test_a_plugin_in_a_folder_that_was_made_ready_runs(localagent: Run, work: Path, make_plugin: MakePlugin) -> None:
    make_plugin("greeter", command_plugin("greeter"), into=work / "elsewhere" / "dev-plugins")
    before = localagent("greeter", cwd=work / "elsewhere")
    done = localagent("dev", "init", "elsewhere")
    after = localagent("greeter", cwd=work / "elsewhere")
    assert before.code == 3
    assert "dev-plugins  (with what is in it: greeter)" in done.out
    assert after.out == "hello from greeter\n"


def test_files_of_the_user_get_what_they_lack(localagent: Run, work: Path) -> None:
    (work / ".vscode").mkdir()
    mine = {"editor.rulers": [120], "python.testing.pytestEnabled": False, "yaml.schemas": {"mine.json": "*.yaml"}}
    (work / SETTINGS).write_text(json.dumps(mine, indent=4))
    (work / SETTINGS).chmod(0o600)
    (work / LAUNCH).write_text(json.dumps({"configurations": [{"name": "LocalAgent", "type": "mine"}]}))
    done = localagent("dev", "init")
    settings = json.loads((work / SETTINGS).read_text())
    assert "yaml.schemas > ./schemas/plugin-schema.json" in done.out
    assert {key: settings[key] for key in ("editor.rulers", "python.testing.pytestEnabled")} == {
        "editor.rulers": [120],
        "python.testing.pytestEnabled": False,
    }
    assert list(settings["yaml.schemas"]) == ["mine.json", f"./{SCHEMA}"]
    assert (work / SETTINGS).read_text().startswith('{\n    "editor.rulers"')
    assert stat.S_IMODE((work / SETTINGS).stat().st_mode) == 0o600
    names = [(each["name"], each["type"]) for each in json.loads((work / LAUNCH).read_text())["configurations"]]
    assert names == [("LocalAgent", "mine"), ("Plugin's tests", "debugpy")]
    assert localagent("dev", "init").err == "nothing changed\n"


def test_what_cannot_be_added_to_is_left_with_a_note(localagent: Run, work: Path, home: Path) -> None:
    files = {
        work / SETTINGS: "{\n  // mine\n}\n",
        work / LAUNCH: "{",
        work / SCHEMA: "{}",
        home / "development.yaml": "development: {plugins: {allow_dev_plugins: false}}\n",
    }
    for file, text in files.items():
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(text)
    done = localagent("dev", "init")
    assert done.code == 0, done.err
    assert {file: file.read_text() for file in files} == files
    assert [line.split()[0] for line in done.out.splitlines()][-4:] == ["left"] * 4
    assert "forbids development plugins" in done.out
    assert f"localagent dev schema > {work / SCHEMA}" in done.out
    assert done.out.count("it is no plain JSON; add what you want of: ") == 2
    assert localagent("dev", "init").err == "nothing changed\n"


def test_a_development_file_for_other_folders_is_told(localagent: Run, home: Path) -> None:
    home.mkdir()
    (home / "development.yaml").write_text("development: {plugins: {development_directories: [~/code]}}\n")
    assert "its development_directories have no dev-plugins of this folder" in localagent("dev", "init").out


@pytest.mark.parametrize("name", ["", "dev-plugins", ".vscode", "schemas"])
def test_a_file_where_a_folder_has_to_be_is_refused_first(name: str, localagent: Run, work: Path) -> None:
    (work / "place").mkdir() if name else None
    (work / "place" / name).write_text("mine")
    done = localagent("dev", "init", "place")
    assert done.code == 2
    assert "is not a folder" in done.err
    assert [path for path in (work / "place").rglob("*") if path.name != name] == []


def test_a_folder_that_everybody_may_write_to_is_not_trusted(localagent: Run, work: Path) -> None:
    (work / "dev-plugins").mkdir()
    (work / "dev-plugins").chmod(0o777)
    done = localagent("dev", "init")
    assert done.code == 4
    assert [path.name for path in work.iterdir()] == ["dev-plugins"]


def test_the_schema_is_printed_for_other_editors(localagent: Run) -> None:
    assert json.loads(localagent("dev", "schema").out) == load_schema()
