"""``localagent ui``: see what terminal components draw."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from localagent.errors import UsageError
from localagent_cli import output
from localagent_cli.commands.context import Json, cli_of
from localagent_cli.exit_codes import FAILED

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="See what terminal components draw.\n\nExample: localagent ui show data_table --data rows.json",
)


@app.command("list")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List the components of enabled plugins and LocalAgent's own.

    Example: localagent ui list --json
    """
    from localagent_cli.components import listed

    found = listed(cli_of(ctx).plugin_manager)
    if as_json:
        output.show_json([each.to_dict() for each in found])
        return
    rows = [(each.name, each.owner, each.told) for each in found]
    output.show_table(("component", "from", "what it is"), rows)


@app.command()
def show(
    ctx: typer.Context,
    component: Annotated[str, typer.Argument(help="Its name, or PLUGIN:NAME")],
    data: Annotated[str | None, typer.Option(help="A file with JSON, CSV or text; - for standard input")] = None,
    title: Annotated[str | None, typer.Option(help="The line above")] = None,
    given: Annotated[list[str] | None, typer.Option("--set", metavar="OPTION=VALUE", help="Another option")] = None,
    export: Annotated[Path | None, typer.Option(help="Write it to a file: .svg, .html or .txt")] = None,
    watch: Annotated[Path | None, typer.Option(help="Draw this file's data, anew whenever they change")] = None,
    width: Annotated[int | None, typer.Option(min=1, help="Columns; by default those of the terminal")] = None,
) -> None:
    """Draw a component with data, or with a sample.

    Example: localagent ui show data_table --data sizes.csv
    """
    from localagent.ui.exporting import check_form
    from localagent_cli.showing import Showing, follow

    if data is not None and watch is not None:
        raise UsageError("--data and --watch both name data", fix="leave one of them out")
    if export is not None:
        check_form(export)
    options = _options(given or [], title)
    showing = Showing(cli_of(ctx), component, options, export=export, width=width)
    if watch is not None:
        follow(showing, watch)
    elif not showing.draw(_source(data)):
        raise typer.Exit(FAILED)


def _source(data: str | None) -> Path | bytes | None:
    """Where the data are; the data themselves where they come by standard input."""
    if data == "-":
        return sys.stdin.buffer.read()
    return None if data is None else Path(data)


def _options(given: list[str], title: str | None) -> dict[str, Any]:
    options: dict[str, Any] = {} if title is None else {"title": title}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise UsageError(f"'--set {each}' gives no option", fix="write it as --set OPTION=VALUE")
        options[name] = _value(value)
    return options


def _value(text: str) -> Any:
    """`text` as JSON says it, else as the text it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text
