"""The page of all commands, made of what Typer knows of them; `--help` prints the same words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

from handbook.markdown import code, fenced, plain, table
from localagent_cli.builtin_commands import BUILTINS, GLOBAL_OPTIONS

_INTRO = """\
# Commands

Every command with its arguments and options, as `--help` prints them. Data goes to standard output, all else to
standard error. Plugins add commands of their own: `localagent --help` lists them, and `localagent PLUGIN:COMMAND` names
one of a certain plugin. This page is made of the commands themselves."""
_CODES = """\
## Exit codes

| code | what it means |
|---|---|
| 0 | done |
| 1 | the command failed; `dev validate`, `plugins test`, `dev score` and `doctor`: they found something |
| 2 | wrong usage, input or configuration |
| 3 | a plugin is absent, disabled, untrusted, failed or quarantined |
| 4 | refused for safety, such as a missing consent |
| 5 | the surroundings: disk, permission, lock, time-out, a missing extra |
| 130 | Ctrl-C |
| 143 | SIGTERM |"""


def page() -> str:
    """The page in Markdown: what is common to all commands, then one section for each."""
    usage = fenced("text", "localagent [OPTIONS] COMMAND [ARGS]...")
    common = [_INTRO, "## Before the command", usage, _table("option", GLOBAL_OPTIONS), _CODES]
    return "\n\n".join([*common, *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    root = TyperGroup(name="localagent", commands={word: _built_in(word) for word in BUILTINS})
    above = root.make_context("localagent", [], resilient_parsing=True)
    for word in BUILTINS:
        command: Any = root.commands[word]
        context = command.make_context(word, [], parent=above, resilient_parsing=True)
        yield from _section("##", command, context)
        for name, below in getattr(command, "commands", {}).items():
            yield from _section("###", below, below.make_context(name, [], parent=context, resilient_parsing=True))


def _built_in(word: str) -> Any:
    module, _, attribute = BUILTINS[word][1].partition(":")
    command = get_command(getattr(import_module(module), attribute))
    command.name = word
    return command


def _section(mark: str, command: Any, context: Any) -> Iterator[str]:
    """Heading, help, usage, tables and example of one command."""
    paragraphs = str(command.help).split("\n\n")
    examples = [text.removeprefix("Example: ") for text in paragraphs if text.startswith("Example: ")]
    yield f"{mark} {context.command_path.removeprefix('localagent ')}"
    yield from (plain(text) for text in paragraphs if not text.startswith("Example: "))
    usage = [context.command_path, *command.collect_usage_pieces(context)]
    yield fenced("text", " ".join(usage))
    for kind in ("argument", "option"):
        records = [each.get_help_record(context) for each in command.params if each.param_type_name == kind]
        if shown := [record for record in records if record is not None]:
            yield _table(kind, shown)
    yield from (f"Example:\n\n{fenced('console', f'$ {example}')}" for example in examples)


def _table(kind: str, rows: Iterable[tuple[str, str]]) -> str:
    # Typer puts two spaces before what it adds in brackets.
    return table([kind, "what it says"], [[code(name), plain(text.replace("  [", " ["))] for name, text in rows])
