"""Operations that leave a trace in the log: when they began, how long they took, how they ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from localagent.errors import PluginError
from localagent.features.enhanced import EnhancedPlugin
from localagent.services.correlation import correlation_id
from localagent.services.correlation import operation as correlated

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from types import TracebackType
    from typing import Any


class ObservablePlugin(EnhancedPlugin):
    """Runs operations that are logged with duration and outcome; override `perform_operation` with what they do."""

    async def execute_operation(self, operation: str, **parameters: Any) -> Any:
        """Run an operation, and log how it went.

        The records carry ``operation``, and the last of them ``outcome`` (``done``, ``failed`` or ``cancelled``) and
        ``duration`` in seconds. An operation within another one has the correlation id of that one.
        """
        with correlated(), _Trace(self.logger, operation, parameters):
            return await self.perform_operation(operation, **parameters)

    async def perform_operation(self, operation: str, **parameters: Any) -> Any:
        """What an operation does.

        Raises:
            PluginError: always, unless overridden.
        """
        raise PluginError(f"there is no operation '{operation}'", plugin=self.name, fix="override perform_operation")

    def add_correlation_id(
        self, logger: Any, method_name: str, event_dict: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Put the present correlation id into `event_dict`; a processor as structlog's configuration takes it."""
        present = correlation_id.get()
        if present:
            event_dict["correlation_id"] = present
        return event_dict


class _Trace:
    """Logs the beginning and the end of an operation, to whatever logger the author has chosen."""

    def __init__(self, logger: Any, operation: str, parameters: dict[str, Any]) -> None:
        self._logger = logger
        self._operation = operation
        self._parameters = parameters
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = time.monotonic()
        message = f"{self._operation}: begun"
        self._logger.info(message, extra={"operation": self._operation, "parameters": self._parameters})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        duration = time.monotonic() - self._began
        outcome = _outcome(error)
        about = {"operation": self._operation, "outcome": outcome, "duration": duration}
        message = f"{self._operation}: {outcome} after {duration:.3f} s"
        if outcome == "failed":
            message = f"{message}: {type(error).__name__}: {error}"
            self._logger.error(message, extra=about)
        else:
            self._logger.info(message, extra=about)


def _outcome(error: BaseException | None) -> str:
    if error is None:
        return "done"
    return "failed" if isinstance(error, Exception) else "cancelled"
