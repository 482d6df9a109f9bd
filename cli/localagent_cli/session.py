"""One run of the command line: options, host, command, cleanup; the one place that turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from localagent.errors import LocalAgentError
from localagent.host.situation import HostOptions, Situation
from localagent.host.survey import keep_hot, learn, survey
from localagent.manifest.names import BUILTIN_COMMANDS
from localagent.version import __version__
from localagent_cli import global_options, output
from localagent_cli.exit_codes import DONE, INTERRUPTED, code_of
from localagent_cli.root_help import page, plugin_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from localagent.host.survey import Survey
    from localagent_cli.global_options import GlobalOptions


def run(words: Sequence[str]) -> int:
    """Run one command line; errors are told in two lines and become an exit code."""
    debug = "--debug" in words
    return reporting(lambda: _run(words), debug=debug)


def reporting(work: Callable[[], int], *, debug: bool) -> int:
    """The exit code of `work`, or the one that the error it ended with means."""
    try:
        code = work()
        sys.stdout.flush()
    except LocalAgentError as error:
        if debug:
            import traceback

            traceback.print_exception(error)
        output.tell_error(error)
        return code_of(error)
    except KeyboardInterrupt:
        output.tell("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader went away, as `| head` does. Nothing more can be said, not even by the interpreter at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return code


def host_options(options: GlobalOptions) -> HostOptions:
    """The options of the host that a command line's global options ask for."""
    return HostOptions(home=options.home, plugins=options.plugins, only=options.only, reserved=BUILTIN_COMMANDS)


def tell_problem(picture: Survey) -> None:
    """Say once that the user's configuration cannot be read and that plugins are off therefore."""
    if picture.problem is not None:
        output.tell_error(picture.problem)
        output.tell("recovery mode: plugins are off until this is mended; management commands work")


def _run(words: Sequence[str]) -> int:
    options, rest = global_options.split(words)
    if options.version:
        output.show(f"localagent {__version__}")
        return DONE
    if options.help or not rest:
        return _help(options)
    from localagent_cli.app import LocalAgentCLI

    return LocalAgentCLI(host_options(options), debug=options.debug).run(rest)


def _help(options: GlobalOptions) -> int:
    situation = Situation.read(host_options(options))
    picture = learn(survey(situation), situation)
    tell_problem(picture)
    rows = plugin_rows(picture)
    keep_hot(picture, situation, rows)
    output.show(page(rows))
    return DONE
