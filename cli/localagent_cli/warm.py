"""What quick answers need of the last survey: kept in the index, read from there without looking at any plugin."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from localagent.host.situation import Situation
    from localagent.host.survey import Survey

COMMANDS = "hot"
"""The part with plugins' commands: ``{"commands": [[name, help, owner]], "off": [word]}``."""
PLUGINS = "list"
"""The part with all plugins as ``plugins list --json`` shows them: ``{"plugins": [...], "notes": [line]}``, and
``providers``, each ``[name, state]``."""

WORDS = "words"
"""The part with the words of built-in commands, see `command_words`; it rests on the host's own files only."""


def read(part: str, environ: Mapping[str, str], home: str | None = None) -> Any:
    """One part of what is kept; None where it does not hold any more."""
    from localagent.host.index import IndexFile
    from localagent.services.home_folder import home_folder

    try:
        current = os.getcwd()  # noqa: PTH109 - pathlib costs more than the answer
    except FileNotFoundError:
        return None
    return IndexFile(home_folder(home, environ), current, part, environ).read()


def keep(picture: Survey, situation: Situation) -> dict[str, Any]:
    """Keep what a survey found for the next start, and give it; not where it holds for this run only."""
    from localagent.host.survey import keep_warm
    from localagent.manifest.names import BUILTIN_COMMANDS

    found = parts(picture)
    # What is doubtful in the user's files is told each time, and quick answers tell none of it.
    if picture.reserved == BUILTIN_COMMANDS and not situation.development.hints:
        # Commands that no preflight has told yet would be missing from what is kept.
        keep_warm(picture, situation, found if not picture.unknown() else {PLUGINS: found[PLUGINS]})
    return found


def parts(picture: Survey) -> dict[str, Any]:
    """The parts by name, as JSON values."""
    from localagent_cli import listing

    return {COMMANDS: listing.commands(picture), PLUGINS: listing.contents(picture)}
