"""Objects of a life that is over say so, to whoever kept them."""

from __future__ import annotations

import types
from typing import Any

from localagent.errors import StalePluginError


def stale_error(plugin: str, generation: int) -> StalePluginError:
    """What whoever uses an object of a former life hears."""
    return StalePluginError(
        f"this belongs to life {generation} of the plugin '{plugin}', which was reloaded",
        plugin=plugin,
        fix="ask the host for it each time, or send the plugin a message, instead of keeping its objects",
    )


def make_stale(thing: object, error: StalePluginError) -> bool:
    """Have every attribute of `thing` raise `error` from now on; False where its class does not allow that."""
    kind = type(thing)

    def refuse(this: Any, name: str) -> Any:
        # What Python itself looks up, as for a representation in a trace, stays as it was.
        if name.startswith("__"):
            return object.__getattribute__(this, name)
        raise error

    members = {"__slots__": (), "__module__": kind.__module__, "__getattribute__": refuse}
    stale = types.new_class(kind.__name__, (kind,), exec_body=lambda namespace: namespace.update(members))
    try:
        object.__setattr__(thing, "__class__", stale)
    except TypeError:
        # Where a class lays out its objects in its own way, they cannot be given another one.
        return False
    return True
