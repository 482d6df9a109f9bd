"""A template of one's own: where it is, and what in it has to be trusted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import RefusedError, UsageError
from localagent.manifest.plain import is_list, is_mapping
from localagent.manifest.wording import did_you_mean, shown
from localagent_cli.scaffold.questions import FILES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from localagent_cli.scaffold.questions import Questionnaire

FOLDER = "plugin-templates"


def find_template(word: str, *, current: Path) -> Path:
    """The folder of the template that `word` names: one of ``./plugin-templates``, else a path.

    Raises:
        UsageError: there is none.
    """
    places = (current / FOLDER / word, current / Path(word).expanduser())
    found = next((place for place in places if place.is_dir()), None)
    if found is None or not word:
        there_are = sorted(path.name for path in (current / FOLDER).glob("*") if path.is_dir())
        fix = did_you_mean(word, there_are) or f"put the folder of a Copier template into ./{FOLDER}, or give its path"
        raise UsageError(f"there is no template '{shown(word)}'", fix=fix)
    return found


def check_trust(template: Path, questionnaire: Questionnaire) -> None:
    """Refuse a template that could do more than write files made from its own.

    Raises:
        RefusedError: with everything that was found.
    """
    found = [*_programs(questionnaire), *_links(template)]
    if found:
        raise RefusedError(
            f"the template could do more than write its own files: {'; '.join(found)}",
            file=template,
            fix="look at that, then add --trust",
        )


def _programs(questionnaire: Questionnaire) -> Iterator[str]:
    """What would run or is not known, in words."""
    for setting, name in {"_tasks": "task", "_migrations": "migration", "_jinja_extensions": "extension"}.items():
        said = questionnaire.settings.get(setting)
        yield from (f"{name} {_command(each)}" for each in (said if is_list(said) else [said]) if each)
    if questionnaire.includes:
        yield f"{FILES[0]} includes other files"


def _command(said: Any) -> str:
    if is_mapping(said):
        said = said.get("command", said)
    return f"'{shown(' '.join(map(str, said)) if is_list(said) else str(said))}'"


def _links(template: Path) -> Iterator[str]:
    """Links, which could lead out of the template, and what is neither file nor folder."""
    for here, folders, files in os.walk(template):
        if ".git" in folders:
            folders.remove(".git")  # Copier leaves it out
        for name in sorted([*folders, *files]):
            path = Path(here, name)
            if path.is_symlink():
                yield f"link {shown(str(path.relative_to(template)))} -> {shown(str(path.readlink()))}"
            elif not (path.is_file() or path.is_dir()):
                yield f"special file {shown(str(path.relative_to(template)))}"
