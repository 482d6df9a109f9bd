"""Making a plugin from the template: all of it or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localagent.errors import SystemProblem
from localagent_cli.scaffold.answers import check_answers
from localagent_cli.scaffold.author import guess_author
from localagent_cli.scaffold.names import check_new_name
from localagent_cli.scaffold.own_template import check_trust
from localagent_cli.scaffold.questions import read_questionnaire
from localagent_cli.scaffold.render import renderer, template_problems
from localagent_cli.scaffold.stage import put_in_place, staging
from localagent_cli.scaffold.target import check_parent, check_target, files_below, occupied, parent_of
from localagent_cli.scaffold.words import LONGEST_TEXT, check_kind, check_text, is_unfit
from localagent_templates import template_root

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path
    from typing import Any

_TEXTS = ("description", "author")


@dataclass(frozen=True, slots=True)
class CreatedPlugin:
    """A plugin that was made.

    Attributes:
        path: its folder, absolute.
        files: what was written, relative to `path`, sorted.
        first_words: what shows that it works, as words for ``localagent dev run PATH --``; empty, as are the next
            two, where the template was not LocalAgent's.
        distribution: the name it is published under.
        class_name: the plugin class.
        replaced: what was there before, relative to `path`; empty unless it was replaced by force.
    """

    path: Path
    files: tuple[Path, ...]
    first_words: str
    distribution: str
    class_name: str
    replaced: tuple[Path, ...] = ()


def create_plugin(
    name: str,
    kind: str,
    *,
    into: Path,
    description: str | None = None,
    author: str | None = None,
    answers: Mapping[str, Any] | None = None,
    template: Path | None = None,
    trust: bool = False,
    force: bool = False,
) -> CreatedPlugin:
    """Make the plugin `name` as a folder of `into`, which is created if it is absent.

    The folder appears whole or not at all. An existing plugin is replaced only by `force`.

    Args:
        name: lower-case letters, digits and single hyphens, at most 64.
        kind: one of `localagent_templates.KINDS`.
        into: the parent folder.
        description: one sentence, at most 512 characters; a default fits the template's plugin.
        author: the copyright holder; by default the name in git's configuration, else the login name.
        answers: to other questions of the template, by question; all have defaults.
        template: the folder of a Copier template of one's own.
        trust: let that template run what it wants to run, and follow its links.
        force: replace a plugin of this name; see `would_replace`.

    Raises:
        UsageError: a word that cannot be taken, or a target that must not be replaced; nothing was written.
        RefusedError: the template could do more than write its files, and is not trusted; nothing was written.
        MissingExtra: Copier is not installed.
        SystemProblem: the disk or its permissions are in the way.
    """
    check_kind(kind)
    check_new_name(name)
    texts = {question: text for question, text in zip(_TEXTS, (description, author), strict=True) if text is not None}
    for question, text in texts.items():
        check_text(text, what=question)
    data = {**_complete({**(answers or {}), **texts}, template, trust=trust), "name": name, "kind": kind}
    with _disk_problems(into):
        target = into.absolute() / name
    check_parent(target.parent)
    replaced = check_target(target, force=force)
    render = renderer(template, trust=trust)
    with (
        _disk_problems(target),
        template_problems(template),
        parent_of(target) as parent,
        staging(parent, name) as stage,
    ):
        told = render(data, stage / name)
        files = files_below(stage / name)
        put_in_place(stage / name, target, replace=force)
    return CreatedPlugin(
        path=target,
        files=files,
        first_words=told.get("first_words", ""),
        distribution=told.get("distribution", ""),
        class_name=told.get("class_name", ""),
        replaced=replaced,
    )


def _complete(answers: dict[str, Any], template: Path | None, *, trust: bool) -> dict[str, Any]:
    """The answers with the author's name among them, after all was checked that can be before a rendering."""
    if template is None and answers.keys() <= set(_TEXTS):
        return answers | _guessed_author(answers)
    questionnaire = read_questionnaire(template or template_root())
    if template is not None and not trust:
        check_trust(template, questionnaire)
    check_answers(answers, questionnaire.asked)
    return answers | (_guessed_author(answers) if "author" in questionnaire.asked else {})


def _guessed_author(answers: Mapping[str, Any]) -> dict[str, str]:
    """The author, if nobody said who that is; the template has a default where nobody can tell."""
    guess = None if "author" in answers else guess_author()
    author = "".join(each for each in guess or "" if not is_unfit(each))[:LONGEST_TEXT]
    return {"author": author} if author.strip() else {}


@contextmanager
def _disk_problems(target: Path) -> Generator[None]:
    """Turn what the operating system says into our words."""
    try:
        yield
    except FileExistsError as problem:
        raise occupied(target) from problem
    except OSError as problem:
        raise SystemProblem(
            f"{target} cannot be made: {problem.strerror or problem}",
            file=problem.filename or target,
            fix="look at the disk's free space and the folder's permissions",
        ) from problem
