"""Who owns which command: names, owners and conflicts, decided without importing a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localagent.host.spec import CommandHelp


class OwnedCommand(NamedTuple):
    """A command and the plugin it belongs to."""

    name: str
    help: str
    owner: str


class Conflict(NamedTuple):
    """A name that two want: `loser` is reachable as ``loser:name`` only."""

    name: str
    winner: str
    loser: str


class CommandTable(NamedTuple):
    """All commands of enabled plugins: by their plain names, and every one as ``plugin:name``."""

    commands: dict[str, OwnedCommand]
    qualified: dict[str, OwnedCommand]
    conflicts: tuple[Conflict, ...]

    def find(self, word: str) -> OwnedCommand | None:
        """The command that a word on the command line means: ``name`` or ``plugin:name``."""
        return self.commands.get(word) or self.qualified.get(word)


BUILT_IN = "a built-in command"


def tabulate(
    offers: Iterable[tuple[str, Iterable[CommandHelp]]], *, reserved: frozenset[str] | set[str] = frozenset()
) -> CommandTable:
    """Give each name to its first owner.

    Args:
        offers: plugins with their commands, in order of precedence.
        reserved: names of built-in commands, which are never given away.
    """
    commands: dict[str, OwnedCommand] = {}
    qualified: dict[str, OwnedCommand] = {}
    conflicts: list[Conflict] = []
    for owner, offered in offers:
        for command in offered:
            owned = OwnedCommand(command.name, command.help, owner)
            qualified[f"{owner}:{command.name}"] = owned
            if command.name in reserved:
                conflicts.append(Conflict(command.name, BUILT_IN, owner))
            elif command.name in commands and commands[command.name].owner != owner:
                conflicts.append(Conflict(command.name, commands[command.name].owner, owner))
            else:
                commands[command.name] = owned
    return CommandTable(commands, qualified, tuple(conflicts))
