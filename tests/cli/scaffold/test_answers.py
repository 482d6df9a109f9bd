"""Answers to the template's questions: by options, by a file, checked before anything is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML

from localagent.errors import LocalAgentError, UsageError
from localagent_cli.commands import dev
from localagent_cli.scaffold import create_plugin, read_answers
from localagent_cli.scaffold.questions import read_questionnaire
from localagent_templates import template_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from plain import Run

ASKED = read_questionnaire(template_root()).asked
OPTIONAL = {question: details for question, details in ASKED.items() if question not in {"name", "kind"}}


def options() -> dict[str, Any]:
    """The options of ``dev create-plugin``, by their spelling on the command line."""
    command: Any = typer.main.get_command(dev.app).commands["create-plugin"]  # type: ignore[attr-defined] # a group
    return {word: option for option in command.params for word in (*option.opts, *option.secondary_opts)}


@pytest.mark.parametrize("question", OPTIONAL)
def test_each_question_has_a_flag_that_names_its_choices(question: str) -> None:
    flag = question.replace("_", "-")
    option = options()[f"--{flag}"]
    assert all(choice in option.help for choice in OPTIONAL[question].choices)
    assert option.default is None
    if OPTIONAL[question].type == "bool":
        assert f"--no-{flag}" in option.secondary_opts


def test_each_question_has_a_default(tmp_path: Path) -> None:
    made = create_plugin("notes", "ui", into=tmp_path)
    answers = YAML(typ="safe").load(made.path / ".copier-answers.yml")
    assert answers.keys() - {"_commit", "_src_path"} == ASKED.keys()


def test_flags_reach_the_template(localagent: Run, work: Path) -> None:
    flags = {
        "--layout": "package",
        "--description": "Does: it",
        "--author": "Ada",
        "--author-email": "ada@example.org",
        "--repository": "https://example.org/ada/notes",
        "--license": "BSD-3-Clause",
        "--python-min-version": "3.12",
    }
    words = [word for flag in flags.items() for word in flag]
    done = localagent("dev", "create-plugin", "notes", "ui", *words, "--no-ci", "--docker", "--json")
    made = json.loads(done.out)
    answers = YAML(typ="safe").load(work / "dev-plugins" / "notes" / ".copier-answers.yml")
    assert {f"--{question.replace('_', '-')}": answers[question] for question in answers if question in OPTIONAL} == {
        **flags,
        "--ci": False,
        "--docker": True,
    }
    assert made["path"] == str(work / "dev-plugins" / "notes")
    assert made["next"][0] == "localagent dev run dev-plugins/notes -- ui show notes:data_table"
    assert sorted(made["files"]) == sorted(
        str(path.relative_to(made["path"])) for path in (work / "dev-plugins" / "notes").rglob("*") if path.is_file()
    )


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("answers.yaml", 'license: Apache-2.0\nci: false\ndescription: "\\U0001f389"\n_commit: 0.1\n'),
        ("answers.json", json.dumps({"license": "Apache-2.0", "ci": False, "description": "\U0001f389"})),
    ],
)
def test_a_file_answers_and_a_flag_goes_before_it(file: str, text: str, localagent: Run, work: Path) -> None:
    (work / file).write_text(text)
    done = localagent("dev", "create-plugin", "notes", "command", "--answers", file, "--license", "MIT")
    answers = YAML(typ="safe").load(work / "dev-plugins" / "notes" / ".copier-answers.yml")
    assert done.code == 0, done.err
    assert (answers["license"], answers["ci"], answers["description"]) == ("MIT", False, "\U0001f389")


def test_the_answers_of_another_plugin_will_do(tmp_path: Path) -> None:
    answers = {"license": "proprietary", "layout": "package", "ci": False}
    first = create_plugin("notes", "ui", into=tmp_path, author="Ada", answers=answers)
    second = create_plugin("more", "command", into=tmp_path, answers=read_answers(first.path / ".copier-answers.yml"))
    assert "Copyright (c) Ada" in (second.path / "LICENSE").read_text("utf-8")
    assert not (second.path / ".github").exists()
    assert second.path.name == "more"


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("authr: Ada", "no question 'authr'", "did you mean 'author'?"),
        ("package: x", "no question 'package'", ""),
        ("zzz: 1", "no question 'zzz'", "the template's questions are: name, kind, layout"),
        ("layout: flt", "'layout' cannot be 'flt'", "did you mean 'flat'?"),
        ("license: GPL", "'license' cannot be 'GPL'", "use one of: MIT, Apache-2.0, BSD-3-Clause, proprietary"),
        ("python_min_version: 3.12", "'python_min_version' cannot be a number", 'python_min_version: "text in quotes"'),
        ("ci: no", "'ci' cannot be text", "ci: true"),
        ('repository: "a\\x9bb"', "U+009B", "remove it"),
        ("- MIT", "a mapping is needed", ""),
    ],
)
def test_an_answer_that_cannot_be_is_refused_with_its_file(text: str, message: str, fix: str, tmp_path: Path) -> None:
    file = tmp_path / "answers.yaml"
    file.write_text(text)
    with pytest.raises(LocalAgentError, match=message.replace("+", r"\+")) as refused:
        read_answers(file)
    assert (refused.value.fix or "").startswith(fix)
    if "U+" not in message:
        assert refused.value.file == file


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000])
def test_a_file_that_is_no_json_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_text(text)
    with pytest.raises(UsageError) as refused:
        read_answers(file)
    assert refused.value.file == file


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"author_email": "ada"}, "this is no e-mail address"),
        ({"repository": "ftp://x"}, "must look like https://"),
        ({"layout": "x"}, "cannot be 'x'"),
        ({"ci": "maybe"}, "cannot be text"),
    ],
)
def test_an_answer_that_does_not_hold_leaves_nothing_behind(
    answers: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=problem):
        create_plugin("notes", "command", into=tmp_path / "a" / "b", answers=answers)
    assert list(tmp_path.iterdir()) == []
