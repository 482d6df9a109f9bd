"""How keys and values of a document are called in messages."""

from __future__ import annotations

from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_CALLED: dict[Any, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    dict: "a mapping",
    list: "a list",
}


def called(value: Any) -> str:
    """What kind of value this is, with its article: ``a list``; ``empty`` for nothing at all."""
    return _CALLED.get(type(value), "empty")


def dotted(path: Iterable[str | int]) -> str:
    """A path as an author would say it: ``entry_points.commands[0].class``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{shown(part)}" if text else shown(part)
    return text


def shown(text: str, *, limit: int = 80) -> str:
    """`text` for the inside of a message: one line of ASCII, so that look-alike letters cannot hide, cut at `limit`."""
    plain = ascii(text)[1:-1].replace("\\'", "'").replace("\\\\", "\\")
    return plain if len(plain) <= limit else f"{plain[:limit]}..."


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A hint naming the nearest of `choices`, empty if none is near."""
    near = nearest(word, choices)
    return f"did you mean '{near}'?" if near else ""


def nearest(word: str, choices: Iterable[str]) -> str:
    """The one of `choices` that `word` is a misspelling of; empty if none is near."""
    from difflib import get_close_matches

    folded = {choice.casefold(): choice for choice in choices}
    near = get_close_matches(word.casefold()[:80], list(folded), n=1)
    return folded[near[0]] if near else ""
