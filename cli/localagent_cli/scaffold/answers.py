"""The answers to a template's questions: read from a file, and checked before anything is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localagent.errors import UsageError
from localagent.manifest.decoding import decode, read_bytes
from localagent.manifest.document import parse_document
from localagent.manifest.plain import is_mapping
from localagent.manifest.wording import called, did_you_mean, shown
from localagent_cli.scaffold.questions import read_questionnaire
from localagent_cli.scaffold.words import check_characters
from localagent_templates import template_root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localagent_cli.scaffold.questions import Question

_KINDS: dict[str, tuple[type, str]] = {"str": (str, '"text in quotes"'), "bool": (bool, "true")}
"""By type of question: what its answer is, and one as YAML."""


def read_answers(file: Path, *, template: Path | None = None) -> dict[str, Any]:
    """The answers in a YAML or JSON file, by question.

    The ``.copier-answers.yml`` of another plugin will do: what Copier says there of itself is passed over.

    Args:
        file: what to read.
        template: whose questions are answered; by default LocalAgent's.

    Raises:
        UsageError: an answer is to no question or cannot be one, or a JSON file holds no object.
        ManifestError: the file cannot be read.
    """
    data = read_bytes(file)
    said = _from_json(decode(data, file), file) if file.suffix == ".json" else parse_document(data, file).data
    answers = {question: answer for question, answer in said.items() if not question.startswith("_")}
    check_answers(answers, read_questionnaire(template or template_root()).asked, file=file)
    return answers


def check_answers(answers: Mapping[str, Any], questions: Mapping[str, Question], *, file: Path | None = None) -> None:
    """Refuse an answer that is to no question, or that cannot be one.

    Args:
        answers: by question.
        questions: those that somebody may answer.
        file: where the answers are from; None for the command line.

    Raises:
        UsageError: with what was probably meant.
    """
    for name, answer in answers.items():
        if name not in questions:
            known = ", ".join(questions) or "none"
            fix = did_you_mean(name, questions) or f"the template's questions are: {known}"
            raise UsageError(f"the template has no question '{shown(name)}'", file=file, fix=fix)
        _check_answer(name, answer, questions[name], file)


def _check_answer(name: str, answer: Any, question: Question, file: Path | None) -> None:
    wanted, example = _KINDS.get(question.type, (object, ""))
    if not isinstance(answer, wanted):
        raise UsageError(f"'{name}' cannot be {called(answer)}", file=file, fix=f"{name}: {example}")
    if question.choices and answer not in question.choices:
        choices = [str(choice) for choice in question.choices]
        fix = did_you_mean(str(answer), choices) or f"use one of: {', '.join(choices)}"
        raise UsageError(f"'{name}' cannot be {shown(str(answer))!r}", file=file, fix=fix)
    if isinstance(answer, str):
        check_characters(answer, what=name.replace("_", " "))


def _from_json(text: str, file: Path) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"this is not JSON: {problem}", file=file) from problem
    if not is_mapping(said):
        raise UsageError("these are no answers by question", file=file, fix='write {"author": "..."}')
    return said
