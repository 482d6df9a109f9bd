"""``localagent doctor``: what is wrong, and the command that mends it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from localagent.errors import UsageError
from localagent.host.examination import Check, Verdict, examine
from localagent_cli import output
from localagent_cli.commands.context import Json, cli_of, manager_of
from localagent_cli.exit_codes import DONE, FAILED

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def doctor(
    ctx: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(help="The repository of a plugin, to be looked at as well", metavar="PATH")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look for what is wrong with the host, and with a plugin's repository; runs no plugin.

    Each thing that is wrong or worth a look comes with the command that mends it. The exit code is 1 if something is
    wrong.

    Example: localagent doctor .
    """
    checks = examine(cli_of(ctx).host.situation, manager_of(ctx).survey)
    if path is not None:
        checks += _of_repository(path)
    if as_json:
        output.show_json([dataclasses.asdict(check) | {"verdict": check.verdict.value} for check in checks])
    else:
        for check in checks:
            rule = f"[{check.rule}] " if check.verdict is not Verdict.FINE and check.rule else ""
            output.show(f"{check.verdict.value:<5}  {rule}{check.what}: {check.detail}")
            if check.fix:
                output.show(f"       fix: {check.fix}")
    raise typer.Exit(FAILED if any(check.verdict is Verdict.WRONG for check in checks) else DONE)


def _of_repository(path: Path) -> list[Check]:
    from localagent.host.repository_examination import examine_repository
    from localagent.manifest.layout import project_root

    if not path.exists():
        raise UsageError("there is no such folder", file=path, fix="localagent doctor PATH, with a plugin's folder")
    return examine_repository(path.resolve() if path.is_dir() else project_root(path.resolve()))
