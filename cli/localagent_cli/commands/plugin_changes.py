"""``localagent plugins install | upgrade | rollback | sync | lock | search``: the set of installed plugins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localagent.errors import ConfigError, PluginNotAvailable, UsageError
from localagent.host.preparing import missing_settings
from localagent.manifest.plain import is_list
from localagent_cli import listing, output
from localagent_cli.commands.context import Json, Yes, agree, cli_of, manager_of
from localagent_cli.exit_codes import DONE, FAILED, NOT_AVAILABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localagent.host.records import Record
    from localagent.host.spec import PluginSpec
    from localagent_cli.packaging.demand import Tool
    from localagent_cli.packaging.install import InstalledSet
    from localagent_cli.packaging.plan import Choices, InstallPlan, Wanted
    from localagent_cli.packaging.sources import Source

_Index = Annotated[str, typer.Option("--index", metavar="URL", help="A simple index in place of the default one")]
_Resolver = Annotated[
    str, typer.Option("--resolver", metavar="pip|uv", help="What chooses versions; by default pip, else uv")
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan only; nothing is changed")]
_Force = Annotated[bool, typer.Option("--force", help="Install what is there already, or does not work, too")]
_Editable = Annotated[
    list[str] | None, typer.Option("--editable", "-e", metavar="PATH", help="Link a source folder instead of copying")
]
_Catalogue = Annotated[
    list[str] | None,
    typer.Option("--catalogue", metavar="URL|DIR", help="A catalogue to look in; else those of the configuration"),
]
_NoEnable = Annotated[bool, typer.Option("--no-enable", help="Install only; enable it yourself later")]


def install(
    ctx: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names in an index, project folders, wheels, source archives, git+URL@REV", metavar="SOURCE..."
        ),
    ] = None,
    editable: _Editable = None,
    index: _Index = "",
    catalogue: _Catalogue = None,
    yes: Yes = False,
    force: _Force = False,
    no_enable: _NoEnable = False,
    dry_run: _DryRun = False,
    resolver: _Resolver = "",
    as_json: Json = False,
) -> None:
    """Install plugins into LocalAgent's own environment; the Python environment it runs in stays as it is.

    Example: localagent plugins install ./my-plugin
    """
    if not sources and not editable:
        raise UsageError("nothing to install is named", fix="localagent plugins install NAME, or -e PATH for a link")
    links = [_link(ctx, folder, yes=yes, enable=not no_enable, dry_run=dry_run) for folder in editable or ()]
    if not all(links):
        # They stay linked: their author is about to mend them.
        raise typer.Exit(NOT_AVAILABLE)
    if not sources:
        return
    # A link needs nothing of this.
    from localagent_cli.packaging.plan import Choices, Wanted
    from localagent_cli.packaging.sources import parse_source

    choices = Choices(index, _tool(resolver), upgrade=force, say=output.tell)
    places = [] if index else _catalogues(ctx, catalogue)
    parsed = [_listed(parse_source(source, index=index), places, strict=bool(catalogue)) for source in sources]
    _agree_to_build(parsed, yes=yes)

    def consent_to(plan: InstallPlan) -> None:
        _show(plan, as_json=as_json and dry_run)
        if plan.additions and not dry_run and not agree("Install?" if no_enable else "Install and enable?", yes=yes):
            raise typer.Abort

    planned = _install(
        ctx,
        [Wanted(source) for source in parsed],
        choices,
        consent_to,
        enable=not no_enable,
        force=force,
        dry_run=dry_run,
    )
    if dry_run:
        return
    if not planned.plugins:
        output.tell("installed already; to look for newer versions: localagent plugins upgrade")
    _tell_of(ctx, planned, enabled=not no_enable)


def upgrade(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Plugins; by default all", metavar="[NAME]...")] = None,
    index: _Index = "",
    yes: Yes = False,
    force: _Force = False,
    dry_run: _DryRun = False,
    resolver: _Resolver = "",
    as_json: Json = False,
) -> None:
    """Bring installed plugins to their newest versions; asks only where they want more than before.

    Example: localagent plugins upgrade my-plugin
    """
    from localagent_cli.installing import growth
    from localagent_cli.packaging.lines import wanted_newer
    from localagent_cli.packaging.plan import Choices

    home = cli_of(ctx).host.home
    groups = wanted_newer(home, _distributions(ctx, names or ()), index=index)
    _agree_to_build([each.source for _, wanted in groups for each in wanted], yes=yes)

    def consent_to(plan: InstallPlan) -> None:
        _show(plan, as_json=as_json and dry_run)
        more = growth(plan)
        for line in more:
            output.tell(line)
        if more and not dry_run and not agree("Upgrade?", yes=yes):
            raise typer.Abort

    changed = False
    for where, wanted in groups:
        choices = Choices(where, _tool(resolver), upgrade=True, say=output.tell)
        for addition in _install(ctx, wanted, choices, consent_to, enable=False, force=force, dry_run=dry_run).plugins:
            changed = True
            output.tell(f"now {addition.distribution}; to go back: localagent plugins rollback")
    if not changed and not dry_run:
        output.tell("nothing newer was found")


def rollback(
    ctx: typer.Context,
    yes: Yes = False,  # noqa: ARG001 - every command that changes something takes it
) -> None:
    """Use the plugins again that were installed before the last change.

    Example: localagent plugins rollback
    """
    from localagent_cli.packaging.install import installed_set, roll_back

    home = cli_of(ctx).host.home.path
    before = _versions(installed_set(home))
    after = _versions(roll_back(home))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            output.tell(f"{name}: {before.get(name, 'not installed')} -> {after.get(name, 'not installed')}")


def sync(
    ctx: typer.Context,
    yes: Yes = False,
    dry_run: _DryRun = False,
    resolver: _Resolver = "",
    as_json: Json = False,
) -> None:
    """Install what plugins.lock names and this environment has not, as after LocalAgent was installed anew.

    Example: localagent plugins sync --yes
    """
    from localagent_cli.packaging.lines import wanted_again
    from localagent_cli.packaging.plan import Choices

    home = cli_of(ctx).host.home

    def consent_to(plan: InstallPlan) -> None:
        _show(plan, as_json=as_json and dry_run)

    for index, wanted in wanted_again(home):
        _agree_to_build([each.source for each in wanted], yes=yes)
        choices = Choices(index, _tool(resolver), say=output.tell)
        planned = _install(ctx, wanted, choices, consent_to, enable=False, force=True, dry_run=dry_run)
        if not dry_run:
            output.tell(f"restored {', '.join(str(addition.distribution) for addition in planned.additions)}")
    if not dry_run:
        output.tell("everything in plugins.lock is installed")


def lock(
    ctx: typer.Context,
    why: Annotated[str, typer.Option("--why", metavar="NAME", help="Tell why a distribution is installed")] = "",
    as_json: Json = False,
) -> None:
    """Show what plugins.lock says is installed, with sources and hashes; 1 where the environment has not just that.

    Example: localagent plugins lock --why some-library
    """
    from localagent_cli.packaging.lines import differences, locked_rows, reasons

    home = cli_of(ctx).host.home
    if why:
        chains = reasons(home, why)
        output.show(output.json_text(chains) if as_json else "\n".join(" <- ".join(chain) for chain in chains))
        return
    rows = locked_rows(home)
    if as_json:
        output.show_json(rows)
    else:
        cells = [[row["name"], row["version"], row["source"], row["sha256"][:12]] for row in rows]
        output.show_table(["name", "version", "source", "sha256"], cells)
    different = differences(home)
    for line in different:
        output.tell(line)
    raise typer.Exit(FAILED if different else DONE)


def search(
    ctx: typer.Context,
    term: Annotated[str, typer.Argument(help="Words of names, descriptions, kinds or tags; all must occur")] = "",
    catalogue: _Catalogue = None,
    as_json: Json = False,
) -> None:
    """Look for plugins in catalogues.

    Example: localagent plugins search notes --catalogue ./catalogue
    """
    from tempfile import TemporaryDirectory

    from localagent_cli.packaging import catalogue as catalogues

    places = _catalogues(ctx, catalogue)
    if not places:
        raise UsageError(
            "there is no catalogue to look in",
            fix="--catalogue URL, or a list 'catalogues' in config.yaml",
        )
    with TemporaryDirectory(prefix="localagent-search-") as work:
        entries = [entry for place in places for entry in catalogues.read_catalogue(place, Path(work))]
    found = catalogues.search(term, entries)
    if as_json:
        output.show_json([{**entry.to_dict(), "catalogue": entry.place} for entry in found])
        return
    if not found:
        output.tell(f"nothing with '{term}' in {', '.join(places)}")
        return
    rows = [
        [entry.name, entry.newest.version, ", ".join(entry.kinds), entry.score or "", entry.description]
        for entry in found
    ]
    output.show_table(["name", "version", "kinds", "score", "description"], rows)
    output.tell(f"next: localagent plugins install {found[0].name} --catalogue {found[0].place}")


def tell_needs(spec: PluginSpec, record: Record | None = None) -> None:
    """Say what a plugin may do and what it needs."""
    output.tell(f"permissions: {'; '.join(spec.permissions) or 'none declared'}")
    needs = (*spec.requires, *(record.dependencies if record else ()))
    output.tell(f"depends on: {', '.join(needs) or 'no other plugin'}")


def tell_enabled(ctx: typer.Context, spec: PluginSpec, record: Record | None) -> bool:
    """Say what it means that a plugin is enabled: whether it works, what is missing, what to try.

    Returns:
        whether it works.
    """
    name = spec.name
    if record is not None and record.failure is not None:
        output.tell(f"error {record.failure.where or name}: {record.failure.message}")
        output.tell(f"fix: {record.failure.fix or f'localagent plugins test {name}'}")
        return False
    settings = cli_of(ctx).host.settings.merged(name)
    for key in missing_settings(spec, settings):
        output.tell(f"still to set: localagent config set plugins.{name}.config.{key} VALUE")
    plugin = manager_of(ctx).survey.find(name, distribution=spec.source.distribution or None)
    if not plugin.enabled:
        output.tell(f"but it stays off: {plugin.verdict.reason}")
        output.tell(f"fix: {plugin.verdict.fix}")
    elif plugin.commands:
        output.tell(f"try: localagent {plugin.commands[0].name} --help")
    return True


def _install(
    ctx: typer.Context,
    wanted: Sequence[Wanted],
    choices: Choices,
    consent_to: Callable[[InstallPlan], None],
    *,
    enable: bool,
    force: bool,
    dry_run: bool,
) -> InstallPlan:
    """Plan, ask, try and install; then look at all plugins anew."""
    from localagent.host import environments
    from localagent_cli.installing import Trial
    from localagent_cli.packaging.install import apply_plan
    from localagent_cli.packaging.plan import plan_install, without_same

    host = cli_of(ctx).host
    with environments.workspace(host.home.path) as work:
        plan = plan_install(wanted, home=host.home.path, work=work, choices=choices)
        if choices.upgrade and not force:
            plan = without_same(plan)
        consent_to(plan)
        if plan.additions and not dry_run:
            done = apply_plan(plan, try_out=Trial(host, enable=enable, force=force))
            output.tell(f"installed into generation {done.generation} of the plugin environment")
    host.loop.run(manager_of(ctx).discover_plugins())
    return plan


def _link(ctx: typer.Context, folder: str, *, yes: bool, enable: bool, dry_run: bool) -> bool:
    """Make a source folder's plugins known, and enable them; gives whether all that were enabled work."""
    from localagent.host import lock as lock_file
    from localagent.host.identity import identify_folder, is_plugin_folder
    from localagent.host.spec import Source, SourceKind

    path, host = Path(folder).expanduser().resolve(), cli_of(ctx).host
    if not path.is_dir():
        raise UsageError("a link needs a folder", file=folder, fix="localagent plugins install -e PATH")
    if not is_plugin_folder(path):
        raise PluginNotAvailable(
            "no plugin in this folder", file=path, fix="localagent dev create-plugin NAME KIND makes one"
        )
    specs = identify_folder(path, Source(SourceKind.LINK, path))
    for spec in specs:
        output.tell(f"plugin: {' '.join(filter(None, (spec.name, spec.version)))} linked to {path}")
        tell_needs(spec)
    if dry_run:
        return True
    if not agree("Link and enable?" if enable else "Link?", yes=yes or not enable):
        raise typer.Abort
    lock_file.link(host.home, path)
    host.loop.run(manager_of(ctx).discover_plugins())
    if not enable:
        for spec in specs:
            output.tell(f"next: localagent plugins enable {spec.name}")
        return True
    enabled = [manager_of(ctx).enable(spec.name) for spec in specs]
    works = [tell_enabled(ctx, each.spec, each.record) for each in enabled]
    return all(works)


def _tell_of(ctx: typer.Context, plan: InstallPlan, *, enabled: bool) -> None:
    asked = {addition.distribution.name for addition in plan.plugins}
    for plugin in listing.all_of(manager_of(ctx).survey):
        if plugin.spec.source.distribution in asked:
            if enabled:
                output.tell(f"enabled {plugin.name} {plugin.spec.version} from {plugin.spec.source}")
                tell_enabled(ctx, plugin.spec, plugin.record)
            else:
                output.tell(f"next: localagent plugins enable {plugin.name}")


def _show(plan: InstallPlan, *, as_json: bool) -> None:
    from localagent_cli.installing import described, plan_rows

    if as_json:
        output.show_json(plan_rows(plan))
        return
    for line in described(plan):
        output.tell(line)


def _agree_to_build(sources: Sequence[Source], *, yes: bool) -> None:
    """Ask before code of a repository or a source archive runs: building it is running it."""
    from localagent_cli.packaging.sources import Git, Local

    strange = [
        source for source in sources if isinstance(source, Git) or (isinstance(source, Local) and source.is_sdist)
    ]
    for source in strange:
        output.tell(f"{source} is built here, which runs its code")
    if strange and not agree("Build?", yes=yes):
        raise typer.Abort


def _catalogues(ctx: typer.Context, named: Sequence[str] | None) -> list[str]:
    """The catalogues that were named, else those of the configuration."""
    configured: object = cli_of(ctx).host.settings.user.get("catalogues")
    if named:
        return list(named)
    if configured is None:
        return []
    if not is_list(configured) or not all(isinstance(place, str) for place in configured):
        file = cli_of(ctx).host.home.config_file
        raise ConfigError("'catalogues' must be a list of addresses and folders", file=file)
    return list(configured)


def _listed(source: Source, places: Sequence[str], *, strict: bool) -> Source:
    """A name as the plugin of a catalogue that has it; as it is where none has and the index may be asked."""
    from tempfile import TemporaryDirectory

    from localagent_cli.packaging import catalogue
    from localagent_cli.packaging.sources import Listed, Named

    if not isinstance(source, Named):
        return source
    for position, place in enumerate(places, start=1):
        with TemporaryDirectory(prefix="localagent-search-") as work:
            try:
                catalogue.find(source.requirement, place, Path(work))
            except PluginNotAvailable:
                if strict and position == len(places):
                    raise
            else:
                return Listed(source.requirement, place)
    return source


def _tool(name: str) -> Tool | None:
    tools: dict[str, Tool | None] = {"": None, "pip": "pip", "uv": "uv"}
    if name not in tools:
        raise UsageError(f"'{name}' is no resolver", fix="--resolver pip, or --resolver uv")
    return tools[name]


def _distributions(ctx: typer.Context, names: Sequence[str]) -> list[str]:
    """The distributions that users mean by names, which may be those of plugins."""
    survey = manager_of(ctx).survey
    return [survey.plugins[name].spec.source.distribution or name if name in survey.plugins else name for name in names]


def _versions(installed: InstalledSet) -> dict[str, str]:
    return {plugin.name: plugin.version for plugin in installed.plugins}
