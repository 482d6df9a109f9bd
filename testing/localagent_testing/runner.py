"""Runs command lines on a host, as a test sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typer.testing import Result

    from localagent_cli.app import LocalAgentCLI


class PluginRunner:
    """Typer's `CliRunner` on one command line.

    Attributes:
        cli: the command line.
    """

    def __init__(self, cli: LocalAgentCLI) -> None:
        self.cli = cli

    def invoke(
        self,
        args: str | Sequence[str],
        *,
        input: str | None = None,  # noqa: A002 - Typer's name
        env: Mapping[str, str | None] | None = None,
    ) -> Result:
        """Run a command line and give what became of it; `Result` has ``exit_code``, ``stdout`` and ``stderr``.

        Args:
            args: the words, or one text that is split as a shell does.
            input: what stands on standard input.
            env: variables for this command; None unsets one.
        """
        from typer.testing import CliRunner

        return CliRunner().invoke(self.cli.app, args, input=input, env=env)
