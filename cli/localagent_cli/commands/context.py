"""What every command module needs of the running command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from localagent.errors import RefusedError

if TYPE_CHECKING:
    from localagent.host.manager import PluginManager
    from localagent_cli.app import LocalAgentCLI

Json = Annotated[bool, typer.Option("--json", help="Print JSON")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")]


def cli_of(ctx: typer.Context) -> LocalAgentCLI:
    """The command line that runs this command."""
    cli: LocalAgentCLI = ctx.find_root().obj
    return cli


def manager_of(ctx: typer.Context) -> PluginManager:
    """The plugins of the command line that runs this command."""
    return cli_of(ctx).plugin_manager


def agree(question: str, *, yes: bool) -> bool:
    """Whether the user agrees: by ``--yes``, else asked on a terminal.

    Raises:
        RefusedError: there is no terminal to ask on.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise RefusedError("this needs your consent, and there is no terminal to ask on", fix="add --yes to agree")
    return typer.confirm(question, err=True)
