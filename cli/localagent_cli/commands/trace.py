"""``localagent trace``: where the time of a command went, plugin by plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from localagent.errors import UsageError
from localagent_cli import output
from localagent_cli.commands.context import cli_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
)
def trace(
    ctx: typer.Context,
    to: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the trace to a file, as JSON")
    ] = None,
) -> None:
    """Run a command, and show where its time went: [--] COMMAND...

    For each plugin: import, initialise, calls, messages and cleanup, with milliseconds and memory. What the command
    prints and its exit code stay as they are; the trace follows on standard error.

    Example: localagent trace analyze-project .
    """
    from localagent_cli import tracing

    words = ctx.args[1:] if ctx.args[:1] == ["--"] else ctx.args
    if not words:
        raise UsageError("which command?", fix="localagent trace COMMAND...")
    cli = cli_of(ctx)
    traced, trace_ = tracing.traced(cli)
    code = traced.run(words)
    for line in tracing.waterfall(trace_):
        output.tell(line)
    if to is not None:
        tracing.write(trace_, to)
        output.tell(f"wrote {to}")
    raise typer.Exit(code)
