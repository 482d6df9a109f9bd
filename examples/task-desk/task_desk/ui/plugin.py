"""The board: what is to do, and what is done."""

from collections.abc import Callable, Mapping
from typing import Any

from localagent import UIPlugin, UnfitData
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

WANTED = 'a list of tasks, such as [{"number": 1, "text": "Buy milk", "done": false}]'


class TaskDeskUiPlugin(UIPlugin):
    """Adds the component task_board."""

    name = "task-desk-ui"
    version = "1.0.0"
    description = "A board with two columns, for what is to do and what is done"

    def get_ui_components(self) -> dict[str, Callable[..., Any]]:
        """The component by its name."""
        return {"task_board": self.task_board}

    def task_board(self, data: Any, title: str = "Tasks") -> RenderableType:
        """Tasks in two columns.

        Raises:
            UnfitData: `data` is no list of tasks.
        """
        todo: list[Text] = []
        done: list[Text] = []
        for task in data if isinstance(data, list) else [data]:
            if not isinstance(task, Mapping) or not {"number", "text"} <= task.keys():
                raise UnfitData("these are no tasks", wanted=WANTED)
            column = done if task.get("done") else todo
            column.append(Text(f"{task['number']} {task['text']}"))
        table = Table(f"To do ({len(todo)})", f"Done ({len(done)})", title=Text(title), title_justify="left")
        table.add_row(Text("\n").join(todo), Text("\n").join(done))
        return table
