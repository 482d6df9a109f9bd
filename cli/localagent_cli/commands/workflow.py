"""``localagent workflow``: run workflows, see what was recorded of them, go on with one that was stopped."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from localagent.errors import ConfigError
from localagent_cli import output, run_progress, run_story, stepping
from localagent_cli.asking import harmless
from localagent_cli.commands.context import Json, cli_of
from localagent_cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    from localagent.workflows.definition import Workflow

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    help='Run workflows of agents, each step recorded.\n\nExample: localagent workflow run "Review this folder"',
)

Executor = Annotated[
    str | None, typer.Option("--executor", metavar="EXECUTOR", help="Where agents run: asyncio or dask")
]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", metavar="ADDRESS", help="The Dask cluster to use, as tcp://HOST:PORT")
]


@app.command()
def run(
    ctx: typer.Context,
    task: Annotated[str, typer.Argument(help="What it is about", metavar="TASK")],
    workflow: Annotated[
        str | None, typer.Option("--workflow", "-w", metavar="WORKFLOW", help="Which one, instead of the default")
    ] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", "-p", metavar="PROVIDER", help="Who answers what agents ask a model")
    ] = None,
    executor: Executor = None,
    scheduler: Scheduler = None,
    context: Annotated[
        list[str] | None,
        typer.Option("--context", "-c", metavar="KEY=VALUE|FILE", help="What agents are to know; may be repeated"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a workflow; 1 is the exit code if it does not succeed.

    Example: localagent workflow run "Review this folder" --context path=src
    """
    host = cli_of(ctx).host
    cli_of(ctx).plugin_manager.follow_saves()
    given = run_progress.read_context(context or ())
    step = stepping.stepper(host.situation.development)
    with run_progress.shown(in_lines=step is not None) as show:
        result = host.loop.run(
            host.workflow_manager.execute_workflow(
                task,
                provider,
                workflow=workflow,
                context=given,
                executor=executor,
                scheduler=scheduler,
                show=show,
                step=step,
            )
        )
    _show_result(result, as_json=as_json)


@app.command()
def resume(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="The run, or the beginning of its id", metavar="RUN")],
    repeat: Annotated[
        bool, typer.Option("--repeat", help="Run again what must not be repeated and may have happened already")
    ] = False,
    executor: Executor = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Go on with a run after its last finished phase.

    Example: localagent workflow resume 3f2a
    """
    host = cli_of(ctx).host
    cli_of(ctx).plugin_manager.follow_saves()
    may_repeat = _certainly if repeat else _ask_to_repeat if sys.stdin.isatty() else None
    step = stepping.stepper(host.situation.development)
    with run_progress.shown(in_lines=step is not None) as show:
        result = host.loop.run(
            host.workflow_manager.resume(
                run, may_repeat=may_repeat, executor=executor, scheduler=scheduler, show=show, step=step
            )
        )
    _show_result(result, as_json=as_json)


@app.command("list")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """List the workflows there are: of the settings, LocalAgent's own, and orchestrators of plugins.

    Example: localagent workflow list --json
    """
    host = cli_of(ctx).host
    found = host.loop.run(host.workflow_manager.workflows())
    rows = [_row(name, workflow) for name, workflow in found.items()]
    if as_json:
        output.show_json(rows)
        return
    output.show_table(
        ("name", "steps", "description"), [(row["name"], _steps(row), row["description"]) for row in rows]
    )


@app.command()
def runs(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many")] = 20,
    as_json: Json = False,
) -> None:
    """List recorded runs, the newest first.

    Example: localagent workflow runs --limit 5
    """
    with cli_of(ctx).host.workflow_manager.recorded() as recorded:
        rows = [run_story.row_of(recorded, run) for run in recorded.newest(limit)]
    if as_json:
        output.show_json(rows)
        return
    columns = ("run", "workflow", "state", "started", "seconds", "task")
    output.show_table(columns, [run_story.cells_of(row, columns) for row in rows])


@app.command()
def show(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(help="The run, or the beginning of its id", metavar="RUN")],
    everything: Annotated[bool, typer.Option("--all", help="Show every agent of phases that have many")] = False,
    as_json: Json = False,
) -> None:
    """Tell what happened in a run: its phases, agents, attempts, errors and evidence.

    Example: localagent workflow show 3f2a
    """
    with cli_of(ctx).host.workflow_manager.recorded() as recorded:
        story = run_story.story_of(recorded, recorded.find(run))
    if as_json:
        output.show_json(story)
        return
    for line in run_story.lines_of(story, everything=everything):
        output.show(line)


def _show_result(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.show_json(result)
    else:
        answer = run_story.answer_of(result)
        output.show(harmless(answer) if sys.stdout.isatty() else answer)
        if not result["success"]:
            output.tell(f"error: the workflow '{result['workflow']}' did not succeed: {result['error']}")
            output.tell(f"fix: localagent workflow show {result['run_id']}")
    raise typer.Exit(DONE if result["success"] else FAILED)


def _certainly(_steps: tuple[str, ...]) -> bool:
    return True


def _ask_to_repeat(steps: tuple[str, ...]) -> bool:
    output.tell("These must not be repeated, were begun, and nobody knows how they ended:")
    for step in steps:
        output.tell(f"  {step}")
    return typer.confirm("Run them again?", err=True)


def _steps(row: dict[str, Any]) -> str:
    if row["problem"]:
        return f"NOT usable: {row['problem']}"
    return ", ".join(row["phases"]) or f"orchestrator {row['orchestrator']}"


def _row(name: str, workflow: Workflow | ConfigError) -> dict[str, Any]:
    if isinstance(workflow, ConfigError):
        problem = f"{workflow.place}: {workflow.message}"
        return {"name": name, "phases": [], "orchestrator": None, "description": "", "problem": problem}
    return {
        "name": name,
        "phases": [phase.id for phase in workflow.phases],
        "orchestrator": workflow.orchestrator or None,
        "description": workflow.description,
        "problem": None,
    }
