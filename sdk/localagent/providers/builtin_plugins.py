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


class EmbeddedPlugin(ProviderPlugin):
    """Offers `EmbeddedProvider`."""

    name = "embedded"
    version = __version__

    def get_provider_class(self) -> type[BaseProvider]:
        """The provider class."""
        from localagent.providers.embedded import EmbeddedProvider

        return EmbeddedProvider

    def get_provider_config_schema(self) -> dict[str, Any]:
        """The JSON Schema of its settings; the model is by default the one in this plugin's folder."""
        from localagent.providers.embedded import schema_for
        from localagent.services.home import Home

        # A preflight gives no context.
        home = Home.find(self.context and self.context.config_dir)
        return schema_for(home.data(self.name))


class OpenAICompatiblePlugin(ProviderPlugin):
    """Offers `OpenAICompatibleProvider`."""

    name = "openai-compatible"
    version = __version__

    def get_provider_class(self) -> type[BaseProvider]:
        """The provider class."""
        from localagent.providers.openai_compatible import OpenAICompatibleProvider

        return OpenAICompatibleProvider

    def get_provider_config_schema(self) -> dict[str, Any]:
        """The JSON Schema of its settings."""
        from localagent.providers.openai_compatible import SCHEMA

        return SCHEMA


class OllamaPlugin(ProviderPlugin):
    """Offers `OllamaProvider`."""

    name = "ollama"
    version = __version__

    def get_provider_class(self) -> type[BaseProvider]:
        """The provider class."""
        from localagent.providers.ollama import OllamaProvider

        return OllamaProvider

    def get_provider_config_schema(self) -> dict[str, Any]:
        """The JSON Schema of its settings."""
        from localagent.providers.ollama import SCHEMA

        return SCHEMA
