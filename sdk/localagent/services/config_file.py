"""Changes to ``config.yaml`` that keep its comments and layout."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, UsageError
from localagent.manifest.plain import is_mapping
from localagent.services.files import exclusively, write_text
from localagent.services.settings import read_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def set_value(file: Path, path: Sequence[str], value: Any) -> None:
    """Set the value at `path` in a YAML file, making the mappings on the way.

    Raises:
        ConfigError: the file cannot be understood, or something on the way is no mapping; nothing changed.
        SystemProblem: the file cannot be written.
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
        ConfigError: the file cannot be understood.
        SystemProblem: the file cannot be written.
    """

    def change(data: Any) -> None:
        chain = [data]
        for key in path[:-1]:
            chain.append(_child(chain[-1], key, file, make=False))
        if path[-1] not in chain[-1]:
            raise _absent(path[-1], file)
        for holder, key in zip(reversed(chain), reversed(path), strict=True):
            if key == path[-1] or not holder[key]:
                del holder[key]

    _change(file, change)


def _change(file: Path, change: Callable[[Any], None]) -> None:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    yaml: Any = YAML()
    yaml.preserve_quotes = True
    # Without this a list is moved to its key's column on every rewrite.
    yaml.indent(mapping=2, sequence=4, offset=2)
    with exclusively(file):
        # Read strictly first: what the host refuses to read, it must not rewrite.
        read_mapping(file)
        before = file.read_text(encoding="utf-8-sig") if file.is_file() else ""
        data = yaml.load(before)
        # A file without any value has no node that could carry its comments.
        comments, data = (before, CommentedMap()) if data is None else ("", data)
        change(data)
        text = io.StringIO()
        if data:
            yaml.dump(data, text)
        write_text(file, (f"{comments.rstrip()}\n" if comments.strip() else "") + text.getvalue())


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
