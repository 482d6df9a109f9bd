"""``localagent providers``: which there are, how they are, and how one is set up."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localagent.errors import UsageError
from localagent.providers.configuration import SECTION
from localagent_cli import model_weights, output, provider_setup
from localagent_cli.commands.context import Json, cli_of, manager_of
from localagent_cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from localagent.host.survey import Surveyed
    from localagent.providers.manager import Health, ProviderManager
    from localagent_cli.provider_setup import Change

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="List, check and set up providers of language models.\n\n"
    "Example: localagent providers setup scripted --set file=answers.yaml",
)


@app.command("list")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List the providers there are, built in or of plugins, and which of them 'ask' uses; runs none.

    Example: localagent providers list --json
    """
    settings = cli_of(ctx).host.provider_manager.settings
    chain, configured = settings.chain(), settings.configured()
    rows = [_row(plugin, chain, configured) for plugin in manager_of(ctx).survey.providers().values()]
    if as_json:
        output.show_json(rows)
        return
    columns = ("name", "state", "use", "settings", "source")
    output.show_table(columns, [[_told(row[column]) for column in columns] for row in rows])


@app.command()
def health(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One provider; else all that are set up", metavar="NAME")] = None,
    as_json: Json = False,
) -> None:
    """Ask providers how they are, all at the same time; 1 is the exit code if one cannot answer.

    Example: localagent providers health ollama
    """
    providers, loop = cli_of(ctx).host.provider_manager, cli_of(ctx).host.loop
    if name is not None:
        # What does not exist, or may not run, is another thing than one that is ill.
        loop.run(providers.schema_of(name))
    found = loop.run(providers.health([name] if name is not None else _set_up(providers)))
    if as_json:
        output.show_json([dataclasses.asdict(each) for each in found])
    else:
        for each in found:
            _show_health(each)
    raise typer.Exit(DONE if all(each.healthy for each in found) else FAILED)


@app.command()
def setup(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The provider", metavar="NAME")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting; may be repeated")
    ] = None,
    default: Annotated[bool, typer.Option("--default", help="Let 'ask' use it, even if another one is there")] = False,
    no_check: Annotated[bool, typer.Option("--no-check", help="Do not look whether it can be reached")] = False,
) -> None:
    """Write a provider's settings into config.yaml, and look whether it can be reached.

    What it requires and was not given is asked for on a terminal. A key is best given as a reference, such as
    --set 'api_key=${env:MY_KEY}'; a variable keeps it out of the file.

    Example: localagent providers setup embedded
    """
    host = cli_of(ctx).host
    providers = host.provider_manager
    schema = host.loop.run(providers.schema_of(name))
    present = host.settings.read_section((SECTION, name), schema, plugin=name).layered.values
    changes = [provider_setup.read_change(text, schema) for text in set_ or ()]
    wanted = provider_setup.missing(schema, provider_setup.with_changes(present, changes))
    changes += _asked_for(name, wanted, schema)
    settings = provider_setup.with_changes(present, changes)
    provider_setup.require_valid(name, settings, schema)
    model_weights.fetch_where_wanted(settings, host.home.data(name))
    becomes_default = default or not providers.settings.chain()
    is_new = name not in providers.settings.configured()
    provider_setup.write(host.home.config_file, name, changes, make_section=is_new, make_default=becomes_default)
    for change in changes:
        output.tell(f"set {'.'.join((SECTION, name, *change.path))}")
    if becomes_default:
        output.tell(f"set {SECTION}.default {name}")
    if not no_check:
        _check(ctx, name)
    output.tell(f'try: localagent ask "Say hello"{"" if becomes_default else f" --provider {name}"}')


def _row(plugin: Surveyed, chain: tuple[str, ...], configured: tuple[str, ...]) -> dict[str, Any]:
    """A provider as JSON values."""
    name, verdict, source = plugin.name, plugin.verdict, plugin.spec.source
    place = chain.index(name) if name in chain else None
    return {
        "name": name,
        "state": verdict.state.value,
        "use": None if place is None else "default" if place == 0 else f"fallback {place}",
        "settings": "set" if name in configured else None,
        "source": source.kind.value,
        "description": plugin.spec.description,
        "reason": verdict.reason or None,
        "fix": verdict.fix or None,
    }


def _told(value: str | None) -> str:
    return value or "-"


def _set_up(providers: ProviderManager) -> tuple[str, ...]:
    """The providers that are in use or have settings.

    Raises:
        ConfigError: there is none.
    """
    names = tuple(dict.fromkeys((*providers.settings.chain(), *providers.settings.configured())))
    return names or providers.chain()


def _show_health(health: Health) -> None:
    facts = ", ".join(f"{key} {value}" for key, value in health.facts.items() if key not in ("healthy", "error", "fix"))
    state = "healthy" if health.healthy else f"NOT healthy: {health.problem}"
    output.show(f"{health.name}: {state} ({health.seconds * 1000:.0f} ms{f', {facts}' if facts else ''})")
    if health.fix:
        output.show(f"  fix: {health.fix}")


def _asked_for(name: str, keys: Iterable[str], schema: Mapping[str, Any]) -> list[Change]:
    """What the user types for settings that are missing.

    Raises:
        UsageError: there is no terminal to ask on.
    """
    keys = list(keys)
    if keys and not sys.stdin.isatty():
        flags = " ".join(f"--set {key}=VALUE" for key in keys)
        raise UsageError(
            f"the provider '{name}' needs {', '.join(keys)}, and there is no terminal to ask on", fix=f"add {flags}"
        )
    return [provider_setup.read_change(f"{key}={_typed(key, schema)}", schema) for key in keys]


def _typed(key: str, schema: Mapping[str, Any]) -> str:
    question, hidden = provider_setup.describe(key, schema), provider_setup.is_secret(key)
    return str(typer.prompt(question, hide_input=hidden, err=True))


def _check(ctx: typer.Context, name: str) -> None:
    """Say how the provider is with its new settings."""
    host = cli_of(ctx).host
    (found,) = host.loop.run(host.provider_manager.health([name]))
    _show_health(found)
    if not found.healthy:
        raise typer.Exit(FAILED)
