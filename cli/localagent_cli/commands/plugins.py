"""``localagent plugins``: what is there, whether it runs, and how it comes and goes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localagent.errors import RefusedError, UsageError
from localagent.host.spec import SourceKind
from localagent.host.traffic import read_traffic, told
from localagent.manifest.names import check_name
from localagent_cli import listing, output, plugin_list, warm
from localagent_cli.commands import plugin_changes
from localagent_cli.commands.context import Json, Yes, agree, cli_of, manager_of
from localagent_cli.commands.plugin_changes import tell_enabled, tell_needs
from localagent_cli.exit_codes import DONE, FAILED, NOT_AVAILABLE
from localagent_cli.outcome import show_outcome, to_dict

if TYPE_CHECKING:
    from localagent.services.home import Home

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    help="List, inspect, install, enable and test plugins.\n\n"
    "The option spellings (plugins --list, --enable NAME ...) do the same as the commands.\n\n"
    "Example: localagent plugins install ./my-plugin",
)

_Name = Annotated[str, typer.Argument(help="The plugin's name", metavar="NAME")]
_Timings = Annotated[bool, typer.Option("--timings", help="Show how long importing each took when it was last seen")]
_Purge = Annotated[bool, typer.Option("--purge", help="Remove what it stored, too")]


@app.callback(invoke_without_command=True)
def group(
    ctx: typer.Context,
    list_: Annotated[bool, typer.Option("--list", help="Same as 'plugins list'")] = False,
    install_: Annotated[
        str | None, typer.Option("--install", metavar="SOURCE", help="Same as 'plugins install'")
    ] = None,
    uninstall_: Annotated[
        str | None, typer.Option("--uninstall", metavar="NAME", help="Same as 'plugins uninstall'")
    ] = None,
    enable_: Annotated[str | None, typer.Option("--enable", metavar="NAME", help="Same as 'plugins enable'")] = None,
    disable_: Annotated[str | None, typer.Option("--disable", metavar="NAME", help="Same as 'plugins disable'")] = None,
    test_: Annotated[str | None, typer.Option("--test", metavar="NAME", help="Same as 'plugins test'")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Do what one of the option spellings asks for."""
    if ctx.invoked_subcommand is not None:
        return
    if list_:
        list_plugins(ctx, as_json=as_json)
    elif install_ is not None:
        plugin_changes.install(ctx, [install_], yes=yes)
    elif uninstall_ is not None:
        uninstall(ctx, uninstall_, yes=yes)
    elif enable_ is not None:
        enable(ctx, enable_)
    elif disable_ is not None:
        disable(ctx, disable_)
    elif test_ is not None:
        test(ctx, test_, as_json=as_json)
    else:
        output.show(ctx.get_help())


@app.command("list")
def list_plugins(ctx: typer.Context, as_json: Json = False, timings: _Timings = False) -> None:
    """List every plugin that was found, the broken ones with cause and fix.

    Example: localagent plugins list --json
    """
    contents = warm.keep(manager_of(ctx).survey, cli_of(ctx).host.situation)[warm.PLUGINS]
    output.show_answer(plugin_list.answer(contents, as_json=as_json, timings=timings))


@app.command()
def info(ctx: typer.Context, name: _Name, as_json: Json = False) -> None:
    """Show all that is known of a plugin, and why it is or is not loaded.

    Example: localagent plugins info my-plugin
    """
    picture = manager_of(ctx).survey
    plugin = picture.find(name)
    messages = read_traffic(cli_of(ctx).host.home).get(plugin.name)
    if as_json:
        told_messages = {"messages": dataclasses.asdict(messages) if messages else None}
        output.show_json(listing.details(plugin, picture) | told_messages)
        return
    spec = plugin.spec
    output.show(f"{spec.name} {spec.version}".rstrip())
    if spec.description:
        output.show(spec.description)
    output.show()
    for line in listing.chain(plugin, picture):
        output.show(line)
    for command in plugin.commands:
        output.show(f"command    {command.name}: {command.help}".rstrip(": "))
    for permission in spec.permissions:
        output.show(f"permission {permission}")
    if messages is not None:
        output.show(f"messages   last run: {told(messages.last)}")
        output.show(f"           in all: {told(messages.total)}")


@app.command()
def enable(ctx: typer.Context, name: _Name) -> None:
    """Agree to run a plugin from the source it has now.

    Example: localagent plugins enable my-plugin
    """
    _enable(ctx, name)


@app.command()
def disable(ctx: typer.Context, name: _Name) -> None:
    """Say that a plugin must not run; it stays installed.

    Example: localagent plugins disable my-plugin
    """
    manager_of(ctx).disable(name)
    output.tell(f"disabled {name}")


@app.command()
def uninstall(ctx: typer.Context, name: _Name, yes: Yes = False, purge: _Purge = False) -> None:
    """Remove a plugin that LocalAgent installed; its data stay unless --purge is given.

    Example: localagent plugins uninstall my-plugin --yes
    """
    from localagent_cli.installing import is_ours, take_out

    manager, home = manager_of(ctx), cli_of(ctx).host.home
    found = [plugin for plugin in listing.all_of(manager.survey) if plugin.name == name]
    if purge and not found and home.data(_checked_name(name)).exists():
        _purge(home, name, yes=yes)
        return
    source = next((plugin.spec.source for plugin in found if is_ours(plugin.spec.source, home)), None)
    if source is None:
        source = manager.disable(name).source
        if source.kind is SourceKind.BUILT_IN:
            raise RefusedError(f"'{name}' is a part of LocalAgent; it is disabled now", plugin=name)
        remove = f"python -m pip uninstall {source.distribution}" if source.distribution else f"rm -r {source.root}"
        raise RefusedError(
            f"'{name}' is disabled now; its files were not installed by LocalAgent, so it leaves them where they are",
            plugin=name,
            fix=f"{remove} && localagent plugins uninstall {name} --purge" if purge else remove,
        )
    if not agree(f"Uninstall {name} and remove its data?" if purge else f"Uninstall {name}?", yes=yes):
        raise typer.Abort
    gone = take_out(home, name, source, manager.survey)
    output.tell(f"uninstalled {', '.join(gone)}")
    if purge:
        _purge(home, name, yes=True)


@app.command()
def test(
    ctx: typer.Context,
    target: Annotated[
        str, typer.Argument(help="A plugin's name, its folder, a wheel or a source archive", metavar="NAME|PATH|WHEEL")
    ],
    audit: Annotated[
        bool, typer.Option("--audit", help="Record what it uses, and hold that against its permissions")
    ] = False,
    as_json: Json = False,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write the results as JUnit XML, too")
    ] = None,
) -> None:
    """Check that a plugin keeps its promises, and run its own tests.

    A wheel or a source archive is tested in a clean environment, which has what it asks for and nothing else.

    Example: localagent plugins test dist/analyzer-1.0.0-py3-none-any.whl
    """
    from localagent.services.files import write_text
    from localagent_cli import junit as junit_xml
    from localagent_cli.plugin_tests import run_plugin_tests

    outcome = run_plugin_tests(target, manager=manager_of(ctx), audit=audit, tell=output.tell)
    if junit is not None:
        write_text(junit, junit_xml.report(outcome))
    if as_json:
        output.show_json(to_dict(outcome))
    else:
        show_outcome(outcome)
    raise typer.Exit(DONE if outcome.passed else FAILED)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
)
def bisect(ctx: typer.Context, as_json: Json = False) -> None:
    """Find the plugin that breaks a command: [--] COMMAND...

    The command runs again and again, each time with half of the plugins that may be it, and nobody is asked anything;
    its exit code tells. What is enabled stays as it is. 200 plugins take 9 runs at most.

    Example: localagent plugins bisect -- analyze-project .
    """
    from localagent_cli import bisecting

    words = ctx.args[1:] if ctx.args[:1] == ["--"] else ctx.args
    if not words:
        raise UsageError("which command?", fix="localagent plugins bisect -- COMMAND...")
    needed, candidates = bisecting.candidates_of(manager_of(ctx).survey, words[0])
    most = bisecting.most_runs(len(candidates))
    output.tell(f"{len(candidates)} plugins may be it; at most {most} runs")

    def tell(ended: bisecting.Ended) -> None:
        output.tell(f"with {ended.plugins - len(needed)} of them: ends with {ended.code}")

    found = bisecting.bisect(needed, candidates, bisecting.running(cli_of(ctx).host.home.path, words, tell))
    if as_json:
        output.show_json(dataclasses.asdict(found))
    else:
        for line in bisecting.lines_of(found, words):
            output.show(line)
    raise typer.Exit(DONE if found.culprit else FAILED)


def _purge(home: Home, name: str, *, yes: bool) -> None:
    """Remove a plugin's data, once the user agrees."""
    from localagent.services.storage import purge

    if not agree(f"Remove all data of {name}?", yes=yes):
        raise typer.Abort
    removed = purge(home, name)
    output.tell(f"removed the data of {name}" if removed else f"{name} had no data")


def _checked_name(name: str) -> str:
    """`name`, which becomes a part of a path."""
    problem = check_name(name)
    if problem is not None:
        raise UsageError(f"'{name}' cannot be a plugin's name: it {problem}")
    return name


def _enable(ctx: typer.Context, name: str) -> None:
    """Enable a plugin and say what that means: source, permissions, dependencies, what is missing, what to try."""
    enabled = manager_of(ctx).enable(name)
    output.tell(f"enabled {enabled.spec.name} {enabled.spec.version} from {enabled.spec.source}")
    tell_needs(enabled.spec, enabled.record)
    if not tell_enabled(ctx, enabled.spec, enabled.record):
        raise typer.Exit(NOT_AVAILABLE)


app.command()(plugin_changes.install)
app.command()(plugin_changes.upgrade)
app.command()(plugin_changes.rollback)
app.command()(plugin_changes.sync)
app.command()(plugin_changes.lock)
app.command()(plugin_changes.search)
