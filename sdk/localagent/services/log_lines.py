"""How a log record reads: a line of JSON for programs, a short line for people."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.stdlib import ProcessorFormatter
    from structlog.typing import EventDict

    from localagent.services.correlation import Speaker
    from localagent.services.redacting import Redactor

_LEFT_BY_OTHERS = ("plugin_version", "message", "asctime")
"""Attributes of a record that other formatters leave on it, and one that is told under another name."""
_KNOWN = ("timestamp", "level", "logger", "event", "plugin", "version", "correlation_id", "pid")


class LineFormatter(logging.Formatter):
    """Formats by structlog, which is imported with the first record that anybody wants to read.

    Args:
        redactor: masks secrets in every value.
        who: tells whose record it is.
        for_people: a short line instead of JSON.
    """

    def __init__(
        self, redactor: Redactor, who: Callable[[logging.LogRecord], Speaker | None], *, for_people: bool
    ) -> None:
        super().__init__()
        self._redactor = redactor
        self._who = who
        self._for_people = for_people
        self._formatter: ProcessorFormatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, without its end."""
        if self._formatter is None:
            self._formatter = self._made()
        return self._formatter.format(_sayable(record))

    def _made(self) -> ProcessorFormatter:
        from structlog.contextvars import merge_contextvars
        from structlog.processors import JSONRenderer, TimeStamper, format_exc_info
        from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

        return ProcessorFormatter(
            foreign_pre_chain=[add_log_level, add_logger_name, ExtraAdder()],
            processors=[
                self._with_origin,
                ProcessorFormatter.remove_processors_meta,
                merge_contextvars,
                TimeStamper(fmt="iso", utc=True),
                _short_cause if self._for_people else format_exc_info,
                self._masked,
                _for_people if self._for_people else JSONRenderer(ensure_ascii=False),
            ],
        )

    def _with_origin(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        """Add plugin, version, correlation id and process; a field of the same name does not win over them."""
        from localagent.services.correlation import correlation_id

        fields: dict[str, Any] = event.pop("fields", {})
        for name in _LEFT_BY_OTHERS:
            event.pop(name, None)
        who = self._who(event["_record"])
        if who is not None:
            event["plugin"] = who.plugin
            event["version"] = who.version
        if correlation_id.get():
            event["correlation_id"] = correlation_id.get()
        event["pid"] = os.getpid()
        return {**fields, **event}

    def _masked(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        masked: EventDict = self._redactor.redact_value(dict(event))
        return masked


def _sayable(record: logging.LogRecord) -> logging.LogRecord:
    """`record`, or where its arguments do not fit its text one that shows both."""
    try:
        record.getMessage()
    except (TypeError, ValueError, KeyError):
        shown = logging.makeLogRecord(record.__dict__)
        shown.msg, shown.args = f"{record.msg} {record.args!r}", ()
        return shown
    return record


def _short_cause(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """The error in one line, without its trace, which the file has."""
    cause: Any = event.pop("exc_info", None)
    event.pop("stack_info", None)
    error = _error_of(cause)
    if error is not None:
        event["exception"] = f"{type(error).__name__}: {error}".partition("\n")[0]
    return event


def _error_of(cause: Any) -> BaseException | None:
    """The exception in what logging keeps of it."""
    return cause[1] if cause else None


def _for_people(_logger: Any, _method: str, event: EventDict) -> str:
    cause = event.pop("exception", None)
    fields = ", ".join(f"{key}={value}" for key, value in event.items() if key not in _KNOWN)
    origin = event.get("plugin") or ("" if event["logger"].startswith("localagent.") else event["logger"])
    parts = (event["level"], origin, event["event"], cause)
    line = ": ".join(str(part) for part in parts if part)
    return f"{line} ({fields})" if fields else line
