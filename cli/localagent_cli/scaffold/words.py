"""What else a new plugin is told: its kind and the texts about it."""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches

from localagent.errors import UsageError
from localagent_templates import KINDS

LONGEST_TEXT = 512  # characters; package indexes take no longer summary

REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
PLANE_END = 0xFFFE  # the last two code points of every plane are not characters


def check_kind(kind: str) -> None:
    """Refuse a kind that the template does not know.

    Raises:
        UsageError: with the kind that was probably meant, or all there are.
    """
    if kind in KINDS:
        return
    near = get_close_matches(kind.lower(), KINDS, n=1)
    fix = f"did you mean '{near[0]}'?" if near else f"use one of: {', '.join(KINDS)}"
    raise UsageError(f"there is no kind of plugin called {kind!r}", fix=fix)


def check_text(text: str, *, what: str) -> None:
    """Refuse free text that TOML, YAML and Python files cannot all keep; `what` names it in the message.

    Raises:
        UsageError: blank, too long, or with a character that is not for files.
    """
    if not text.strip():
        raise UsageError(f"the {what} is blank", fix=f"leave the {what} out to get a default")
    if len(text) > LONGEST_TEXT:
        raise UsageError(f"the {what} is longer than {LONGEST_TEXT} characters", fix="write the rest into README.md")
    check_characters(text, what=what)


def check_characters(text: str, *, what: str) -> None:
    """Refuse a character that is not for files; `what` names the text in the message.

    Raises:
        UsageError: naming the character.
    """
    unfit = next(filter(is_unfit, text), None)
    if unfit is not None:
        raise UsageError(f"the {what} holds the character U+{ord(unfit):04X}, which is not for files", fix="remove it")


def is_unfit(character: str) -> bool:
    """Whether a character has no place in a file: controls, noncharacters, marks that reorder what is shown."""
    code = ord(character)
    if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
        return character not in "\t\n\r"
    noncharacter = code & PLANE_END == PLANE_END or code in range(0xFDD0, 0xFDF0)
    return noncharacter or character == "\ufeff" or character in REORDERING
