"""From the words on argv to an exit code; the quickest answers come before anything heavy is imported."""

from __future__ import annotations

import gc
import os
import sys

from localagent_cli import streams
from localagent_cli.builtin_commands import BUILTINS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from localagent_cli.streams import Answer


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code.

    Args:
        argv: the words after the program's name. None means that this process is LocalAgent's own: its words are
            used, its signals and standard streams are taken care of, and it may be ended here.
    """
    if argv is None:
        return _own_process(sys.argv[1:])
    quick = _quick_answer(list(argv))
    if quick is None:
        from localagent_cli.session import run

        return run(list(argv))
    return streams.answer(*quick)


def _own_process(words: list[str]) -> int:
    # Nothing that is made to start is garbage, and looking for some takes a tenth of the time; the session begins to.
    gc.disable()
    streams.prepare()
    try:
        quick = _completion() or _quick_answer(words)
        if quick is None:
            from localagent_cli.session import run_process

            return run_process(words)
        return streams.answer(*quick)
    except KeyboardInterrupt:
        # No plugin runs before the session listens to signals, so this is a real one.
        return 130


def _completion() -> Answer | None:
    """What is said to a shell that asks how a line may go on; None where no shell asks."""
    instruction = os.environ.get("_LOCALAGENT_COMPLETE")
    if not instruction:
        return None
    from localagent_cli.completion import answer

    return answer(instruction, os.environ)


def _quick_answer(words: list[str]) -> Answer | None:
    """What is said to words that need no session; None for all others."""
    if words == ["--version"]:
        from localagent.version import __version__

        return f"localagent {__version__}", [], 0
    if words in ([], ["--help"], ["-h"]):
        from localagent_cli.root_help import kept_root_help

        return kept_root_help(os.environ)
    if words[0] == "plugins":
        from localagent_cli.plugin_list import kept_list

        return kept_list(words, os.environ)
    if words[0].startswith("-") or words[0] in BUILTINS:
        return None
    from localagent_cli.unknown_command import kept_refusal

    return kept_refusal(words, os.environ)
