"""What is told of a new plugin, or of one that was added to a package."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from localagent_cli import output

if TYPE_CHECKING:
    from localagent_cli.scaffold import AddedPlugin, CreatedPlugin


def show_created(made: CreatedPlugin, *, path: str, as_json: bool) -> None:
    """Print what was made and what to do next; `path` is its folder as short as it can be said from here."""
    following = list(_next(made.first_words, path))
    if as_json:
        output.show_json(_as_json(made, following))
        return
    for file in made.files:
        output.tell(f"  {file}")
    output.show(str(made.path))
    output.tell(f"created {made.path.name}; next:")
    for command in following:
        output.tell(f"  {command}")


def show_added(added: AddedPlugin, *, path: str, as_json: bool) -> None:
    """Print what was written and changed, and what to do next; `path` as for `show_created`."""
    following = list(_next(added.first_words, path))
    if as_json:
        output.show_json(
            {
                "name": added.name,
                "path": str(added.folder),
                "class": added.target,
                "files": list(added.files),
                "changed": list(added.changed),
                "next": following,
            }
        )
        return
    for file in added.files:
        output.show(f"new      {file}")
    for file in added.changed:
        output.show(f"change   {file}")
    output.tell(f"added {added.name}; next:")
    for command in following:
        output.tell(f"  {command}")


def _next(first_words: str, path: str) -> tuple[str, ...]:
    place = shlex.quote(path)
    run = (f"localagent dev run {place} -- {first_words}",) if first_words else ()
    return (*run, f"localagent plugins test {place}")


def _as_json(made: CreatedPlugin, following: list[str]) -> dict[str, object]:
    return {
        "name": made.path.name,
        "path": str(made.path),
        "distribution": made.distribution,
        "class": made.class_name,
        "files": [str(file) for file in made.files],
        "replaced": [str(file) for file in made.replaced],
        "next": following,
    }
