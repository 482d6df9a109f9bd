"""Where log records go while a host runs: short lines on standard error, JSON lines in the home."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import TYPE_CHECKING

from localagent.errors import ConfigError
from localagent.services.correlation import Speaker, speaker
from localagent.services.log_file import LogFile
from localagent.services.log_lines import LineFormatter
from localagent.services.plugin_logger import PREFIX, PluginLogger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localagent.services.redacting import Redactor

VARIABLE = "LOCALAGENT_LOG_LEVEL"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_HOST = "localagent."


def console_level(environ: Mapping[str, str], *, otherwise: int = logging.WARNING) -> int:
    """The level from which people see records, as ``LOCALAGENT_LOG_LEVEL`` says.

    Raises:
        ConfigError: the variable names no level.
    """
    name = environ.get(VARIABLE, "").strip().upper()
    if not name:
        return otherwise
    if name not in LEVELS:
        raise ConfigError(f"{VARIABLE} must be one of {', '.join(LEVELS)}, not {name!r}", fix=f"export {VARIABLE}=INFO")
    return logging.getLevelNamesMapping()[name]


class Logs:
    """The two places, on the root logger while the host runs, so that records of any library arrive there.

    People see warnings and worse, or what `level` says, libraries' own records from INFO on; the file has everything
    from INFO on, or from `level` where that is lower.

    Args:
        file: the file of JSON lines, made by the first record.
        redactor: masks secrets in both.
        level: from which level people see records.
    """

    def __init__(self, file: Path, redactor: Redactor, *, level: int = logging.WARNING) -> None:
        self._console = _Console()
        self._lines = _Lines(LogFile(file))
        self._console.setFormatter(LineFormatter(redactor, self.speaker_of, for_people=True))
        self._console.addFilter(self._is_for_people)
        self._lines.setFormatter(LineFormatter(redactor, self.speaker_of, for_people=False))
        self._roots: dict[str, Speaker] = {}
        self._versions: dict[str, str] = {}
        self._before: int | None = None
        self._level = level
        self.see_from(level)

    def see_from(self, level: int) -> None:
        """Let people see records from `level` on."""
        self._level = min(level, logging.INFO)
        self._console.setLevel(level)
        self._lines.setLevel(self._level)
        if self._before is not None:
            logging.root.setLevel(self._level)

    def know(self, who: Speaker, root: Path | None) -> None:
        """Begin to listen, if need be, and remember whose code lies at `root`."""
        self._versions[who.plugin] = who.version
        if root is not None:
            self._roots[str(root)] = who
        self.start()

    def logger_for(self, plugin: str) -> PluginLogger:
        """The logger of a plugin."""
        return PluginLogger(self._named(plugin))

    def start(self) -> None:
        """Listen to the root logger."""
        if self._before is None:
            self._before = logging.root.level
            logging.root.setLevel(self._level)
            logging.root.addHandler(self._console)
            logging.root.addHandler(self._lines)

    def stop(self) -> None:
        """Leave the root logger as it was found; a level that somebody else set since then stays."""
        if self._before is None:
            return
        for handler in (self._console, self._lines):
            logging.root.removeHandler(handler)
        self._lines.close_file()
        if logging.root.level == self._level:
            logging.root.setLevel(self._before)
        self._before = None

    def speaker_of(self, record: logging.LogRecord) -> Speaker | None:
        """The plugin that a record comes from: by its logger, its source file, or whose turn it is."""
        if record.name.startswith(PREFIX):
            return self._named(record.name.removeprefix(PREFIX).partition(".")[0])
        if record.name.startswith(_HOST):
            return None
        for root, who in self._roots.items():
            if record.pathname == root or record.pathname.startswith(f"{root}/"):
                return who
        return speaker.get()

    def _is_for_people(self, record: logging.LogRecord) -> bool:
        """Whether somebody who follows a plugin wants to read it: of libraries alone, not what is below INFO."""
        return record.levelno >= logging.INFO or record.name.startswith(_HOST) or self.speaker_of(record) is not None

    def _named(self, plugin: str) -> Speaker:
        return Speaker(plugin, self._versions.get(plugin, ""))


class _Console(logging.Handler):
    """Standard error, whatever that is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        # Full, closed by a plugin, or without a reader: there is no other place to say so.
        with contextlib.suppress(OSError, ValueError):
            encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
            line = self.format(record).encode(encoding, "backslashreplace").decode(encoding)
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


class _Lines(logging.Handler):
    """The file; where it cannot be written, that is said once."""

    def __init__(self, file: LogFile) -> None:
        super().__init__()
        self._file = file
        self._is_told = False

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        try:
            self._file.write(line)
        except OSError as error:
            self._tell(error)

    def close_file(self) -> None:
        self._file.close()

    def _tell(self, error: OSError) -> None:
        if not self._is_told:
            self._is_told = True
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(f"warning: the log cannot be written: {error.strerror}: {self._file.file}\n")
