"""A console that keeps what is printed."""

from __future__ import annotations

from rich.table import Table

from localagent_testing import RecordingConsole


def test_what_is_printed_is_text_of_the_given_width() -> None:
    console = RecordingConsole(width=20)
    console.print("[bold]a word[/bold]")
    table = Table("Name", box=None)
    table.add_row("x")
    console.print(table)
    console.rule()
    assert console.lines == ["a word", " Name", " x", "─" * 20]
    assert console.text.startswith("a word\n")


def test_it_is_no_terminal() -> None:
    console = RecordingConsole()
    assert not console.is_terminal
    with console.status("working"):
        console.print("done")
    assert console.lines == ["done"]
