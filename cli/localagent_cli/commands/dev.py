"""``localagent dev``: make plugins."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from localagent.errors import RefusedError, UsageError
from localagent.host import consent
from localagent_cli import output
from localagent_cli.commands.context import Json, Yes, agree, cli_of
from localagent_cli.exit_codes import DONE, FAILED

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help="Make plugins: create, run, validate, build.\n\nExample: localagent dev create-plugin my-plugin command",
)

_Folder = Annotated[Path, typer.Argument(help="The plugin's folder", metavar="[PATH]")]
_HERE = Path()


@app.command()
def init(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="Where plugins are to be developed", metavar="[PATH]")] = _HERE,
    as_json: Json = False,
) -> None:
    """Make a folder ready for developing plugins: development mode, dev-plugins/, editor settings, schema.

    What is there already stays. Plugins that lie in dev-plugins/ may run from then on.

    Example: localagent dev init
    """
    from localagent_cli.setting_up import show_steps
    from localagent_cli.workspace import set_up

    home = cli_of(ctx).host.home
    show_steps(set_up(path, home, os.environ), home=home.path, as_json=as_json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of plugin manifests, which editors use.

    Example: localagent dev schema > plugin-manifest.schema.json
    """
    from localagent_cli.workspace.contents import schema_text

    output.show(schema_text().rstrip("\n"))


@app.command("create-plugin")
def create_plugin(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Lower-case words joined by hyphens")],
    kind: Annotated[str, typer.Argument(help="What it adds: command, provider, ui or workflow")],
    into: Annotated[Path, typer.Option(help="The folder to make it in")] = Path("dev-plugins"),
    layout: Annotated[str | None, typer.Option(help="flat: one module (default), or package: a folder of them")] = None,
    description: Annotated[str | None, typer.Option(help="One sentence")] = None,
    author: Annotated[str | None, typer.Option(help="By default git's user name, else yours")] = None,
    author_email: Annotated[str | None, typer.Option(help="By default none")] = None,
    repository: Annotated[str | None, typer.Option(help="Its https address; by default none")] = None,
    license_: Annotated[
        str | None, typer.Option("--license", help="MIT (default), Apache-2.0, BSD-3-Clause or proprietary")
    ] = None,
    python_min_version: Annotated[str | None, typer.Option(help="3.11 (default), 3.12 or 3.13")] = None,
    ci: Annotated[
        bool | None, typer.Option("--ci/--no-ci", help="GitHub Actions; by default with", show_default=False)
    ] = None,
    docker: Annotated[
        bool | None, typer.Option("--docker/--no-docker", help="A Dockerfile; by default without", show_default=False)
    ] = None,
    answers: Annotated[Path | None, typer.Option(help="A YAML or JSON file that answers such questions")] = None,
    template: Annotated[
        str | None, typer.Option(help="A Copier template: one in ./plugin-templates, or a path", metavar="NAME|PATH")
    ] = None,
    trust: Annotated[bool, typer.Option("--trust", help="Let that template run programs and follow links")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there; lists it first")] = False,
    as_json: Json = False,
) -> None:
    """Create a plugin that works, with tests, ready to publish.

    Example: localagent dev create-plugin my-plugin command
    """
    from localagent_cli.creating import show_created
    from localagent_cli.scaffold import create_plugin as create
    from localagent_cli.scaffold import find_template, read_answers, would_replace

    words = {
        "layout": layout,
        "author_email": author_email,
        "repository": repository,
        "license": license_,
        "python_min_version": python_min_version,
        "ci": ci,
        "docker": docker,
    }
    folder = find_template(template, current=Path.cwd()) if template is not None else None
    said = read_answers(answers, template=folder) if answers else {}
    said |= {question: word for question, word in words.items() if word is not None}
    was_empty = not into.is_dir() or not any(into.iterdir())
    for file in would_replace(name, into=into) if force else ():
        output.tell(f"replaces {into / name / file}")
    made = create(
        name,
        kind,
        into=into,
        description=description,
        author=author,
        answers=said,
        template=folder,
        trust=trust,
        force=force,
    )
    # What was made here is trusted. What lay in the folder before may be somebody else's.
    consent.trust(cli_of(ctx).host.home, into if was_empty else made.path)
    show_created(made, path=_shown(made.path), as_json=as_json)


@app.command()
def add(
    kind: Annotated[str, typer.Argument(help="What it adds: command, provider, ui or workflow")],
    path: _Folder = _HERE,
    name: Annotated[str | None, typer.Option(help="The new plugin's; by default the package's with the kind")] = None,
    as_json: Json = False,
) -> None:
    """Add a plugin to a package that has one: module, settings, tests, manifest and entry points.

    Example: localagent dev add ui dev-plugins/project-analyzer
    """
    from localagent_cli.creating import show_added
    from localagent_cli.scaffold import add_plugin

    show_added(add_plugin(path, kind, name=name), path=_shown(path), as_json=as_json)


@app.command()
def update(
    path: _Folder = _HERE,
    plan: Annotated[bool, typer.Option("--plan", help="List what would be done, and do nothing")] = False,
    as_json: Json = False,
) -> None:
    """Bring a plugin to the template of this LocalAgent, with your edits kept; needs all of it committed to git.

    Conflicts are marked in the files, listed, and make the exit code 1.

    Example: localagent dev update --plan dev-plugins/my-plugin
    """
    from localagent_cli.scaffold.update import update_plugin
    from localagent_cli.updating import show_update

    raise typer.Exit(show_update(update_plugin(path, plan=plan), plan=plan, as_json=as_json))


@app.command()
def trust(ctx: typer.Context, path: Annotated[Path, typer.Argument(help="A folder with development plugins")]) -> None:
    """Agree to run the development plugins in a folder.

    Example: localagent dev trust ./dev-plugins
    """
    output.tell(f"trusted {consent.trust(cli_of(ctx).host.home, path)}")


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
)
def run(ctx: typer.Context) -> None:
    """Run a plugin's command straight from its source folder: [PATH] -- COMMAND...

    Nothing is installed or enabled. Without PATH the current folder is the plugin.

    Example: localagent dev run dev-plugins/analyzer -- analyze-project .
    """
    path, words = _path_and_words(ctx.args)
    raise typer.Exit(cli_of(ctx).beside(path).run(words))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
)
def watch(ctx: typer.Context, as_json: Json = False) -> None:
    """Take up each save in a running host, check it and run the tests it touches.

    Takes [--debugpy [PORT]] [PATH]... [-- COMMAND...]; without PATH the current folder is the plugin, or has plugins in
    it. A broken edit stops nothing: what ran before goes on. COMMAND is run again after each save.

    With --debugpy an editor's debugger may attach to the host at 127.0.0.1:PORT, by default 5678.

    Keys on a terminal: r reloads, t runs all tests, q quits.

    Example: localagent dev watch dev-plugins/analyzer -- analyze-project .
    """
    from localagent_cli.watching.debugger import let_in, split_port
    from localagent_cli.watching.watching import roots_of, watch_plugins

    own = ctx.args[: ctx.args.index("--")] if "--" in ctx.args else ctx.args
    port, before = split_port(own)
    is_json, before = _options_behind(ctx, before)
    paths, words = _paths_and_words([*before, *ctx.args[len(own) :]])
    roots = roots_of(list(map(Path, paths)) or [_HERE])
    # Before the host is made, which then leaves steps all the time that a person needs.
    opened = let_in(port) if port is not None else None
    cli = cli_of(ctx).beside(*roots)
    raise typer.Exit(watch_plugins(cli, roots, words, as_json=as_json or is_json, debugger=opened))


@app.command()
def validate(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders, manifests, wheels, sdists, or names of installed plugins", metavar="[PATH]..."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too")] = False,
    format_: Annotated[str, typer.Option("--format", help="text, json, github or sarif")] = "text",
    select: Annotated[
        list[str] | None, typer.Option("--select", metavar="RULES", help="Only these, such as LA103 or LA3")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", metavar="RULES", help="All but these")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Put right what is certain, and show the changes")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --fix: only show the changes")] = False,
) -> None:
    """Check a plugin without running it: manifest, metadata, code, settings schema.

    A project leaves rules out with [tool.localagent.ignore] in pyproject.toml: LA311 = "the reason".

    Example: localagent dev validate --strict --fix
    """
    from localagent.diagnostics.choosing import choice_of
    from localagent_cli import validating

    validating.check_form(format_)
    if dry_run and not fix:
        raise UsageError("--dry-run goes with --fix", fix="localagent dev validate --fix --dry-run")
    chosen = choice_of(select or (), ignore or ())
    where = [validating.place_of(path, lambda: cli_of(ctx).plugin_manager.survey) for path in paths or [_HERE]]
    if fix:
        changes = validating.fix_paths(where, chosen, dry_run=dry_run)
        if format_ == "text":
            validating.show_changes(changes)
        output.tell(f"{len(changes)} file{'s' * (len(changes) != 1)} {'would be ' * dry_run}changed")
    reports = validating.validate_paths(where, chosen)
    validating.show_reports(reports, form=format_, strict=strict)
    raise typer.Exit(FAILED if any(report.failed(strict) for report in reports) else DONE)


@app.command()
def explain(
    rule: Annotated[str | None, typer.Argument(help="Its id, such as LA103; all rules without one")] = None,
    as_json: Json = False,
) -> None:
    """Say what a rule wants and why, with a bad and a good example.

    Example: localagent dev explain LA103
    """
    from localagent_cli.explaining import explain_rule, list_rules

    if rule is None:
        list_rules(as_json=as_json)
    else:
        explain_rule(rule, as_json=as_json)


@app.command()
def score(
    path: _Folder = _HERE,
    tests: Annotated[
        Path | None, typer.Option("--tests", metavar="FILE", help="What 'plugins test --json' printed")
    ] = None,
    badge: Annotated[
        Path | None, typer.Option("--badge", metavar="FILE", help="Write the tier as an SVG badge")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say how well a plugin is made: bronze, silver, gold or platinum, and what is missing for the next tier.

    Example: localagent dev score --badge docs/score.svg
    """
    from localagent.diagnostics.scoring import score_path
    from localagent.services.files import write_text
    from localagent_cli import scoring

    if not path.is_dir():
        raise UsageError("there is no such folder", file=path, fix="localagent dev score PATH")
    found = score_path(path, results=tuple(scoring.results_of(path, tests)))
    if as_json:
        output.show_json(found.to_dict())
    else:
        scoring.show_score(found)
    if badge is not None:
        write_text(badge, scoring.badge(found))
        output.tell(f"wrote {badge}")
    raise typer.Exit(DONE if found.tier is not None else FAILED)


@app.command()
def bench(
    path: _Folder = _HERE,
    runs: Annotated[int, typer.Option(min=1, help="Processes that each figure is the median of")] = 5,
    rounds: Annotated[int, typer.Option(min=2, help="How often it is disabled and enabled, to see lost memory")] = 20,
    save: Annotated[bool, typer.Option("--save", help="Keep the figures as the baseline for later")] = False,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The baseline's file; by default PATH/.localagent-bench.json")
    ] = None,
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="Exit with 1 if a figure is worse than the baseline's")
    ] = False,
    tolerance: Annotated[float, typer.Option(min=0, metavar="PERCENT", help="How much worse is still the same")] = 25.0,
    as_json: Json = False,
) -> None:
    """Measure what a plugin costs: import, becoming ready, calls, memory, and memory that is lost.

    Budgets in [tool.localagent.budgets] of pyproject.toml, such as import_ms = 200, are checked here and by
    'plugins test'.

    Example: localagent dev bench --fail-on-regression
    """
    from localagent_cli.benching.command import Comparison, bench_plugins

    wanted = Comparison(
        baseline, save=save, fail_on_regression=fail_on_regression, tolerance=tolerance / 100, as_json=as_json
    )
    raise typer.Exit(bench_plugins(path, wanted, runs=runs, rounds=rounds))


@app.command()
def build(
    path: _Folder = _HERE,
    out: Annotated[Path | None, typer.Option(help="Where the archives go; PATH/dist by default")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Build the wheel from the sdist, as others will")] = False,
    as_json: Json = False,
) -> None:
    """Build sdist and wheel, the same bytes from the same source, and check them by the rules LA5.

    Example: localagent dev build --strict dev-plugins/project-analyzer
    """
    from localagent_cli.building import build_and_show

    raise typer.Exit(build_and_show(path, out=out or path / "dist", strict=strict, as_json=as_json))


@app.command()
def publish(
    path: _Folder = _HERE,
    repository: Annotated[str | None, typer.Option(help="A name in .pypirc; by default pypi", metavar="NAME")] = None,
    index: Annotated[str | None, typer.Option(help="The address that takes uploads", metavar="URL")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Stop after the rehearsal")] = False,
    write_workflow: Annotated[
        bool, typer.Option("--write-workflow", help="Only write a workflow that releases when a tag is pushed")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Build a plugin, rehearse its release on a throw-away index, and upload it where nothing speaks against it.

    Credentials are twine's: TWINE_USERNAME and TWINE_PASSWORD, the keyring, .pypirc, or trusted publishing.

    Example: localagent dev publish --dry-run dev-plugins/project-analyzer
    """
    from localagent_cli.packaging.publishing.target_index import target_index
    from localagent_cli.packaging.publishing.workflow_file import write_workflow as write
    from localagent_cli.publishing import publish_and_show

    if write_workflow:
        output.tell(f"wrote {_shown(write(path))}")
        return
    where = target_index(repository, index, os.environ)
    if not (dry_run or yes or sys.stdin.isatty()):
        fix = "add --yes to agree, or --dry-run to upload nothing"
        raise RefusedError("uploading needs your consent, and there is no terminal to ask on", fix=fix)

    def consent_to(question: str) -> bool:
        return agree(question, yes=yes)

    raise typer.Exit(publish_and_show(path, where, dry_run=dry_run, as_json=as_json, consent=consent_to))


@app.command()
def index(
    folder: Annotated[Path, typer.Argument(help="A folder with wheels of plugins", metavar="DIR")],
    as_json: Json = False,
) -> None:
    """Write a catalogue of the wheels in a folder, for 'plugins search' and 'plugins install'; any web server will do.

    Example: localagent dev index dist
    """
    from localagent_cli.packaging.catalogue import CATALOGUE, make_catalogue

    entries = make_catalogue(folder)
    if as_json:
        output.show_json([entry.to_dict() for entry in entries])
        return
    for entry in entries:
        output.show(f"{entry.name} {', '.join(release.version for release in entry.releases)}")
    output.tell(f"wrote {folder / CATALOGUE}")
    output.tell(f"next: localagent plugins search --catalogue {folder}")


def _paths_and_words(args: list[str]) -> tuple[list[str], list[str]]:
    """The words before and after ``--``, which is not among them where it came first."""
    if "--" in args:
        split = args.index("--")
        return args[:split], args[split + 1 :]
    return (args, []) if args and Path(args[0]).exists() else ([], args)


def _options_behind(ctx: typer.Context, words: list[str]) -> tuple[bool, list[str]]:
    """Whether ``--json`` stands behind a path, and the words that are no options.

    Raises:
        UsageError: there is another option.
    """
    options = [word for word in words if word.startswith("-")]
    if "--help" in options:
        typer.echo(ctx.get_help())
        raise typer.Exit(DONE)
    unknown = [word for word in options if word != "--json"]
    if unknown:
        raise UsageError(f"no such option: {unknown[0]}", fix="localagent dev watch --help")
    return bool(options), [word for word in words if word not in options]


def _path_and_words(args: list[str]) -> tuple[Path, list[str]]:
    """The plugin's folder and the command line to run with it."""
    if "--" in args[:2]:
        split = args.index("--")
        before, words = args[:split], args[split + 1 :]
        path = Path(before[0]) if before else _HERE
    else:
        path, words = (Path(args[0]), args[1:]) if args and Path(args[0]).exists() else (_HERE, args)
    if not path.exists():
        raise UsageError("there is no such folder", file=path, fix="localagent dev run PATH -- COMMAND...")
    if not words:
        raise UsageError("which command?", fix=f"localagent dev run {path} -- COMMAND...")
    return path, words


def _shown(path: Path) -> str:
    """A path as short as it can be said from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
