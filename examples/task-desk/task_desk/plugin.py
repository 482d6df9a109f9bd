"""The commands: tasks are added, done, drawn and planned."""

import json
from typing import Annotated

import typer
from localagent import CommandPlugin, PluginContext

from .tasks import TaskList


class TaskDeskPlugin(CommandPlugin):
    """Adds the command tasks with its subcommands."""

    name = "task-desk"
    version = "1.0.0"
    description = "Keeps tasks, draws them as a board and plans them with a language model"
    dependencies = ("task-desk-ui", "task-desk-workflow")

    async def initialize(self, context: PluginContext) -> bool:
        """Open the list of tasks."""
        self.context = context
        self.tasks = TaskList(context)
        return True

    def register_commands(self, app: typer.Typer) -> None:
        """Add the commands."""
        tasks = typer.Typer(help="Keep tasks and plan them.", no_args_is_help=True)
        tasks.command("add")(self.add)
        tasks.command("done")(self.done)
        tasks.command("board")(self.board)
        tasks.command("plan")(self.plan)
        app.add_typer(tasks, name="tasks")

    def add(self, text: Annotated[list[str], typer.Argument(help="The task; quotes are not needed.")]) -> None:
        """Keep a task."""
        (added,) = self.tasks.add([" ".join(text)])
        typer.echo(f"added task {added.number}")

    def done(self, number: Annotated[int, typer.Argument(help="The task's number.")]) -> None:
        """Take a task for done."""
        if not self.tasks.finish(number):
            raise typer.BadParameter(f"there is no task {number}")
        typer.echo(f"done with task {number}")

    def board(self, *, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
        """Show the tasks."""
        if as_json:
            typer.echo(json.dumps(self.tasks.as_data(), ensure_ascii=False))
        else:
            self.context.ui.show("task_board", self.tasks.as_data())

    async def plan(
        self,
        goal: Annotated[str, typer.Argument(help="What is to be reached.")],
        *,
        provider: Annotated[str | None, typer.Option(help="Who is asked; by default the usual provider.")] = None,
    ) -> None:
        """Ask a language model for the steps to a goal, and keep them as tasks."""
        ended = await self.context.workflows.execute_workflow(goal, workflow="task-plan", provider=provider)
        if not ended["success"]:
            typer.echo(f"there is no plan: {ended.get('error', 'the model named no step')}", err=True)
            raise typer.Exit(1)
        for task in self.tasks.add(ended["result"]["steps"]):
            typer.echo(f"added task {task.number}: {task.text}")
