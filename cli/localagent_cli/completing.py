"""Which words fit at a place of a command line."""

from __future__ import annotations

from localagent_cli.builtin_commands import BUILTINS, GLOBAL_OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from localagent_cli.known_words import KnownWords

    Word = tuple[str, str]
    """A word and what it means; the latter may be empty."""


def candidates(words: Sequence[str], incomplete: str, known: KnownWords) -> list[Word]:
    """The words that may come after `words` and begin with `incomplete`; none where only files or free text fit."""
    return [(word, text) for word, text in _fitting(words, incomplete, known) if word.startswith(incomplete)]


def _fitting(words: Sequence[str], incomplete: str, known: KnownWords) -> Iterable[Word]:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in _VALUED:
            if not rest:
                return known.plugins() if option == "--only" else []
            value = rest.pop(0)
            if option == "--home":
                known.home = value
    if not rest:
        return _OPTIONS if incomplete.startswith("-") else _first_words(known)
    if rest[0] in BUILTINS:
        return _within(known.tree()[rest[0]], rest, incomplete, known)
    return []


_OPTIONS = [(name.split()[0].rstrip(","), text) for name, text in GLOBAL_OPTIONS]
_VALUED = ("--only", "--home")


def _first_words(known: KnownWords) -> Iterable[Word]:
    yield from ((name, text) for name, (text, _) in BUILTINS.items())
    yield from ((name, text) for name, text, _ in known.commands())


def _within(group: Mapping[str, Any], words: Sequence[str], incomplete: str, known: KnownWords) -> Iterable[Word]:
    """The words that fit inside a built-in command, `words` beginning with its name."""
    node, given, awaited = group, 0, None
    for word in words[1:]:
        if awaited is not None:
            awaited = None
        elif word.startswith("-"):
            awaited = next(
                (option for option in node["options"] if word in option["names"] and option["metavar"]), None
            )
        elif word in node["commands"]:
            node, given = node["commands"][word], 0
        else:
            given += 1
    if awaited is not None:
        return _values(awaited, words[0], known)
    if incomplete.startswith("-"):
        return [(name, option["help"]) for option in node["options"] for name in option["names"]]
    if node["commands"]:
        return [(name, command["help"]) for name, command in node["commands"].items()] if not given else []
    arguments = node["arguments"]
    if given < len(arguments):
        return _values(arguments[given], words[0], known)
    return _values(arguments[-1], words[0], known) if arguments and arguments[-1]["many"] else []


def _values(parameter: Mapping[str, Any], command: str, known: KnownWords) -> Iterable[Word]:
    """What an option or an argument may be: one of its choices, or the name of a plugin, provider, executor or run."""
    if parameter["choices"]:
        return [(choice, "") for choice in parameter["choices"]]
    names_one = parameter["metavar"].startswith("NAME")
    if parameter["metavar"] == "PROVIDER" or (command == "providers" and names_one):
        return known.providers()
    if parameter["metavar"] == "RUN":
        return known.runs()
    if parameter["metavar"] == "EXECUTOR":
        return known.executors()
    return known.plugins() if command == "plugins" and names_one else []
