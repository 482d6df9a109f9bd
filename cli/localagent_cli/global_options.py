"""The options before the command: they decide which host is opened."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from localagent.errors import UsageError
from localagent_cli.builtin_commands import GLOBAL_OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class GlobalOptions(NamedTuple):
    """What was said before the command."""

    debug: bool = False
    plugins: bool = True
    only: frozenset[str] | None = None
    home: Path | None = None
    given: tuple[str, ...] = ()
    version: bool = False
    help: bool = False
    completion: tuple[str, str | None] | None = None
    """``install`` or ``show``, and the shell if it was named."""


def split(argv: Sequence[str]) -> tuple[GlobalOptions, list[str]]:
    """The options before the command, and the rest of the line beginning with the command.

    Raises:
        UsageError: an unknown option, or one whose value is missing.
    """
    options, rest = GlobalOptions(), list(argv)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        match name:
            case "--":
                break
            case "--debug":
                options = options._replace(debug=True)
            case "--no-plugins":
                options = options._replace(plugins=False)
            case "--version":
                options = options._replace(version=True)
            case "--help" | "-h":
                options = options._replace(help=True)
            case "--install-completion" | "--show-completion":
                shell = value or (rest.pop(0) if rest and not rest[0].startswith("-") else None)
                options = options._replace(completion=(name.split("-")[2], shell))
            case "--only":
                names = value if equals else _value(name, rest)
                options = options._replace(only=frozenset(filter(None, (part.strip() for part in names.split(",")))))
            case "--home":
                options = options._replace(home=Path(value if equals else _value(name, rest)))
            case "--set":
                options = options._replace(given=(*options.given, value if equals else _value(name, rest)))
            case _:
                raise UsageError(f"there is no option '{word}' here", fix=_suggestion(name))
    return options, rest


def _value(name: str, rest: list[str]) -> str:
    if not rest:
        raise UsageError(f"the option {name} needs a value", fix="localagent --help")
    return rest.pop(0)


def _suggestion(name: str) -> str:
    import difflib

    known = [words.split()[0].rstrip(",") for words, _ in GLOBAL_OPTIONS]
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else "localagent --help"
