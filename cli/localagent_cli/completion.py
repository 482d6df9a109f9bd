"""A shell's question what the word at the cursor may become, answered in the form that this shell reads.

The variables and forms are those of the scripts that Typer makes; Typer itself is not imported. Whatever goes wrong,
a shell that waits for words gets none, and no message in the middle of the user's line.
"""

from __future__ import annotations

import contextlib
import io

from localagent.errors import LocalAgentError
from localagent_cli.completing import candidates
from localagent_cli.known_words import KnownWords

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from localagent_cli.completing import Word
    from localagent_cli.streams import Answer

_NO_ITEMS = 1
"""The exit code by which fish is told to complete file names instead."""
_HARMLESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:@%+=/")


def answer(instruction: str, environ: Mapping[str, str]) -> Answer:
    """What is said to ``complete_SHELL`` or ``source_SHELL``; nothing to what is not understood."""
    action, _, shell = instruction.partition("_")
    with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(LocalAgentError, OSError, ValueError):
        if action == "source":
            from localagent_cli.completion_scripts import script

            return script(shell), [], 0
        if action == "complete" and shell in _SHELLS:
            words, incomplete = _asked(shell, environ)
            known = KnownWords(environ)
            return _SHELLS[shell](
                [word for word in candidates(words, incomplete, known) if _is_harmless(word)], environ
            )
    return None, [], 0


def _asked(shell: str, environ: Mapping[str, str]) -> tuple[list[str], str]:
    """The words before the cursor, the program's name left out, and the beginning of the word at the cursor."""
    if shell == "bash":
        words = _split(environ.get("COMP_WORDS", ""))
        number = int(environ.get("COMP_CWORD", "0"))
        return words[1:number], words[number] if number < len(words) else ""
    line = environ.get("_TYPER_COMPLETE_ARGS", "")
    words = _split(line)[1:]
    if not words or line.endswith(" "):
        return words, ""
    return words[:-1], words[-1]


def _split(line: str) -> list[str]:
    """The words of an unfinished line; a quote that is still open ends with it."""
    import shlex

    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:
        words.append(lexer.token)
    return words


def _is_harmless(word: Word) -> bool:
    """Whether every shell takes the word as it is: they evaluate what they are told."""
    return _HARMLESS.issuperset(word[0])


def _for_bash(words: Sequence[Word], _: Mapping[str, str]) -> Answer:
    # For bash a colon ends a word, so what is behind one would be put in twice.
    return _lines(word for word, _ in words if ":" not in word)


def _for_zsh(words: Sequence[Word], _: Mapping[str, str]) -> Answer:
    if not words:
        return "_files", [], 0
    told = "\n".join(f'"{_in_zsh(word)}":"{_in_zsh(text)}"' if text else f'"{_in_zsh(word)}"' for word, text in words)
    return f"_arguments '*: :(({told}))'", [], 0


def _in_zsh(text: str) -> str:
    """Text that stays text where zsh evaluates it, in single quotes and then in double ones."""
    kept = "".join(char if char.isprintable() and char not in '\\"`' else " " for char in text)
    return kept.replace("'", "'\\''").replace("$", "\\$").replace(":", r"\\:")


def _for_fish(words: Sequence[Word], environ: Mapping[str, str]) -> Answer:
    if environ.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
        return None, [], 0 if words else _NO_ITEMS
    return _lines(f"{word}\t{_on_one_line(text)}" if text else word for word, text in words)


def _for_powershell(words: Sequence[Word], _: Mapping[str, str]) -> Answer:
    return _lines(f"{word}:::{_on_one_line(text) or ' '}" for word, text in words)


def _on_one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _lines(lines: Iterable[str]) -> Answer:
    told = "\n".join(lines)
    return told or None, [], 0


_SHELLS: dict[str, Callable[[Sequence[Word], Mapping[str, str]], Answer]] = {
    "bash": _for_bash,
    "zsh": _for_zsh,
    "fish": _for_fish,
    "powershell": _for_powershell,
    "pwsh": _for_powershell,
}
