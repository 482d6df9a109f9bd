"""The root's help page: the host's commands, then those of enabled plugins.

The page is drawn from rows that the index keeps; nothing heavier than the index is imported for it.
"""

from __future__ import annotations

from localagent_cli import help_page
from localagent_cli.builtin_commands import BUILTINS, GLOBAL_OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localagent.host.survey import Survey

_INTRO = "A host for local LLM agents made of plugins, and the toolkit to make such plugins."


def root_help(picture: Survey) -> str:
    """The page for what a survey found."""
    return page(plugin_rows(picture))


def kept_root_help(environ: Mapping[str, str]) -> str | None:
    """The page for what the index says; None where it does not hold."""
    import os

    from localagent.host.index import IndexFile
    from localagent.services.home_folder import home_folder

    try:
        current = os.getcwd()  # noqa: PTH109 - pathlib costs more than the page
    except FileNotFoundError:
        return None
    rows = IndexFile(home_folder(None, environ), current, "hot", environ).read()
    return None if rows is None else page(rows)


def plugin_rows(picture: Survey) -> list[list[str]]:
    """Names and help lines of plugins' commands, those that lost their name as ``plugin:command``."""
    table = picture.commands()
    lost = {(conflict.loser, conflict.name) for conflict in table.conflicts}
    rows = [[command.name, command.help] for command in table.commands.values()]
    rows += [[word, owned.help] for word, owned in table.qualified.items() if (owned.owner, owned.name) in lost]
    return sorted(rows)


def page(rows: Sequence[Sequence[str]]) -> str:
    """The page with these commands of plugins."""
    return help_page.render(
        "localagent [OPTIONS] COMMAND [ARGS]...",
        _INTRO,
        [
            ("Commands", [(name, text) for name, (text, _) in BUILTINS.items()]),
            ("Commands of plugins", [(name, text) for name, text in rows]),
            ("Options", GLOBAL_OPTIONS),
        ],
        width=help_page.terminal_width(),
        unicode=help_page.speaks_unicode(),
    )
