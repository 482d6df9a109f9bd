"""From the words on argv to an exit code; the quickest answers come before anything heavy is imported."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code.

    Args:
        argv: the words after the program's name; those of the process if None.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words == ["--version"]:
        from localagent.version import __version__

        print(f"localagent {__version__}")
        return 0
    if words in ([], ["--help"], ["-h"]):
        from localagent_cli.root_help import kept_root_help

        page = kept_root_help(os.environ)
        if page is not None:
            print(page)
            return 0
    from localagent_cli.session import run

    return run(words)
