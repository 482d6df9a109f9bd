"""What starting costs: the version, the help page, and a plugin's command, against imports and peers."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measuring import Contestant, Quantity, Row
from benchmarks.workshop import Workshop

_TYPER_HELLO = '''
import typer

app = typer.Typer(rich_markup_mode="rich")


@app.command()
def hello(name: str, formal: bool = False):
    """Say hello to somebody."""


@app.command()
def goodbye(name: str):
    """Say goodbye to somebody."""


app()
'''

_IMPORTS = Quantity("import typer, rich")

ROWS = (
    Row("--help, 100 plugins against 0", Quantity("--help, 100"), Quantity("--help, 0"), 1.08),
    Row("--help, 1000 plugins against 0", Quantity("--help, 1000"), Quantity("--help, 0"), 1.25),
    # Most of what that row grows by is the interpreter's: it lists the folder of installed packages before any of ours.
    Row("python -c pass, beside 1000 plugins against 0", Quantity("python, 1000"), Quantity("python, 0")),
    Row(
        "--help, 100 plugins of 20 ms against light ones", Quantity("--help, 100 heavy"), Quantity("--help, 100"), 1.03
    ),
    Row(
        "--help, 100 without manifests against with", Quantity("--help, 100 undeclared"), Quantity("--help, 100"), 1.03
    ),
    Row("--help, 100 against import typer, rich", Quantity("--help, 100"), _IMPORTS, 0.5),
    Row("--help, 100 against a typer hello", Quantity("--help, 100"), Quantity("typer hello --help"), 0.2),
    Row("--help, 100 against llm --help", Quantity("--help, 100"), Quantity("llm --help"), 0.06),
    Row("--version against import typer, rich", Quantity("--version"), _IMPORTS, 0.35),
)


def contestants(workshop: Workshop) -> Iterator[Contestant]:
    """The processes that take part."""
    none = workshop.place("light", 0)
    hello = workshop.folder / "hello.py"
    hello.write_text(_TYPER_HELLO, encoding="utf-8")
    yield Contestant("import typer, rich", (none.python, "-c", "import typer, rich"), none.env, workshop.work)
    yield Contestant("typer hello --help", (none.python, str(hello), "--help"), none.env, workshop.work)
    yield Contestant("--version", (none.localagent, "--version"), none.env, workshop.work)
    for name, kind, count in (
        ("--help, 0", "light", 0),
        ("--help, 100", "light", 100),
        ("--help, 1000", "light", 1000),
        ("--help, 100 heavy", "heavy", 100),
        ("--help, 100 undeclared", "undeclared", 100),
    ):
        place = workshop.place(kind, count)
        yield Contestant(name, (place.localagent, "--help"), place.env, workshop.work)
    for count in (0, 1000):
        place = workshop.place("light", count)
        yield Contestant(f"python, {count}", (place.python, "-c", "pass"), place.env, workshop.work)
    llm = workshop.peer("llm")
    if llm:
        yield Contestant("llm --help", (llm, "--help"), workshop.peer_env(), workshop.work)
