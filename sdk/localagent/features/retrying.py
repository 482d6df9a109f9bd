"""Trying again what may work the next time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.errors import RetryableError
from localagent.services.retries import log_retries

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


def retry(
    on: type[Exception] | tuple[type[Exception], ...] = RetryableError,
    *,
    attempts: int = 3,
    wait: float = 1.0,
    wait_max: float = 30.0,
    timeout: float | None = None,
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a sync or async function to be called again when it raises `on`; the last error is raised.

    Args:
        on: the errors after which trying again may help.
        attempts: how often it is called at most.
        wait: seconds before the second call, doubled for each one after it, plus up to a second at random so that
            many callers do not come back all at once.
        wait_max: seconds it waits at most.
        timeout: seconds after which no further call begins; None for no such limit.
    """
    # Not at import: with what it stands on it takes longer than most commands.
    import stamina

    log_retries()
    return stamina.retry(on=on, attempts=attempts, timeout=timeout, wait_initial=wait, wait_max=wait_max)
