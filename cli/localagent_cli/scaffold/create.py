"""Making a plugin from the template: all of it or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localagent.errors import SystemProblem
from localagent_cli.scaffold.author import guess_author
from localagent_cli.scaffold.names import check_new_name
from localagent_cli.scaffold.render import renderer
from localagent_cli.scaffold.stage import put_in_place, staging
from localagent_cli.scaffold.target import check_parent, check_target, files_below, occupied
from localagent_cli.scaffold.words import LONGEST_TEXT, check_kind, check_text, is_unfit

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class CreatedPlugin:
    """A plugin that was made.

    Attributes:
        path: its folder, absolute.
        files: what was written, relative to `path`, sorted.
        commands: the words it adds to the command line, the main one first.
        distribution: the name it is published under.
        class_name: the plugin class in ``plugin.py``.
        replaced: what was there before, relative to `path`; empty unless it was replaced by force.
    """

    path: Path
    files: tuple[Path, ...]
    commands: tuple[str, ...]
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
        force: replace a plugin of this name; see `would_replace`.

    Raises:
        UsageError: a word that cannot be taken, or a target that must not be replaced; nothing was written.
        MissingExtra: Copier is not installed.
        SystemProblem: the disk or its permissions are in the way.
    """
    check_kind(kind)
    check_new_name(name)
    answers = {"name": name, "kind": kind, **_free_texts(description, author)}
    with _disk_problems(into):
        target = into.absolute() / name
    check_parent(target.parent)
    replaced = check_target(target, force=force)
    render = renderer()
    with _disk_problems(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with staging(target.parent, name) as stage:
            render(answers, stage / name)
            files = files_below(stage / name)
            put_in_place(stage / name, target, replace=force)
    return CreatedPlugin(
        path=target,
        files=files,
        commands=commands_of(name),
        distribution=f"localagent-{name}",
        class_name=class_name_of(name),
        replaced=replaced,
    )


def commands_of(name: str) -> tuple[str, str]:
    """The commands of the plugin `name`, as the template derives them."""
    if name == "project-analyzer":
        return ("analyze-project", "project-summary")
    return (name, f"{name}-summary")


def class_name_of(name: str) -> str:
    """The plugin class of the plugin `name`, as the template derives it."""
    words = [word.capitalize() for word in name.split("-")]
    return "".join(words if words[-1] == "Plugin" else [*words, "Plugin"])


def _free_texts(description: str | None, author: str | None) -> dict[str, str]:
    """The answers given or found; what is missing has a default in the template."""
    texts: dict[str, str] = {}
    if description is not None:
        check_text(description, what="description")
        texts["description"] = description
    if author is not None:
        check_text(author, what="author")
        texts["author"] = author
    elif guess := guess_author():
        texts["author"] = "".join(each for each in guess if not is_unfit(each))[:LONGEST_TEXT]
    return {question: text for question, text in texts.items() if text.strip()}


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
