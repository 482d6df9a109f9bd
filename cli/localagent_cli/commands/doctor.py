"""``localagent doctor``: what is wrong, and the command that mends it."""

from __future__ import annotations

import dataclasses

import typer

from localagent.host.examination import Verdict, examine
from localagent_cli import output
from localagent_cli.commands.context import Json, cli_of, manager_of
from localagent_cli.exit_codes import DONE, FAILED

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    help="Look for what is wrong with the host and its surroundings.\n\nExample: localagent doctor --json",
)


@app.callback(invoke_without_command=True)
def doctor(ctx: typer.Context, as_json: Json = False) -> None:
    """Look for what is wrong with the host and its surroundings; runs no plugin."""
    checks = examine(cli_of(ctx).host.situation, manager_of(ctx).survey)
    if as_json:
        output.show_json([dataclasses.asdict(check) | {"verdict": check.verdict.value} for check in checks])
    else:
        for check in checks:
            rule = f"[{check.rule}] " if check.verdict is not Verdict.FINE and check.rule else ""
            output.show(f"{check.verdict.value:<5}  {rule}{check.what}: {check.detail}")
            if check.fix:
                output.show(f"       fix: {check.fix}")
    raise typer.Exit(FAILED if any(check.verdict is Verdict.WRONG for check in checks) else DONE)
