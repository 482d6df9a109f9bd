"""Tasks, and where they are kept."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from localagent import PluginContext

PREFIX = "task:"
LAST = "last number"


@dataclass(frozen=True)
class Task:
    """Something to do."""

    number: int
    text: str
    done: bool = False


class TaskList:
    """The tasks in the storage of a plugin."""

    def __init__(self, context: PluginContext) -> None:
        self.storage = context.storage

    def all(self) -> list[Task]:
        """Every task, the oldest first."""
        found = (self.storage.get(key) for key in self.storage.keys(PREFIX))
        return sorted((Task(**task) for task in found if task is not None), key=lambda task: task.number)

    def as_data(self) -> list[dict[str, Any]]:
        """The same for components and programs."""
        return [asdict(task) for task in self.all()]

    def add(self, texts: Iterable[str]) -> list[Task]:
        """Keep tasks, all of them or, if that fails, none; two who add at once get different numbers."""
        with self.storage.transaction() as storage:
            last = storage.get(LAST, 0)
            added = [Task(number, text) for number, text in enumerate(texts, last + 1)]
            for task in added:
                storage.set(f"{PREFIX}{task.number}", asdict(task))
            storage.set(LAST, last + len(added))
        return added

    def finish(self, number: int) -> bool:
        """Take a task for done; whether there is one of that number."""
        with self.storage.transaction() as storage:
            task = storage.get(f"{PREFIX}{number}")
            if task is not None:
                storage.set(f"{PREFIX}{number}", {**task, "done": True})
        return task is not None
