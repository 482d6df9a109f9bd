"""Each of the host's own commands shows by an example how it is used."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from typer.main import get_command

from localagent_cli.builtin_commands import BUILTINS


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command by the words that call it, groups too."""
    for word, (_, place) in BUILTINS.items():
        module, _, attribute = place.partition(":")
        command = get_command(getattr(import_module(module), attribute))
        yield (word,), command
        for name, below in getattr(command, "commands", {}).items():
            yield (word, name), below


ALL = list(commands())


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_help_ends_with_an_example_of_this_command(words: tuple[str, ...], command: Any) -> None:
    (example,) = [line.strip() for line in str(command.help).splitlines() if line.strip().startswith("Example: ")]
    assert len(example) <= 76  # on a terminal of 80 columns it stays one line, to be copied
    said = shlex.split(example.removeprefix("Example: "))
    called = said[said.index("localagent") + 1 :]
    assert tuple(called[: len(words)]) == words
