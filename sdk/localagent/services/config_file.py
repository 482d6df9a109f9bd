"""Changes to ``config.yaml`` that keep its comments and layout."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, ManifestError, SystemProblem, UsageError
from localagent.manifest.document import parse_document
from localagent.manifest.plain import is_mapping
from localagent.services.files import exclusively, write_text
from localagent.services.settings import read_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# Spaces before the key of a mapping, before what follows a dash, and before the dash.
_LAYOUTS = ((2, 4, 2), (2, 2, 0), (4, 6, 4), (4, 2, 0), (4, 4, 2))
_BY_HAND = "write it into the file by hand"


def set_value(file: Path, path: Sequence[str], value: Any) -> None:
    """Set the value at `path` in a YAML file, making the mappings on the way.

    Raises:
        ConfigError: something on the way is no mapping, or the value has no form in YAML that is read back as it is;
            nothing changed.
        ManifestError: the file cannot be understood; nothing changed.
        SystemProblem: the file cannot be read or written.
    """

    def change(data: Any) -> None:
        for key in path[:-1]:
            data = _child(data, key, file, make=True)
        data[path[-1]] = value

    _change(file, change)


def unset_value(file: Path, path: Sequence[str]) -> None:
    """Remove the value at `path`, and the mappings on the way that become empty.

    Raises:
        UsageError: there is no such value; nothing changed.
        ConfigError: something on the way is no mapping; nothing changed.
        ManifestError: the file cannot be understood; nothing changed.
        SystemProblem: the file cannot be read or written.
    """

    def change(data: Any) -> None:
        chain = [data]
        for key in path[:-1]:
            chain.append(_child(chain[-1], key, file, make=False))
        if path[-1] not in chain[-1]:
            raise _absent(path[-1], file)
        del chain[-1][path[-1]]
        for holder, key in reversed(list(zip(chain, path[:-1], strict=False))):
            if not holder[key]:
                del holder[key]

    _change(file, change)


def _change(file: Path, change: Callable[[Any], None]) -> None:
    with exclusively(file):
        _require_readable(file)
        # Read strictly first: what the host refuses to read, it must not rewrite.
        wanted = read_mapping(file)
        before = file.read_text(encoding="utf-8-sig") if file.is_file() else ""
        write_text(file, changed_text(before, wanted, change, file))


def _require_readable(file: Path) -> None:
    if file.exists() and not (file.is_file() and os.access(file, os.R_OK)):
        fix = f"put a regular file in its place, or make it yours to read: chmod u+rw {file}"
        raise SystemProblem("cannot be read", file=file, fix=fix)


def changed_text(before: str, data: dict[str, Any], change: Callable[[Any], None], file: Path) -> str:
    """The text of a YAML file after a change, with its comments and layout.

    Args:
        before: its text.
        data: what it says, as plain values; these are changed too.
        change: makes the change in a mapping, which may be one of plain values or one that knows its comments.
        file: it, for the message.

    Raises:
        ConfigError: the change has no form in YAML that is read back as it is.
    """
    change(data)
    text = _changed(before, change, file)
    _check(text, data, file)
    return text


def _changed(before: str, change: Callable[[Any], None], file: Path) -> str:
    """The text of the file after the change."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import YAMLError

    yaml: Any = YAML()
    yaml.preserve_quotes = True
    # A long line is the user's choice; the library would fold it.
    yaml.width = sys.maxsize
    try:
        data = yaml.load(before)
    except (YAMLError, ValueError) as error:
        # The library makes dates of what looks like one, and stumbles over the 13th month.
        raise ConfigError(f"cannot be changed with its comments kept: {error}", file=file, fix=_BY_HAND) from error
    _lay_out(yaml, data, before)
    kept = "" if data else _comments(before)
    # A file without any value has no node that could carry its comments.
    data = data or CommentedMap()
    change(data)
    return kept + _dumped(yaml, data) if data else _comments(before)


def _lay_out(yaml: Any, data: Any, before: str) -> None:
    """Indent as the file does, if it does so throughout."""
    for layout in _LAYOUTS:
        yaml.indent(*layout)
        if data and _indents(_dumped(yaml, data)) == _indents(before):
            return
    yaml.indent(*_LAYOUTS[0])


def _indents(text: str) -> list[int]:
    return [len(line) - len(line.lstrip()) for line in text.splitlines() if line.strip()]


def _dumped(yaml: Any, data: Any) -> str:
    text = io.StringIO()
    yaml.dump(data, text)
    return text.getvalue()


def _comments(text: str) -> str:
    """The lines of `text` that hold nothing but a comment, and the blank ones between them."""
    lines = [line.strip() for line in text.splitlines()]
    kept = "\n".join(line for line in lines if not line or line.startswith("#")).strip("\n")
    return f"{kept}\n" if kept else ""


def _check(text: str, wanted: dict[str, Any], file: Path) -> None:
    """Refuse a text that would be read otherwise than it is meant."""
    try:
        found = parse_document(text.encode(), file, may_be_empty=True).data
    except (ManifestError, UnicodeEncodeError) as error:
        raise ConfigError(f"the change would leave a file that cannot be read: {error}", file=file) from error
    if found != wanted:
        raise ConfigError("the value would be read back as another one", file=file, fix="give it as a text in quotes")


def _child(data: Any, key: str, file: Path, *, make: bool) -> Any:
    present = data.get(key)
    if is_mapping(present):
        return present
    if present is not None:
        raise ConfigError(f"'{key}' holds a single value, so nothing can be put below it", file=file)
    if not make:
        raise _absent(key, file)
    data[key] = {}
    return data[key]


def _absent(key: str, file: Path) -> UsageError:
    return UsageError(f"'{key}' is not set", file=file, fix="localagent config show")
