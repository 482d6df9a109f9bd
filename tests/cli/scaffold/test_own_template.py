"""Templates of one's own: found, looked at, and trusted only when that is said."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from localagent.errors import LocalAgentError, RefusedError, UsageError
from localagent_cli.scaffold import create_plugin, find_template
from localagent_cli.scaffold.render import renderer, template_problems

if TYPE_CHECKING:
    from pathlib import Path

    from plain import Run

QUESTIONS = """\
_subdirectory: project
name: {type: str}
kind: {type: str, choices: [command, ui]}
colour: {type: str, choices: {Warm: red, Cold: blue}, default: red}
shades: [[Light, l], [Dark, d]]
both: {type: str, default: "{{ name }}-{{ colour }}", when: false}
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A small template of the user's own in ``plugin-templates/mine`` of the current folder."""
    folder = tmp_path / "work" / "plugin-templates" / "mine"
    (folder / "project").mkdir(parents=True)
    (folder / "copier.yml").write_text(QUESTIONS)
    (folder / "project" / "plugin.py.jinja").write_text("WORDS = '{{ both }}'\n")
    return folder


@pytest.fixture
def work(template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = template.parent.parent
    monkeypatch.chdir(work)
    return work


@pytest.mark.parametrize("word", ["mine", "plugin-templates/mine", "./plugin-templates/mine/"])
def test_a_template_is_named_or_a_path(word: str, template: Path, work: Path) -> None:
    assert find_template(word, current=work).samefile(template)


@pytest.mark.parametrize(
    ("word", "fix"), [("mime", "did you mean 'mine'?"), ("", "put the folder"), ("https://example.org/x", "put the")]
)
def test_a_template_that_is_not_there_is_refused(word: str, fix: str, work: Path) -> None:
    with pytest.raises(UsageError, match="there is no template") as refused:
        find_template(word, current=work)
    assert (refused.value.fix or "").startswith(fix)


def test_a_plugin_is_made_from_it(localagent: Run, work: Path) -> None:
    (work / "answers.yaml").write_text("colour: blue")
    done = localagent("dev", "create-plugin", "notes", "ui", "--template", "mine", "--answers", "answers.yaml")
    assert done.code == 0, done.err
    assert (work / "dev-plugins" / "notes" / "plugin.py").read_text() == "WORDS = 'notes-blue'\n"
    assert done.err.endswith("created notes; next:\n  localagent plugins test dev-plugins/notes\n")


def test_it_has_its_own_questions(template: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no question 'layout'"):
        create_plugin("notes", "ui", into=tmp_path / "made", answers={"layout": "flat"}, template=template)
    with pytest.raises(UsageError, match="'colour' cannot be 'green'"):
        create_plugin("notes", "ui", into=tmp_path / "made", answers={"colour": "green"}, template=template)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("questions", "found"),
    [
        ("_tasks: [touch ran, [touch, ran]]", "task 'touch ran'; task 'touch ran'"),
        ("_tasks: [{command: touch ran, when: true}]", "task 'touch ran'"),
        ("_migrations: [{version: v1, command: touch ran}]", "migration 'touch ran'"),
        ("_jinja_extensions: [os.Evil]", "extension 'os.Evil'"),
        ("_jinja_extensions: os.Evil", "extension 'os.Evil'"),
        ('"\\x5ftasks": [touch ran]', "task 'touch ran'"),
        ("---\n_tasks: [touch ran]\n---\n{}", "task 'touch ran'"),
        ("---\n!include more.yml", "copier.yml includes other files"),
    ],
)
def test_what_would_run_is_listed_and_does_not(
    questions: str, found: str, template: Path, work: Path, localagent: Run
) -> None:
    (template / "more.yml").write_text("_tasks: [touch ran]")
    with (template / "copier.yml").open("a") as file:
        file.write(questions)
    done = localagent("dev", "create-plugin", "notes", "ui", "--template", "mine")
    assert done.code == 4
    assert f"the template could do more than write its own files: {found}\n" in done.err
    assert "fix: look at that, then add --trust" in done.err
    assert list(work.iterdir()) == [template.parent]


def test_copier_refuses_too_what_would_run(template: Path, tmp_path: Path) -> None:
    """Should it ever read more out of the questions than is read here."""
    with (template / "copier.yml").open("a") as file:
        file.write("_tasks: [touch ran]\n")
    with pytest.raises(RefusedError, match="potentially unsafe feature: tasks"), template_problems(template):
        renderer(template)({"name": "notes", "kind": "ui"}, tmp_path / "made")
    assert not (tmp_path / "made" / "ran").exists()


def test_links_and_special_files_are_refused(template: Path, tmp_path: Path) -> None:
    (template / "project" / "key").symlink_to("/etc/hostname")
    (template / "project" / "folder").symlink_to(tmp_path)
    os.mkfifo(template / "project" / "pipe")
    with pytest.raises(RefusedError) as refused:
        create_plugin("notes", "ui", into=tmp_path / "made", template=template)
    assert "link project/key -> /etc/hostname" in refused.value.message
    assert f"link project/folder -> {tmp_path}" in refused.value.message
    assert "special file project/pipe" in refused.value.message


def test_a_trusted_template_may_run_programs(template: Path, work: Path, localagent: Run) -> None:
    with (template / "copier.yml").open("a") as file:
        file.write("_tasks: ['cat plugin.py > ran']\n")
    done = localagent("dev", "create-plugin", "notes", "ui", "--template", "mine", "--trust")
    assert done.code == 0, done.err
    assert (work / "dev-plugins" / "notes" / "ran").read_text() == "WORDS = 'notes-red'\n"
    again = localagent("dev", "create-plugin", "more", "ui", "--template", "mine")
    assert again.code == 4


def test_a_template_that_is_a_repository_is_taken_as_it_is_there(template: Path, tmp_path: Path) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "init", "-q", template], check=True)
    subprocess.run(["git", "add", "."], cwd=template, check=True)
    subprocess.run(["git", *identity, "commit", "-qm", "first"], cwd=template, check=True)
    subprocess.run(["git", "tag", "v1"], cwd=template, check=True)
    (template / "project" / "plugin.py.jinja").write_text("edited = True\n")
    for trust in (False, True):
        made = create_plugin("notes", "ui", into=tmp_path / str(trust), template=template, trust=trust)
        assert (made.path / "plugin.py").read_text() == "edited = True\n"


def test_a_task_that_fails_is_told_and_leaves_nothing(template: Path, tmp_path: Path) -> None:
    with (template / "copier.yml").open("a") as file:
        file.write("_tasks: ['exit 3']\n")
    with pytest.raises(LocalAgentError, match="a task of the template failed"):
        create_plugin("notes", "ui", into=tmp_path / "made", template=template, trust=True)
    assert not (tmp_path / "made").exists()


# Copier leaves the listing of a folder open where it raises.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("copier.yml", "name: ["),
        ("copier.yml", "- name"),
        ("copier.yml", "_min_copier_version: '99'"),
        ("project/plugin.py.jinja", "{{ name"),
        ("project/plugin.py.jinja", "{{ missing.part }}"),
    ],
)
def test_a_template_that_cannot_be_rendered_is_refused(file: str, text: str, template: Path, tmp_path: Path) -> None:
    (template / file).write_text(text)
    with pytest.raises(UsageError) as refused:
        create_plugin("notes", "ui", into=tmp_path / "made", template=template)
    assert refused.value.file
    assert "\n" not in refused.value.message
    assert not (tmp_path / "made").exists()


def test_a_folder_without_questions_is_no_template(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a Copier template"):
        create_plugin("notes", "ui", into=tmp_path / "made", template=tmp_path)
