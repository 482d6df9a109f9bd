"""Which names a plugin, and its class, may have."""

from __future__ import annotations

import keyword
import re
import unicodedata

LONGEST = 64
_SEPARATORS = re.compile(r"[-_.]+")
PATTERN = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"

# The first words of the host's own command line.
BUILTIN_COMMANDS = frozenset({"ask", "config", "dev", "doctor", "plugins", "providers", "trace", "ui", "workflow"})
# Words that would collide with a file, folder, section, option or variable of the host.
# fmt: off
_HOST_WORDS = frozenset({
    "builtin", "builtins", "cache", "config", "configuration", "current", "data", "debug", "dev", "dev-plugins",
    "development", "environment", "environments", "help", "home", "journal", "localagent", "lock", "log", "logs",
    "no", "none", "null", "only", "plugin", "plugins", "provider", "providers", "runs", "version", "workflow",
    "workflows",
})
# fmt: on
# File names that Windows gives to devices, whatever their ending.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
RESERVED = BUILTIN_COMMANDS | _HOST_WORDS | _DEVICES


def check_name(name: str) -> str | None:
    """Why `name` cannot be a plugin's name, as the end of a sentence that begins with it; None if it can."""
    if not name:
        return "is empty"
    if len(name) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if not name.isascii():
        strange = next(character for character in name if not character.isascii())
        return f"has the character U+{ord(strange):04X} ({unicodedata.name(strange, 'unnamed').lower()})"
    if not re.fullmatch(PATTERN, name):
        return "must be lower-case letters, digits and single hyphens, and begin with a letter"
    if name in RESERVED:
        return "is a reserved word"
    return None


def suggest_name(name: str) -> str:
    """A valid name near to `name`."""
    plain = unicodedata.normalize("NFKD", name[: 4 * LONGEST]).encode("ascii", "ignore").decode()
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", plain).lower()
    joined = re.sub(r"[^a-z0-9]+", "-", spaced).strip("-")
    suggestion = joined[:LONGEST].rstrip("-")
    return suggestion if check_name(suggestion) is None else f"my-{suggestion}"[:LONGEST].rstrip("-")


def normalised(name: str) -> str:
    """`name` in the form in which names are compared (PyPA name normalisation)."""
    return _SEPARATORS.sub("-", name).lower()


def same_plugin(name: str, distribution: str) -> bool:
    """Whether `distribution` is the one of the plugin `name`: the same with or without ``localagent-`` in front."""
    prefix = "localagent-"
    return normalised(name).removeprefix(prefix) == normalised(distribution).removeprefix(prefix)


def is_target(text: str) -> bool:
    """Whether `text` names a class as ``module:Class``, in letters that no other look alike."""
    module, colon, class_name = text.partition(":")
    words = [*module.split("."), class_name]
    return bool(colon) and all(word.isascii() and word.isidentifier() and not keyword.iskeyword(word) for word in words)
