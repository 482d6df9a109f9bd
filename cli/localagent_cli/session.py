"""One run of the command line: options, host, command, cleanup; the one place that turns errors into exit codes."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from localagent.errors import LocalAgentError, SystemProblem
from localagent.host import interrupts
from localagent.host.situation import HostOptions, Situation
from localagent.host.uncollected import collect_from_here, uncollected
from localagent.manifest.names import BUILTIN_COMMANDS
from localagent.services.given import read_given
from localagent.version import __version__
from localagent_cli import global_options, output, streams, waiting, warm
from localagent_cli.exit_codes import DONE, FAILED, INTERRUPTED, code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType, TracebackType

    from localagent_cli.app import LocalAgentCLI
    from localagent_cli.global_options import GlobalOptions


_THREAD_GRACE = 0.5
"""Seconds that threads which plugins left running get to end by themselves."""


def run(words: Sequence[str]) -> int:
    """Run one command line; errors are told in two lines and become an exit code."""
    return reporting(lambda: _run(words, []), debug="--debug" in words)


def run_process(words: Sequence[str], *, journal: bool = True) -> int:
    """As `run`, in a process that is LocalAgent's own: signals end it in time, and nothing a plugin left delays it.

    Args:
        words: the command line.
        journal: as `HostOptions.journal`.
    """
    debug = "--debug" in words
    if not debug:
        sys.excepthook = _tell_unexpected
    opened: list[LocalAgentCLI] = []
    with interrupts.listening():
        code = reporting(lambda: _run(words, opened, is_own_process=True, journal=journal), debug=debug)
        left = [name for cli in opened for name in cli.abandoned] or _threads_left()
        if interrupts.pending() is not None:
            interrupts.end_process(interrupts.exit_code())
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # All is done; a late Ctrl-C must not make the interpreter show a trace while it ends.
        signal.signal(signal.SIGINT, _leave_at_once)
    if left:
        output.tell(f"left running: {', '.join(left)}")
        interrupts.end_process(code)
    return code


def reporting(work: Callable[[], int], *, debug: bool) -> int:
    """The exit code of `work`, or the one that the error it ended with means."""
    try:
        code = work()
    except LocalAgentError as error:
        told = _told(error)
        # Without a cause, the words are the whole story: where in LocalAgent they come from mends nothing.
        if debug and error.__cause__ is not None:
            from localagent_cli.traces import trace_of

            output.tell(trace_of(error))
        output.tell_error(told)
        code = code_of(told)
    except KeyboardInterrupt:
        code = _interrupted()
    except BrokenPipeError:
        if not streams.reader_is_gone():
            raise
        # The reader went away, as `head` does. Nothing more can be said, not even by the interpreter at exit.
        streams.discard(sys.stdout)
        code = DONE
    return streams.settle(code)


def _told(error: LocalAgentError) -> LocalAgentError:
    """`error`, or the failure to write to standard output that is its cause and no plugin's fault."""
    cause = streams.failure()
    if cause is None or error.__cause__ is not cause:
        return error
    return SystemProblem(f"{streams.CANNOT_WRITE}: {cause.strerror}", fix=streams.MAKE_ROOM)


def _interrupted() -> int:
    if interrupts.pending() is not None:
        output.tell("interrupted" if interrupts.pending() == signal.SIGINT else "terminated")
        return interrupts.exit_code()
    if interrupts.is_listening():
        output.tell("error: the command raised KeyboardInterrupt, which nobody asked for")
        return FAILED
    output.tell("interrupted")
    return INTERRUPTED


def _threads_left() -> list[str]:
    """Names of the threads for which the interpreter would wait for ever."""
    end = time.monotonic() + _THREAD_GRACE
    main = threading.main_thread()
    threads = [thread for thread in threading.enumerate() if thread is not main and not thread.daemon]
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    return [f"the thread '{thread.name}'" for thread in threads if thread.is_alive()]


def _leave_at_once(_signum: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


def _tell_unexpected(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    output.tell(f"error: unexpected {kind.__name__}: {error}")
    output.tell("fix: run it again with --debug before the command, and report what it shows")


def host_options(options: GlobalOptions) -> HostOptions:
    """The options of the host that a command line's global options ask for."""
    return HostOptions(
        home=options.home,
        plugins=options.plugins,
        only=options.only,
        reserved=BUILTIN_COMMANDS,
        given=tuple(map(read_given, options.given)),
        meeting=waiting.meeting,
    )


def tell_problem(problem: LocalAgentError | None) -> None:
    """Say that the user's configuration cannot be read, if so, and that plugins are off therefore."""
    if problem is not None:
        output.tell_error(problem)
        output.tell("recovery mode: plugins are off until this is mended; management commands work")


def _run(
    words: Sequence[str], opened: list[LocalAgentCLI], *, is_own_process: bool = False, journal: bool = True
) -> int:
    options, rest = global_options.split(words)
    if options.version:
        output.show(f"localagent {__version__}")
        return DONE
    if options.completion is not None:
        return _set_up_completion(*options.completion)
    if options.help or not rest:
        return _help(options)
    with uncollected():
        from localagent_cli.app import LocalAgentCLI
    if is_own_process:
        collect_from_here()

    cli = LocalAgentCLI(host_options(options)._replace(journal=journal), debug=options.debug)
    opened.append(cli)
    return cli.run(rest)


def _set_up_completion(action: str, shell: str | None) -> int:
    from localagent_cli import completion_scripts

    if action == "show":
        output.show(completion_scripts.script(shell))
        return DONE
    output.tell(f"installed {completion_scripts.install(shell)}")
    output.tell("next: open a new shell, type 'localagent ' and press Tab")
    return DONE


def _help(options: GlobalOptions) -> int:
    from localagent.host.survey import learn, survey
    from localagent_cli.root_help import page

    situation = Situation.read(host_options(options))
    picture = learn(survey(situation), situation)
    tell_problem(picture.problem)
    kept = warm.keep(picture, situation)
    output.show(page(kept[warm.COMMANDS]["commands"]))
    return DONE
