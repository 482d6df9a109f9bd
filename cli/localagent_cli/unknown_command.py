"""What is said to a command that nobody has."""

from __future__ import annotations

from localagent.errors import UsageError
from localagent_cli import output, warm
from localagent_cli.builtin_commands import BUILTINS
from localagent_cli.exit_codes import USAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from localagent_cli.streams import Answer


def kept_refusal(words: Sequence[str], environ: Mapping[str, str]) -> Answer | None:
    """The answer to a command that surely nobody has; None if somebody may have it."""
    word = words[0]
    if word.startswith("-") or ":" in word or word in BUILTINS:
        return None
    kept = warm.read(warm.COMMANDS, environ)
    if kept is None:
        return None
    names = [name for name, _, owner in kept["commands"] if not name.startswith(f"{owner}:")]
    if word in names or word in kept["off"]:
        return None
    return None, output.error_lines(no_such_command(word, names)), USAGE


def no_such_command(word: str, names: Iterable[str]) -> UsageError:
    """The error for `word`, with near names among the built-in commands and those of plugins."""
    import difflib

    near = difflib.get_close_matches(word, [*BUILTINS, *names], n=3)
    fix = f"did you mean {' or '.join(map(repr, near))}?" if near else "localagent --help"
    return UsageError(f"there is no command '{word}'", fix=fix)
