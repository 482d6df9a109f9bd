"""The commands: words in, an analysis shown."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..analysis import SHOWN, Analysis, Settings, analyze, printable, report


class Format(StrEnum):
    """How an analysis is shown."""

    RICH = "rich"
    JSON = "json"


def columns(title: str, rows: Iterable[tuple[object, ...]], *headings: str) -> Table:
    """A table that shows the cells of `rows` as they are, square brackets included."""
    drawn = Table(*headings, title=escape(printable(title)), title_justify="left", show_header=any(headings))
    for row in rows:
        drawn.add_row(*(escape(printable(str(cell))) for cell in row))
    return drawn


def tables(analysis: Analysis, *, detailed: bool) -> list[Table]:
    """The analysis as tables, those without rows left out."""
    overview = [
        ("Path", analysis.project),
        ("Kind", ", ".join(analysis.kinds) or "unknown"),
        ("Files", analysis.files),
        ("Folders", analysis.folders),
        ("Links", analysis.links),
        ("Bytes", f"{analysis.size:,}"),
    ]
    types = list(analysis.file_types.items())[:SHOWN]
    needed = [(file, name) for file, names in analysis.dependencies.items() for name in names]
    drawn = [
        columns("Project", overview, "", ""),
        columns("File types", types, "Type", "Files"),
        columns("Dependencies", needed if detailed else needed[:SHOWN], "Declared in", "Needs"),
        columns("Not read", [(problem,) for problem in analysis.problems], "What and why"),
    ]
    if detailed:
        largest = [(path, f"{size:,}") for path, size in analysis.largest_files]
        empty = [(path,) for path in analysis.empty_folders]
        drawn.append(columns("Largest files", largest, "File", "Bytes"))
        drawn.append(columns("Empty folders", empty, "Folder"))
    return [each for each in drawn if each.row_count]


ProjectPath = Annotated[Path, typer.Argument(help="The project's folder.", exists=True, file_okay=False)]


class ProjectCommands:
    """The commands analyze-project and project-summary."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self.settings = settings
        self.console = console

    def analyze_project(
        self,
        path: ProjectPath = Path(),
        *,
        detailed: Annotated[
            bool, typer.Option("--detailed", "-d", help="Show largest files and empty folders too.")
        ] = False,
        output: Annotated[
            Format, typer.Option("--format", "-f", help="Tables to read, or JSON for programs.")
        ] = Format.RICH,
    ) -> None:
        """Show what a project consists of."""
        analysis = analyze(path, self.settings)
        if output is Format.JSON:
            typer.echo(json.dumps(asdict(analysis), indent=2))
            return
        detailed = detailed or self.settings.default_analysis_depth == "deep"
        for drawn in tables(analysis, detailed=detailed):
            self.console.print(drawn)

    def project_summary(
        self,
        path: ProjectPath = Path(),
        *,
        save: Annotated[Path | None, typer.Option("--save", "-s", help="Write to this file.", dir_okay=False)] = None,
    ) -> None:
        """Write a short report about a project as Markdown."""
        text = report(analyze(path, self.settings))
        if save is None:
            typer.echo(text, nl=False)
            return
        try:
            save.write_text(text, encoding="utf-8")
        except OSError as problem:
            raise typer.BadParameter(f"{save}: {problem.strerror}") from problem
        typer.echo(f"Saved to {save}", err=True)
