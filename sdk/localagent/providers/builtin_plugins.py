"""The plugins that offer the built-in providers; what speaks to a service is imported when one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.plugins.kinds import ProviderPlugin
from localagent.version import __version__

if TYPE_CHECKING:
    from localagent.plugins.provider import BaseProvider


class ScriptedPlugin(ProviderPlugin):
    """Offers `ScriptedProvider`."""

    name = "scripted"
    version = __version__

    def get_provider_class(self) -> type[BaseProvider]:
        """The provider class."""
        from localagent.providers.scripted import ScriptedProvider

        return ScriptedProvider

    def get_provider_config_schema(self) -> dict[str, Any]:
        """The JSON Schema of its settings."""
        from localagent.providers.scripted import SCHEMA

        return SCHEMA
