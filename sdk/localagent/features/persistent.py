"""Data that a plugin finds again in its next run."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING

from localagent.errors import UsageError
from localagent.features.enhanced import EnhancedPlugin
from localagent.manifest.plain import is_mapping
from localagent.services.guide_cache import import_guide_cache

if TYPE_CHECKING:
    from typing import Any, Self

    from localagent.plugins.context import PluginContext
    from localagent.services.storage import Storage


class PersistentPlugin(EnhancedPlugin):
    """Keeps values between runs, in the plugin's storage.

    `set_cache` and `get_cache` are ``context.storage.set`` and ``.get`` under another name: a value is on the disk when
    `set_cache` returns, and every process of the user finds it. `cache` shows the same as a plain dict, as it was when
    the plugin started and was changed by it since; what is changed in there by hand is kept when the plugin goes.

    Attributes:
        data_dir: folder for the plugin's own files.
        cache: entries by key, each ``{"value": …}``, with the moments ``timestamp`` and perhaps ``expires`` in seconds
            since 1970 if it was made in this run.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """A plugin with an empty cache, whatever its own constructor does."""
        made = super().__new__(cls)
        made.cache, made._kept = {}, {}
        return made

    async def initialize(self, context: PluginContext) -> bool:
        """Load what earlier runs kept."""
        if not await super().initialize(context):
            return False
        self.data_dir = context.data_dir
        await self.load_persistent_data()
        return True

    async def load_persistent_data(self) -> None:
        """Fill `cache` from the storage; a ``plugins/NAME/cache.json`` of old is taken into the storage first, once."""
        storage = self.context.storage
        import_guide_cache(storage, self.context.config_dir / "plugins" / self.name, tell=self.logger.warning)
        keys: list[str] = storage.keys()
        self.cache = {key: {"value": storage.get(key)} for key in keys}
        self._kept = {key: _text(entry) for key, entry in self.cache.items()}

    async def save_persistent_data(self) -> None:
        """Bring into the storage what was changed in `cache` by hand; what other processes changed stays.

        Raises:
            UsageError: an entry is no ``{"value": …}``, or its value is no JSON; nothing was changed.
            SystemProblem: the storage cannot be written now.
        """
        now = {key: _text(entry) for key, entry in self.cache.items()}
        gone = [key for key in self._kept if key not in now]
        changed = [key for key, text in now.items() if text != self._kept.get(key)]
        if not gone and not changed:
            return
        with self.context.storage.transaction() as storage:
            for key in gone:
                storage.delete(key)
            for key in changed:
                _store(storage, key, self.cache[key])
        self._kept = now

    def set_cache(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Keep `value`, which JSON can say, for `ttl` seconds; None or 0 means until it is replaced.

        Raises:
            UsageError: key, value or ttl cannot be kept.
            SystemProblem: the storage cannot be written now.
        """
        self.context.storage.set(key, value, ttl or None)
        now = time.time()
        self.cache[key] = {"value": value, "timestamp": now} | ({"expires": now + ttl} if ttl else {})
        self._kept[key] = _text(self.cache[key])

    def get_cache(self, key: str, default: Any = None) -> Any:
        """The value at `key`; `default` where there is none or its time is over.

        Raises:
            UsageError: what was put into `cache` by hand is no entry.
            SystemProblem: the storage cannot be read now.
        """
        entry = self.cache.get(key)
        if entry is None or _text(entry) == self._kept.get(key):
            return self.context.storage.get(key, default)
        # Changed by hand, and not kept yet.
        return default if _is_over(_checked(key, entry)) else entry["value"]

    async def cleanup(self) -> None:
        """Keep what was changed by hand."""
        try:
            await self.save_persistent_data()
        finally:
            await super().cleanup()


def _store(storage: Storage, key: str, entry: Any) -> None:
    expires = _checked(key, entry).get("expires")
    if _is_over(entry):
        storage.delete(key)
    else:
        storage.set(key, entry["value"], None if expires is None else expires - time.time())


def _checked(key: str, entry: Any) -> dict[str, Any]:
    """An entry that somebody made by hand.

    Raises:
        UsageError: it is none.
    """
    if is_mapping(entry) and "value" in entry:
        return entry
    raise UsageError(f"cache[{key!r}] is no entry {{'value': …}}", fix=f"use set_cache({key!r}, value)")


def _is_over(entry: dict[str, Any]) -> bool:
    expires: float = entry.get("expires", math.inf)
    return expires <= time.time()


def _text(entry: Any) -> str:
    """What tells whether an entry was changed; the storage is who refuses values that are no JSON."""
    return json.dumps(entry, default=repr)
