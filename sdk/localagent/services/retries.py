"""What stamina tells of retries, told as everything else is."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stamina.instrumentation import RetryDetails

_log = logging.getLogger("localagent.retries")


@functools.cache
def log_retries() -> None:
    """Let stamina, which whoever calls this is about to use, write to the log.

    Left alone, it writes to standard output, which is for data.
    """
    from stamina.instrumentation import set_on_retry_hooks

    set_on_retry_hooks([_note])


def _note(details: RetryDetails) -> None:
    _log.info("trying again in %.1f s, after: %s", details.wait_for, details.caused_by)
