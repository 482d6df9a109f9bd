"""``localagent config``: show and change settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localagent.errors import LocalAgentError, UsageError
from localagent.host.schemas import schema_of
from localagent.manifest.wording import dotted
from localagent.services.config_file import set_value, unset_value
from localagent.services.redacting import masked_settings
from localagent_cli import output
from localagent_cli.commands.context import Json, cli_of, manager_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localagent.manifest.composing import KeyPath
    from localagent.services.layers import Layered, Origin
    from localagent.services.reading import Reading

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Show and change settings.\n\nExample: localagent config set plugins.NAME.config.KEY VALUE",
)

_Key = Annotated[str, typer.Argument(help="Dotted key, such as plugins.NAME.config.KEY", metavar="KEY")]


@app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="A plugin: show its merged settings")] = None,
    origin: Annotated[bool, typer.Option("--origin", help="Say of each value where it comes from")] = False,
    as_json: Json = False,
) -> None:
    """Show the configuration, or one plugin's settings as it gets them.

    Example: localagent config show my-plugin --origin
    """
    if name is None:
        _show(cli_of(ctx).host.settings.whole(), origin=origin, as_json=as_json)
        return
    reading = _read(ctx, name)
    _show(reading.layered, origin=origin, as_json=as_json)
    for hint in reading.hints:
        output.tell(f"warning: {hint}")
    reading.require(reading.findings())


@app.command("set")
def set_(
    ctx: typer.Context,
    key: _Key,
    value: Annotated[str, typer.Argument(help="JSON, or plain text")],
) -> None:
    """Set one value; comments in the file are kept, and what is wrong with a plugin's settings then is told.

    Example: localagent config set plugins.my-plugin.config.size 10
    """
    path = _path(key)
    set_value(cli_of(ctx).host.home.config_file, path, _value(value))
    output.tell(f"set {key}")
    _warn_of(ctx, path)


@app.command()
def unset(ctx: typer.Context, key: _Key) -> None:
    """Remove one value; what is wrong with a plugin's settings then is told.

    Example: localagent config unset plugins.my-plugin.config.size
    """
    path = _path(key)
    unset_value(cli_of(ctx).host.home.config_file, path)
    output.tell(f"unset {key}")
    _warn_of(ctx, path)


@app.command()
def path(ctx: typer.Context) -> None:
    """Print where the configuration is.

    Example: localagent config path
    """
    output.show(str(cli_of(ctx).host.home.config_file))


def _warn_of(ctx: typer.Context, path: Sequence[str]) -> None:
    """Say what is wrong with the settings of a plugin in which a value was changed; it may take several to be right."""
    match path:
        case ["plugins", name, *_]:
            pass
        case _:
            return
    try:
        reading = _read(ctx, name)
    except LocalAgentError as error:
        output.tell(f"warning: {error.message}{f' ({error.fix})' if error.fix else ''}")
        return
    for wrong in (*reading.hints, *map(str, reading.findings())):
        output.tell(f"warning: {wrong}")


def _read(ctx: typer.Context, name: str) -> Reading:
    """What all sources say of a plugin's settings."""
    settings = cli_of(ctx).host.settings
    settings.declare_schema(name, schema_of(manager_of(ctx).survey.find(name)))
    return settings.read(name)


def _show(settings: Layered, *, origin: bool, as_json: bool) -> None:
    if not origin:
        value = masked_settings(settings.values)
        if as_json:
            output.show_json(value)
        else:
            output.show(_yaml(value) if value else "# nothing is set")
        return
    rows = [(dotted(path), _masked(path, value), where) for path, value, where in settings.leaves()]
    if as_json:
        output.show_json([{"key": key, "value": value, "origin": where.to_dict()} for key, value, where in rows])
    else:
        output.show("\n".join(_aligned(rows)) or "# nothing is set")


def _aligned(rows: Sequence[tuple[str, Any, Origin]]) -> list[str]:
    """Key, value as JSON and origin, each column as wide as it needs; no rule or wrapping, so that lines can be cut."""
    written = [(key, json.dumps(value, ensure_ascii=False, default=str), str(where)) for key, value, where in rows]
    keys, values = (max((len(row[column]) for row in written), default=0) for column in (0, 1))
    return [f"{key:<{keys}}  {value:<{values}}  {where}" for key, value, where in written]


def _masked(path: KeyPath, value: Any) -> Any:
    """A value for others to read; a secret is known by the last of its keys."""
    return masked_settings({str(path[-1]): value})[str(path[-1])]


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
