"""``dev update``: what it prints, and how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import localagent_templates
from localagent_templates.history import ARCHIVE, History, template_history
from plain import Run
from small_template import FIRST, LISTED, SECOND, commit_all, contents, edit, git, history_of, made_plugin

FIRST_KIND, *OTHER_KINDS = localagent_templates.KINDS
KINDS = [FIRST_KIND, *(pytest.param(kind, marks=pytest.mark.soak) for kind in OTHER_KINDS)]
"""The files that differ between the versions are the same ones for each kind."""


@pytest.fixture
def history(tmp_path: Path) -> History:
    return history_of(tmp_path / "toolkit", FIRST, current=SECOND)


@pytest.fixture
def plugin(history: History, work: Path) -> Path:
    plugin = made_plugin(work / "notes", history)
    edit(plugin)
    return plugin


def with_templates(history: History) -> dict[str, str]:
    """What makes a process find another toolkit's templates."""
    return {"PYTHONPATH": str(history.current.parent.parent)}


def test_a_plan_is_listed_and_nothing_is_written(plugin: Path, history: History, localagent: Run) -> None:
    before = contents(plugin)
    done = localagent("dev", "update", "notes", "--plan", env=with_templates(history))
    assert (done.code, done.out) == (0, LISTED)
    assert done.err == "would bring the plugin from template 1.0.0 to 1.1.0: 8 files, 2 of them for you to decide\n"
    assert contents(plugin) == before


def test_conflicts_are_listed_and_make_it_fail(plugin: Path, history: History, localagent: Run) -> None:
    done = localagent("dev", "update", env=with_templates(history), cwd=plugin)
    assert (done.code, done.out) == (1, LISTED)
    assert done.err.splitlines()[-1] == f"next: cd {plugin} && git status, then commit what you agree with"


def test_a_script_gets_json(plugin: Path, history: History, localagent: Run) -> None:
    done = localagent("dev", "update", plugin, "--json", env=with_templates(history))
    told = json.loads(done.out)
    assert done.code == 1
    assert (told["path"], told["from"], told["to"], told["applied"]) == (str(plugin), "1.0.0", "1.1.0", True)
    assert {"action": "rename", "path": "tests/test_plugin.py", "was": "tests/test_it.py", "reason": ""} in told[
        "changes"
    ]


def test_a_refusal_is_two_lines(plugin: Path, history: History, localagent: Run) -> None:
    (plugin / "own.txt").write_text("edited")
    done = localagent("dev", "update", "notes", env=with_templates(history))
    assert done.code == 4
    assert done.err == (
        f"error {plugin}: the plugin has changes that are not committed: own.txt\n"
        "fix: commit or stash them, so that an update can be told from them and undone\n"
    )


def test_a_missing_git_is_the_surroundings(plugin: Path, history: History, localagent: Run) -> None:
    done = localagent("dev", "update", "notes", env={**with_templates(history), "PATH": ""})
    assert done.code == 5
    assert done.err.startswith("error: git, which this needs, cannot be run: ")
    assert len(done.err.splitlines()) == 2


def test_a_new_plugin_has_nothing_to_do(localagent: Run, work: Path) -> None:
    localagent("dev", "create-plugin", "notes", "command")
    done = localagent("dev", "update", "dev-plugins/notes")
    assert (done.code, done.out) == (0, "")
    assert done.err == f"nothing to do: the plugin is at the template of LocalAgent {template_history().newest}\n"


def next_toolkit(folder: Path) -> History:
    """A toolkit whose template is LocalAgent's next one: some files are other ones, one is new."""
    package = shutil.copytree(localagent_templates.__path__[0], folder / "localagent_templates")
    history = History(current=package / "current", archive=package / ARCHIVE)
    history.release(again=True)
    questions = history.current / "copier.yml"
    questions.write_text(questions.read_text().replace(f'"{history.newest}"', '"1.999.0"'))
    project = history.current / "project"
    (project / "NEXT.md.jinja").write_text("What is next for {{ name }}\n")
    readme = project / "README.md.jinja"
    readme.write_text(readme.read_text() + "\nA last word on {{ name }}.\n")
    return history


@pytest.mark.parametrize("kind", KINDS)
def test_a_real_plugin_follows_the_real_templates_next_version(
    kind: str, localagent: Run, work: Path, tmp_path: Path
) -> None:
    history = next_toolkit(tmp_path / "next")
    made = localagent("dev", "create-plugin", "notes", kind)
    plugin = Path(made.out.strip())
    git(plugin, "init", "--quiet")
    readme = plugin / "README.md"
    readme.write_text(readme.read_text("utf-8").replace("# ", "# My ", 1), "utf-8")
    commit_all(plugin)
    done = localagent("dev", "update", plugin, env=with_templates(history))
    assert (done.code, done.out) == (0, "merge     README.md\nnew       NEXT.md\n")
    assert readme.read_text("utf-8").startswith("# My ")
    assert readme.read_text("utf-8").endswith("A last word on notes.\n")
    changed = git(plugin, "status", "--porcelain").split()
    assert changed == ["M", ".copier-answers.yml", "M", "README.md", "??", "NEXT.md"]
