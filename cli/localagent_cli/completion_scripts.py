"""The scripts by which shells ask for completion, which are Typer's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer import _completion_shared as typers

from localagent.errors import SystemProblem, UsageError

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "localagent"
VARIABLE = "_LOCALAGENT_COMPLETE"


def script(shell: str | None) -> str:
    """The script for `shell`; None means the shell that this process was started from.

    Raises:
        UsageError: there is none for that shell, or it cannot be told which one it is.
    """
    return typers.get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=_supported(shell))


def install(shell: str | None) -> Path:
    """Put the script where `shell` finds it at its next start, and give that file.

    Raises:
        UsageError: as `script`.
        SystemProblem: a file of the user's cannot be read or written.
    """
    try:
        _, path = typers.install(_supported(shell), PROGRAM, VARIABLE)
    except (OSError, RuntimeError, ValueError) as error:
        # No home, no permission, or a start-up file in an encoding of its own.
        raise SystemProblem(
            f"cannot install the completion script: {error}",
            fix="localagent --show-completion SHELL   (prints it, to be put where your shell looks)",
        ) from error
    return path


def _supported(shell: str | None) -> str:
    names = [each.value for each in typers.Shells]
    fix = f"name one of {', '.join(names)}"
    found = shell or typers._get_shell_name()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]  # Typer's own way to tell
    if found is None:
        raise UsageError("it cannot be told which shell this is", fix=fix)
    if found not in names:
        raise UsageError(f"there is no completion for the shell '{found}'", fix=fix)
    return found
