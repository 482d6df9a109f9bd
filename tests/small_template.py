"""A small template of two versions, between which all happens that can happen to a file; and plugins made from it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import localagent_templates
from localagent_cli.scaffold.render import renderer
from localagent_templates.history import ARCHIVE, History

_QUESTIONS = """\
_subdirectory: project
_templates_suffix: .jinja
_answers_file: .copier-answers.yml
name: {type: str}
tone: {type: str, choices: [kind, gruff], default: kind}
template_version: {type: str, default: "%s", when: false}
"""
_ANSWERS = '{{ dict(_copier_answers, _src_path="localagent-templates", _commit=template_version) | to_nice_yaml -}}\n'
_HELPERS = "".join(f"def step_{number}():\n    return {number}\n\n\n" for number in range(6))

FIRST = {
    "copier.yml": _QUESTIONS % "1.0.0",
    "project/.copier-answers.yml.jinja": _ANSWERS,
    "project/plugin.py.jinja": f'NAME = "{{{{ name }}}}"\n\n\n{_HELPERS}END = True\n',
    "project/README.md.jinja": "# {{ name }}\n\nA plugin that is {{ tone }}.\n\nIts end.\n",
    "project/same.txt.jinja": "as it was\n",
    "project/untouched.txt.jinja": "first\n",
    "project/config/old.ini.jinja": "[old]\n",
    "project/legacy.py.jinja": _HELPERS.replace("step", "legacy"),
    "project/tests/test_it.py.jinja": _HELPERS.replace("step", "test"),
    "project/Dockerfile.jinja": "FROM python:3.11\n",
}
SECOND = {
    **FIRST,
    "copier.yml": _QUESTIONS % "1.1.0",
    "project/plugin.py.jinja": FIRST["project/plugin.py.jinja"].replace("END = True", "END = False"),
    "project/README.md.jinja": "# {{ name }}\n\nA plugin that is always {{ tone }}.\n\nIts end.\n",
    "project/untouched.txt.jinja": "second\n",
    "project/docs/new.md.jinja": "New in {{ name }}\n",
    "project/tests/test_plugin.py.jinja": FIRST["project/tests/test_it.py.jinja"] + "LATER = 1\n",
    "project/Dockerfile.jinja": "FROM python:3.13\n",
}
for _gone in ("config/old.ini", "legacy.py", "tests/test_it.py"):
    del SECOND[f"project/{_gone}.jinja"]

LISTED = """\
conflict  README.md  (both sides changed the same lines; marked in the file)
conflict  legacy.py  (edited here, not in the template any more; kept)
change    untouched.txt
delete    config/old.ini
merge     plugin.py
new       docs/new.md
rename    tests/test_it.py -> tests/test_plugin.py
left out  Dockerfile  (changed in the template, not kept by git here)
"""
"""What `dev update` lists for a plugin that was edited by `edit`."""


def write_template(files: dict[str, str], folder: Path) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def history_of(folder: Path, *released: dict[str, str], current: dict[str, str]) -> History:
    """A history in a folder that looks like the package of a toolkit of that version."""
    package = folder / "localagent_templates"
    package.mkdir(parents=True)
    for module in Path(localagent_templates.__path__[0]).glob("*.py"):
        shutil.copy(module, package)
    history = History(current=package / "current", archive=package / ARCHIVE)
    for files in released:
        write_template(files, history.current)
        history.release()
        shutil.rmtree(history.current)
    write_template(current, history.current)
    return history


def git(folder: Path, *words: str) -> str:
    """What git prints, run with an identity of its own and no configuration of the developer's."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    done = subprocess.run(["git", *identity, *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit_all(folder: Path) -> None:
    git(folder, "add", "--all", ".")
    git(folder, "commit", "--quiet", "--message", "As it is")


def made_plugin(folder: Path, history: History, **answers: str) -> Path:
    """A plugin made from the first version and committed, in a repository of its own."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    first = folder.with_name(f"{folder.name}-template")
    history.unpack("1.0.0", first)
    renderer(first)({"name": folder.name, **answers}, folder)
    shutil.rmtree(first)
    git(folder, "init", "--quiet")
    commit_all(folder)
    return folder


def edit(folder: Path) -> None:
    """Edit a plugin in all the ways that the second version meets, and commit."""
    readme, plugin = folder / "README.md", folder / "plugin.py"
    readme.write_text(readme.read_text().replace("A plugin that is kind.", "A plugin that is mine."))
    plugin.write_text(plugin.read_text().replace("def step_0", "def my_step"))
    (folder / "legacy.py").write_text((folder / "legacy.py").read_text() + "MINE = 1\n")
    tests = folder / "tests" / "test_it.py"
    tests.write_text(tests.read_text().replace("def test_3", "def test_mine"))
    (folder / "Dockerfile").unlink()
    (folder / "own.txt").write_text("mine\n")
    commit_all(folder)


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder but git's own, by relative path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
