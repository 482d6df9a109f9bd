"""What the root's help page says: the host's commands, then those of enabled plugins."""

from __future__ import annotations

from localagent_cli import global_options, help_page
from localagent_cli.builtin_commands import BUILTINS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localagent.host.survey import Survey

_INTRO = "A host for local LLM agents made of plugins, and the toolkit to make such plugins."


def root_help(picture: Survey) -> str:
    """The page for what is installed and enabled now."""
    table = picture.commands()
    own = [(command.name, command.help) for command in table.commands.values()]
    hidden = {(conflict.loser, conflict.name) for conflict in table.conflicts}
    own += [
        (word, command.help) for word, command in table.qualified.items() if (command.owner, command.name) in hidden
    ]
    return help_page.render(
        "localagent [OPTIONS] COMMAND [ARGS]...",
        _INTRO,
        [
            ("Commands", [(name, text) for name, (text, _) in BUILTINS.items()]),
            ("Commands of plugins", sorted(own)),
            ("Options", global_options.HELP),
        ],
        width=help_page.terminal_width(),
        unicode=help_page.speaks_unicode(),
    )
