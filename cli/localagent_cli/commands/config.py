"""``localagent config``: show and change settings."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from localagent.errors import UsageError
from localagent.plugins.config_schema import read_schema, schema_file_for
from localagent.services.config_file import set_value, unset_value
from localagent_cli import output
from localagent_cli.commands.context import Json, cli_of, manager_of

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Show and change settings.\n\nExample: localagent config set plugins.NAME.config.KEY VALUE",
)

_Key = Annotated[str, typer.Argument(help="Dotted key, such as plugins.NAME.config.KEY", metavar="KEY")]


@app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="A plugin: show its merged settings")] = None,
    as_json: Json = False,
) -> None:
    """Show the configuration, or one plugin's settings as it gets them."""
    settings = cli_of(ctx).host.settings
    value: dict[str, Any] = settings.user
    if name is not None:
        spec = manager_of(ctx).survey.find(name).spec
        folder = spec.manifest_file or spec.module_file
        schema_file = schema_file_for(folder.parent) if folder else None
        settings.declare_schema(name, read_schema(schema_file) if schema_file else None)
        value = settings.merged(name)
    if as_json:
        output.show_json(value)
    else:
        output.show(_yaml(value) if value else "# nothing is set")


@app.command("set")
def set_(
    ctx: typer.Context,
    key: _Key,
    value: Annotated[str, typer.Argument(help="JSON, or plain text")],
) -> None:
    """Set one value; comments in the file are kept."""
    set_value(cli_of(ctx).host.home.config_file, _path(key), _value(value))
    output.tell(f"set {key}")


@app.command()
def unset(ctx: typer.Context, key: _Key) -> None:
    """Remove one value."""
    unset_value(cli_of(ctx).host.home.config_file, _path(key))
    output.tell(f"unset {key}")


@app.command()
def path(ctx: typer.Context) -> None:
    """Print where the configuration is."""
    output.show(str(cli_of(ctx).host.home.config_file))


def _path(key: str) -> list[str]:
    parts = key.split(".")
    if not all(parts):
        raise UsageError(f"'{key}' is no dotted key", fix="write it as plugins.NAME.config.KEY")
    return parts


def _value(text: str) -> Any:
    """`text` as JSON says it, else as the text it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _yaml(value: dict[str, Any]) -> str:
    import io

    from ruamel.yaml import YAML

    text = io.StringIO()
    yaml: Any = YAML()
    yaml.dump(value, text)
    return text.getvalue().rstrip()
