"""The rules of command plugins: each runs command lines on a real host, as a user at a terminal would."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent_testing.conformance.judging import Unobserved, class_place, require_ready
from localagent_testing.conformance.plan import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typer.testing import Result

    from localagent_testing.conformance.scene import Scene
    from localagent_testing.conformance.subject import Subject

WRONG_USAGE = 2
"""Exit code for words on the command line that mean nothing."""

_NO_SUCH_OPTION = "--there-is-no-such-option"


def help_is_shown(subject: Subject) -> Iterator[Finding]:
    """A command of which the help cannot be shown."""
    with subject.scene() as scene:
        for name in _names(scene):
            ended = _run(scene, [name, "--help"])
            if ended.exit_code != 0 or not ended.stdout.strip():
                fix = "compute nothing for the help that can fail: defaults and choices are made when a command runs"
                yield _finding(subject, [name, "--help"], f"ended with {_said(ended)}", fix)


def wrong_words_are_refused(subject: Subject) -> Iterator[Finding]:
    """A command that takes an option which it does not have, or fails over it."""
    with subject.scene() as scene:
        group = scene.loaded.registration.group
        for name in _names(scene):
            if group is None or group.commands[name].context_settings.get("ignore_unknown_options"):
                continue  # it hands them on to somebody who knows them
            ended = _run(scene, [name, _NO_SUCH_OPTION])
            if ended.exit_code != WRONG_USAGE:
                fix = f"let Typer read the words: it ends with exit code {WRONG_USAGE} for what a command does not take"
                yield _finding(subject, [name, _NO_SUCH_OPTION], f"ended with {_said(ended)}", fix)


def samples_succeed(subject: Subject) -> Iterator[Finding]:
    """A command line of the project's own that does not end with exit code 0."""
    for words, ended, _ in _samples(subject):
        if ended.exit_code != 0:
            fix = f"let the command succeed, or correct 'commands' in [{TABLE}] of pyproject.toml"
            yield _finding(subject, words, f"ended with {_said(ended)}", fix)


def data_on_stdout(subject: Subject) -> Iterator[Finding]:
    """A command that mixes what it found with what it tells of itself."""
    for words, ended, files in _samples(subject):
        if ended.exit_code != 0:
            continue
        # What wrote files has its data in them.
        if ended.stderr.strip() and not ended.stdout.strip() and not files:
            yield _finding(subject, words, "wrote its data to standard error", "print data to standard output")
        if "\x1b[" in ended.stdout:
            fix = "print with self.console, which knows whether it writes to a terminal"
            yield _finding(subject, words, "wrote colours though nobody looks at a terminal", fix)
        if "--json" in words and not _is_json(ended.stdout):
            fix = "with --json print nothing but JSON to standard output, and all else to standard error"
            yield _finding(subject, words, "wrote to standard output what is no JSON", fix)


def _samples(subject: Subject) -> Iterator[tuple[Sequence[str], Result, list[Path]]]:
    """The project's own command lines, what became of each, and the files it wrote in an empty folder of its own.

    Raises:
        Unobserved: it has none.
    """
    require_ready(subject.life)
    if not subject.plan.commands:
        say = f'to try it, add to pyproject.toml [{TABLE}] commands = [["{_first(subject)}", …]]'
        raise Unobserved(f"no command line is known that changes nothing; {say}")
    with subject.scene() as scene:
        for words in subject.plan.commands:
            with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
                ended, files = _run(scene, words), list(Path(folder).iterdir())
            yield words, ended, files


def _run(scene: Scene, words: Sequence[str]) -> Result:
    from typer.testing import CliRunner

    return CliRunner().invoke(
        scene.cli.app, list(words), env={"COLUMNS": "100", "NO_COLOR": os.environ.get("NO_COLOR")}
    )


def _names(scene: Scene) -> tuple[str, ...]:
    """The commands that a user can call: where some are declared, another rule tells of those that are not."""
    names = tuple(command.name for command in scene.loaded.registration.commands)
    declared = {command.name for command in scene.loaded.spec.commands}
    if not names:
        raise Unobserved("it registers no command")
    return tuple(name for name in names if name in declared or not declared)


def _first(subject: Subject) -> str:
    return next((command.name for command in subject.life.registered.commands), subject.spec.name)


def _finding(subject: Subject, words: Sequence[str], what: str, fix: str) -> Finding:
    return Finding(f"'{' '.join(words)}' {what}", class_place(subject.life), fix)


def _said(ended: Result) -> str:
    lines = [*ended.stderr.strip().splitlines(), *ended.stdout.strip().splitlines()]
    said = lines[0] if lines else ""
    return f"exit code {ended.exit_code}{f': {said}' if said else ''}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


CHECKS: dict[str, Rule[Subject]] = {
    "shows-help": Rule(
        "LA615",
        "Every command shows its help",
        help_is_shown,
        tier=Tier.SILVER,
        explanation="--help is asked where something does not work, so it must work anyway, with exit code 0.",
        bad='size: int = typer.Option(default_factory=lambda: int(os.environ["SIZE"]), show_default=True)',
        good="size: int = 10",
    ),
    "refuses-wrong-words": Rule(
        "LA616",
        "Every command refuses options that it does not have",
        wrong_words_are_refused,
        tier=Tier.SILVER,
        explanation="A misspelt option that is passed over in silence does something else than was meant: exit code 2.",
        bad='@app.command("greet", cls=Lenient)',
        good='@app.command("greet")',
    ),
    "samples-succeed": Rule(
        "LA617",
        "The command lines that the project names succeed",
        samples_succeed,
        tier=Tier.GOLD,
        explanation=(
            "Only the project knows which of its commands may be run anywhere: 'commands' in "
            f"[{TABLE}] of pyproject.toml lists them. Each runs in an empty folder and ends with exit code 0."
        ),
        bad="raise typer.Exit(1)  # although all is well",
        good="return",
    ),
    "data-on-stdout": Rule(
        "LA618",
        "Commands write their data, and only that, to standard output",
        data_on_stdout,
        tier=Tier.GOLD,
        explanation="Standard output goes on into files and programs: no colours, and with --json nothing but JSON.",
        bad='print("done"); print(json.dumps(found))',
        good='print("done", file=sys.stderr); print(json.dumps(found))',
    ),
}
"""The rules by the word that follows the id in a test's name."""
