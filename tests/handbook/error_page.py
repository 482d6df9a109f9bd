"""The page of all errors: their tree, and each that is public."""

from __future__ import annotations

import re

import localagent
from handbook.markdown import fenced
from localagent import errors

_INTRO = """\
# Errors

Every error of LocalAgent is a `LocalAgentError`. Each says what is wrong, and carries plugin, file, place and fix where
they are known; the command line turns them into [exit codes](../commands.md#exit-codes). Catch those that are described
below; the others of the tree are caught by the one above them."""


def page() -> str:
    """The page in Markdown, with what mkdocstrings is to put in for each error, in the order of the tree."""
    tree = str(errors.__doc__).partition("\n\n")[2]
    named = ["LocalAgentError", *re.findall(r"── (\w+)", tree)]
    described = [f"::: localagent.{name}" for name in named if name in localagent.__all__]
    return "\n\n".join([_INTRO, fenced("text", tree), *described]) + "\n"
