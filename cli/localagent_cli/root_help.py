"""The root's help page: the host's commands, then those of enabled plugins.

The page is drawn from rows that the index keeps; nothing heavier than the index is imported for it.
"""

from __future__ import annotations

from localagent_cli import help_page, warm
from localagent_cli.builtin_commands import BUILTINS, GLOBAL_OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from localagent_cli.streams import Answer

_INTRO = "A host for local LLM agents made of plugins, and the toolkit to make them."


def kept_root_help(environ: Mapping[str, str]) -> Answer | None:
    """The page for what the index says; None where it does not hold."""
    kept = warm.read(warm.COMMANDS, environ)
    return None if kept is None else (page(kept["commands"]), [], 0)


def page(commands: Iterable[Sequence[str]]) -> str:
    """The page with these commands of plugins: name, help, owner."""
    return help_page.render(
        "localagent [OPTIONS] COMMAND [ARGS]...",
        _INTRO,
        [
            ("Commands", [(name, text) for name, (text, _) in BUILTINS.items()]),
            ("Commands of plugins", [(name, text) for name, text, _ in commands]),
            ("Options", GLOBAL_OPTIONS),
        ],
        width=help_page.terminal_width(),
        unicode=help_page.speaks_unicode(),
    )
