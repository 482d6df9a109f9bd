"""Which secrets a plugin may have, by what its manifest declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.services.secrets import Grant

if TYPE_CHECKING:
    from collections.abc import Callable

    from localagent.host.spec import PluginSpec

_ENV = "env"


def grant_of(spec: PluginSpec, *, developing: bool, warn: Callable[[str], object]) -> Grant:
    """The grant of a plugin.

    Args:
        spec: the plugin.
        developing: whether what is not declared is only warned of, once for each name.
        warn: given these warnings.
    """
    told: set[str] = set()

    def warn_once(message: str) -> None:
        if message not in told:
            told.add(message)
            warn(message)

    return Grant(spec.name, _declared(spec.permissions), warn_once if developing else None)


def _declared(permissions: tuple[str, ...]) -> tuple[str, ...]:
    """The names that words such as ``env: A, B`` have; the bare word means all."""
    for words in permissions:
        what, _, detail = words.partition(":")
        if what == _ENV:
            return tuple(name.strip() for name in detail.split(",")) if detail else ("*",)
    return ()
