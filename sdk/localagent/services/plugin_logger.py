"""The logger a plugin is given: one of the standard library that takes fields too."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localagent.services.correlation import Speaker

PREFIX = "localagent.plugin."


class PluginLogger(logging.Logger):
    """Logs as ``logging.getLogger("localagent.plugin.NAME")`` does, with the plugin on each record.

    Keywords that the standard library does not know become fields: ``logger.info("done", items=3)``. Records have the
    attributes `plugin`, `plugin_version` and `fields`.

    Attributes:
        who: the plugin.
    """

    def __init__(self, who: Speaker, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{PREFIX}{who.plugin}")
        # Levels, handlers and filters are those of the logger that everybody can get by this name.
        self._named = logging.getLogger(self.name)
        self.parent = self._named
        self.who = who
        self._fields = dict(fields or {})

    def bind(self, **fields: Any) -> PluginLogger:
        """A logger whose records have these fields as well."""
        return PluginLogger(self.who, {**self._fields, **fields})

    if TYPE_CHECKING:
        # For who reads types: `_log` takes fields, and these hand them on.
        def _takes_fields(self, msg: object, *args: object, **fields: Any) -> None: ...

        debug = info = warning = error = exception = critical = _takes_fields

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the standard library's name
        """As the logger of this name decides."""
        return self._named.isEnabledFor(level)

    def getEffectiveLevel(self) -> int:  # noqa: N802 - the standard library's name
        """As the logger of this name decides."""
        return self._named.getEffectiveLevel()

    def _log(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # fields may have these names
        self,
        level: int,
        msg: object,
        args: Any,
        /,
        exc_info: Any = None,
        extra: Mapping[str, object] | None = None,
        stack_info: bool = False,  # noqa: FBT001, FBT002 - the standard library's signature
        stacklevel: int = 1,
        **fields: Any,
    ) -> None:
        own = {
            **(extra or {}),
            "plugin": self.who.plugin,
            "plugin_version": self.who.version,
            "fields": {**self._fields, **fields},
        }
        super()._log(level, msg, args, exc_info, own, stack_info, stacklevel + 1)
