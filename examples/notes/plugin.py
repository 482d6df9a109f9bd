"""Short notes, kept from run to run and shown as the user likes."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from localagent import CommunicatingPlugin, ConfigurablePlugin, LocalAgentError
from rich.table import Table
from rich.text import Text

DAY = 24 * 60 * 60
PREFIX = "note:"
LAST = "last number"


@dataclass(frozen=True)
class Note:
    """A note; `made` is the time in ISO 8601."""

    number: int
    text: str
    made: str


class NotesPlugin(ConfigurablePlugin, CommunicatingPlugin):
    """Adds the command notes with its subcommands, and tells other plugins the notes when they ask."""

    name = "notes"
    version = "1.0.0"
    description = "Keeps short notes and shows them as you like"

    def register_commands(self, app: typer.Typer) -> None:
        """Add the commands."""
        notes = typer.Typer(help="Keep short notes.", no_args_is_help=True)
        notes.command("add")(self.add)
        notes.command("list")(self.show)
        notes.command("remove")(self.remove)
        notes.command("words")(self.words)
        notes.command("board")(self.board)
        app.add_typer(notes, name="notes")

    async def process_request(self, data: Any) -> list[dict[str, Any]]:
        """The answer to another plugin: the notes, the oldest first; of ``{"last": 3}`` only the last three."""
        last = data["last"] if data else 0
        return [asdict(note) for note in self.kept()[-last:]]

    def kept(self) -> list[Note]:
        """All notes, the oldest first."""
        storage = self.context.storage
        found = (storage.get(key) for key in storage.keys(PREFIX))
        # A note whose time ends between the two looks is no longer there.
        return sorted((Note(**note) for note in found if note is not None), key=lambda note: note.number)

    def shown(self) -> list[Note]:
        """The notes that the settings let through, in the order that they ask for."""
        notes = self.kept()
        if self.config["order"] == "newest":
            notes.reverse()
        return notes[: self.config["shown"]]

    def table(self) -> Table:
        """The notes as a table."""
        drawn = Table("No.", "Made", "Note", title=self.config["title"], title_justify="left")
        for note in self.shown():
            made = datetime.fromisoformat(note.made).astimezone()
            drawn.add_row(str(note.number), f"{made:%Y-%m-%d %H:%M}", Text(note.text))
        return drawn

    def add(self, text: Annotated[list[str], typer.Argument(help="The note; quotes are not needed.")]) -> None:
        """Keep a note."""
        days = self.config["keep_days"]
        # One step, so that two who add at once get two numbers.
        with self.context.storage.transaction() as storage:
            number = storage.get(LAST, 0) + 1
            note = Note(number, " ".join(text), datetime.now(UTC).isoformat(timespec="seconds"))
            storage.set(LAST, number)
            storage.set(f"{PREFIX}{number}", asdict(note), ttl=None if days is None else days * DAY)
        self.logger.info("note added", number=number, keep_days=days)
        typer.echo(f"added note {number}")

    def show(self, *, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
        """Show the notes."""
        if as_json:
            typer.echo(json.dumps([asdict(note) for note in self.shown()], ensure_ascii=False, indent=2))
        else:
            self.console.print(self.table())

    def remove(self, number: Annotated[int, typer.Argument(help="The note's number.")]) -> None:
        """Remove a note."""
        if not self.context.storage.delete(f"{PREFIX}{number}"):
            raise typer.BadParameter(f"there is no note {number}")
        self.logger.info("note removed", number=number)
        typer.echo(f"removed note {number}")

    async def words(self) -> None:
        """Ask the plugin word-counter how many words the notes have."""
        notes = self.kept()
        try:
            answer = await self.request_from_plugin("word-counter", {"texts": [note.text for note in notes]})
        except LocalAgentError as problem:
            self.logger.warning("word-counter gave no answer", reason=problem.message)
            typer.echo("the plugin word-counter is needed to count words; is it installed and enabled?", err=True)
            raise typer.Exit(1) from problem
        frequent = ", ".join(answer["frequent"])
        typer.echo(f"{answer['words']} words in {len(notes)} note(s); most frequent: {frequent or 'none'}")

    async def board(
        self, *, times: Annotated[int | None, typer.Option(help="End after showing them so often.", min=1)] = None
    ) -> None:
        """Show the notes, and again whenever a setting changes.

        Ctrl-C ends it.
        """
        changed = asyncio.Event()

        def redraw(_old: Mapping[str, Any], new: Any) -> None:
            self.logger.info("settings changed", settings=sorted(new.changed))
            changed.set()

        self.add_config_watcher(redraw)
        self.console.print(self.table())
        while times is None or (times := times - 1):
            await changed.wait()
            changed.clear()
            self.console.print(self.table())
