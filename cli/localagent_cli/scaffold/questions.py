"""What a Copier template asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import UsageError
from localagent.manifest.plain import is_list, is_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILES = ("copier.yml", "copier.yaml")
INCLUDES = "!include"


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        type: what an answer is: ``str``, ``bool``, ``int``, ``float``, ``json``, ``yaml``, ``path``; may be empty.
        choices: what an answer may be; empty for anything.
        hidden: whether nobody is asked, since the answer follows from others.
    """

    type: str = ""
    choices: tuple[Any, ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """All that the file of questions says.

    Attributes:
        questions: by name.
        settings: Copier's own, such as ``_tasks``.
        includes: whether it takes in other files, of which nothing is known here.
    """

    questions: Mapping[str, Question]
    settings: Mapping[str, Any]
    includes: bool = False

    @property
    def asked(self) -> dict[str, Question]:
        """The questions that somebody may answer."""
        return {name: question for name, question in self.questions.items() if not question.hidden}


def read_questionnaire(template: Path) -> Questionnaire:
    """What the template in a folder asks, without running anything of it.

    Raises:
        UsageError: the folder is no Copier template, or its file of questions cannot be read.
    """
    file = next((template / name for name in FILES if (template / name).is_file()), None)
    if file is None:
        raise UsageError(
            f"{template} is not a Copier template: it has no {FILES[0]}", file=template, fix="choose another --template"
        )
    try:
        text = file.read_text("utf-8")
        sections = list(_sections(text))
    except (OSError, ValueError) as problem:
        reason = " ".join(str(problem).split())
        raise UsageError(f"the template's questions cannot be read: {reason}", file=file) from problem
    said = {key: value for section in sections for key, value in section.items()}
    return Questionnaire(
        questions={name: _question(details) for name, details in said.items() if not name.startswith("_")},
        settings={name: value for name, value in said.items() if name.startswith("_")},
        includes=INCLUDES in text,
    )


def _sections(text: str) -> Iterator[dict[str, Any]]:
    """The documents of the file, each a mapping.

    Raises:
        ValueError: they are not YAML as Copier reads it.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import SafeConstructor
    from ruamel.yaml.error import YAMLError

    class Constructor(SafeConstructor):
        """Leaves out what is included."""

    constructor: Any = Constructor
    constructor.add_constructor(INCLUDES, _nothing)
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.Constructor = constructor
    try:
        for section in filter(None, yaml.load_all(text)):
            if not is_mapping(section):
                raise ValueError("these are no questions by name")
            yield {str(key): value for key, value in section.items()}
    except YAMLError as problem:
        raise ValueError(str(problem)) from problem


def _nothing(_constructor: Any, _node: Any) -> dict[str, Any]:
    return {}


def _question(details: Any) -> Question:
    if not is_mapping(details):
        return Question()  # the short form, which gives nothing but a default
    hidden = details.get("when", True) is False
    return Question(type=str(details.get("type", "")), choices=_choices(details.get("choices")), hidden=hidden)


def _choices(said: Any) -> tuple[Any, ...]:
    """The values to choose from; none are known where an expression makes them up."""
    if is_mapping(said):
        said = list(said.values())
    if not is_list(said):
        return ()
    # A pair is a label with its value.
    return tuple(each[1] if is_list(each) and len(each) == 2 else each for each in said)  # noqa: PLR2004 - a pair
