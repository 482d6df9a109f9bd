"""What the settings of a provider say of the HTTP service behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from localagent.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

POOL_SIZE = 10
TIMEOUT = 30.0
CONNECT_TIMEOUT = 5.0
MAX_RETRIES = 2


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How a service is reached.

    Attributes:
        provider: what messages call the provider; empty where only the host knows.
        base_url: what all paths are below, without a slash at its end; empty where the provider has none.
        api_key: sent as a bearer token; empty for none.
        timeout: seconds without a byte after which the service is given up.
        connect_timeout: seconds that connecting may take.
        connection_pool_size: connections at the same time; who needs one more waits.
        max_retries: how often what failed is tried again, where that may help.
    """

    provider: str
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    timeout: float = TIMEOUT
    connect_timeout: float = CONNECT_TIMEOUT
    connection_pool_size: int = POOL_SIZE
    max_retries: int = MAX_RETRIES

    @classmethod
    def of(cls, provider: str, config: Mapping[str, Any]) -> Self:
        """What settings with these names say; what is missing has a default.

        Raises:
            ConfigError: the address or the key cannot be one.
        """
        base_url, api_key = str(config.get("base_url") or ""), str(config.get("api_key") or "").strip()
        if base_url and not _is_address(base_url):
            raise _refused(
                provider, "base_url", "'base_url' is no URL of a service, which begins with http:// or https://"
            )
        if not (api_key.isascii() and (api_key.isprintable() or not api_key)):
            raise _refused(provider, "api_key", "'api_key' has characters that no HTTP header may have")
        return cls(
            provider,
            base_url.rstrip("/"),
            api_key,
            timeout=float(config.get("timeout", TIMEOUT)),
            connect_timeout=float(config.get("connect_timeout", CONNECT_TIMEOUT)),
            connection_pool_size=int(config.get("connection_pool_size", POOL_SIZE)),
            max_retries=int(config.get("max_retries", MAX_RETRIES)),
        )

    @property
    def url(self) -> str:
        """The address as messages may show it; where there is none, who is meant."""
        return without_secrets(self.base_url) or "the service"

    def hide(self, text: str) -> str:
        """`text` without the key, which services like to repeat when they refuse it."""
        return text.replace(self.api_key, "***") if self.api_key else text


def without_secrets(url: str) -> str:
    """A URL without the name, password and query that it may have."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _refused(provider: str, key: str, message: str) -> ConfigError:
    if not provider:
        return ConfigError(message)
    return ConfigError(message, plugin=provider, fix=f"localagent providers setup {provider} --set {key}=VALUE")


def settings_schema(base_url: Mapping[str, Any], *, timeout: float, more: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of the settings of a provider that speaks HTTP.

    Args:
        base_url: what is said of ``base_url``; required where it has no default.
        timeout: the default of ``timeout``.
        more: settings of this provider alone.
    """
    return {
        "type": "object",
        "properties": {
            "base_url": {"type": "string", "pattern": "^https?://", **base_url},
            **more,
            "timeout": {
                "type": "number",
                "exclusiveMinimum": 0,
                "default": timeout,
                "description": "Seconds without a byte after which the service is given up",
            },
            "connect_timeout": {
                "type": "number",
                "exclusiveMinimum": 0,
                "default": CONNECT_TIMEOUT,
                "description": "Seconds that connecting may take",
            },
            "connection_pool_size": {
                "type": "integer",
                "minimum": 1,
                "default": POOL_SIZE,
                "description": "Connections at the same time",
            },
            "max_retries": {
                "type": "integer",
                "minimum": 0,
                "default": MAX_RETRIES,
                "description": "How often what failed is tried again, where that may help",
            },
        },
        "required": [] if "default" in base_url else ["base_url"],
        "additionalProperties": False,
    }
