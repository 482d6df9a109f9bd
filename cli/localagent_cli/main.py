"""From the words on argv to an exit code; the quickest answers come before anything heavy is imported."""

from __future__ import annotations

import os
import sys

from localagent_cli import streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code.

    Args:
        argv: the words after the program's name. None means that this process is LocalAgent's own: its words are
            used, its signals and standard streams are taken care of, and it may be ended here.
    """
    if argv is None:
        return _own_process(sys.argv[1:])
    text = _quick_answer(list(argv))
    if text is None:
        from localagent_cli.session import run

        return run(list(argv))
    return streams.answer(text)


def _own_process(words: list[str]) -> int:
    streams.prepare()
    try:
        text = _quick_answer(words)
        if text is None:
            from localagent_cli.session import run_process

            return run_process(words)
        return streams.answer(text)
    except KeyboardInterrupt:
        # No plugin runs before the session listens to signals, so this is a real one.
        return 130


def _quick_answer(words: list[str]) -> str | None:
    """The text for words that need no session; None for all others."""
    if words == ["--version"]:
        from localagent.version import __version__

        return f"localagent {__version__}"
    if words in ([], ["--help"], ["-h"]):
        from localagent_cli.root_help import kept_root_help

        return kept_root_help(os.environ)
    return None
