"""How long each step of a plugin may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from localagent.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

LOADING_STEPS = frozenset({"import", "construct", "name", "settings schema", "prepare", "register", "initialise"})
"""The steps that bring a plugin up; a plugin that is late there is one that cannot be had."""

_DAY = 86_400.0


class Budgets(NamedTuple):
    """Seconds that the steps of one plugin may take; a command has no limit.

    Attributes:
        import_: importing, and each of the short calls until it is initialised. ``import`` in ``config.yaml``.
        initialise: initialising; registering has as much again.
        handler: one call of a message handler or a lifecycle hook.
        cleanup: the cleanups of all plugins together.
        cleanup_after_signal: the same after Ctrl-C or a request to terminate.
        preflight: one plugin in a preflight.
        completion: one answer of a provider, from the request to its last piece.
        drain: what is under way in a plugin whose changed code is to be taken up.
        grace: what a step that was cancelled gets to let go, before it is abandoned.
    """

    import_: float = 5.0
    initialise: float = 10.0
    handler: float = 30.0
    cleanup: float = 5.0
    cleanup_after_signal: float = 1.2
    preflight: float = 30.0
    grace: float = 2.0
    completion: float = 600.0
    drain: float = 5.0

    def limit_of(self, step: str) -> float | None:
        """Seconds that `step` may take by itself; None for a command or a drawing, which end when they are done."""
        if step in ("command", "draw"):
            return None
        if step in ("initialise", "register"):
            return self.initialise
        if step == "cleanup":
            return self.cleanup
        if step == "complete":
            return self.completion
        return self.import_ if step in LOADING_STEPS else self.handler


def unhurried(budgets: Budgets) -> Budgets:
    """Budgets for a process that a person stops and looks at: a step may take a day.

    What is to end soon after a signal, or is abandoned, still does.
    """
    return Budgets(*[_DAY] * len(Budgets._fields))._replace(
        cleanup_after_signal=budgets.cleanup_after_signal, drain=budgets.drain, grace=budgets.grace
    )


def read_budgets(section: Any, *, over: Budgets, file: Path) -> Budgets:
    """`over` with what the user set in the mapping ``budgets`` of ``config.yaml``.

    Raises:
        ConfigError: a name that is no budget, or a value that is no positive number of seconds.
    """
    if section is None:
        return over
    fields = {name.rstrip("_"): name for name in Budgets._fields}
    wanted = cast("dict[str, Any]", section if isinstance(section, dict) else {"budgets": section})
    for name, seconds in wanted.items():
        if name not in fields or not _is_duration(seconds):
            raise ConfigError(
                f"'budgets' must map some of {', '.join(fields)} to seconds above 0; '{name}: {seconds}' does not",
                file=file,
                fix=f"localagent config unset budgets.{name}",
            )
    return over._replace(**{fields[name]: float(seconds) for name, seconds in wanted.items()})


def _is_duration(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
