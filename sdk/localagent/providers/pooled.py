"""A provider that speaks HTTP, with a pool of connections of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from localagent.errors import ProviderError, StreamCut
from localagent.plugins.provider import BaseProvider
from localagent.providers.service_settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    import httpx2

    from localagent.providers.http_service import HttpService


class PooledProvider(BaseProvider):
    """Asks an HTTP service over connections that are kept, within time limits, again where that may help.

    Settings it knows, none of them required: ``base_url``, ``api_key`` (sent as a bearer token), ``timeout`` (seconds
    without a byte, 30), ``connect_timeout`` (seconds, 5), ``connection_pool_size`` (10), ``max_retries`` (2).

    What it raises is a `ProviderError` that names provider and setting, never the key. A request is repeated only if
    no connection came about, the service wants fewer requests (after the time it asks for, if that is no longer than
    30 seconds), or failed before it began to answer.

    Attributes:
        name: what messages call the provider; the host says it where a subclass does not.
        service: what the settings say of the service.
        connection_pool_size: connections at the same time; who needs one more waits.
        timeout: seconds.
    """

    name: ClassVar[str] = ""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        self.service = ServiceSettings.of(self.name, config)
        self._opened: HttpService | None = None
        self.connection_pool_size: int = self.service.connection_pool_size
        self.timeout: float = self.service.timeout

    async def initialize(self, config: dict[str, Any]) -> bool:
        """Make the pool; nothing is sent yet."""
        from localagent.providers.http_service import HttpService

        self._opened = HttpService(self.service, self.headers())
        return True

    async def cleanup(self) -> None:
        """Close all connections; more than once does no harm."""
        if self._opened is not None:
            await self._opened.close()

    async def health_check(self) -> dict[str, Any]:
        """What the base class says, and `pool_facts`."""
        return {**await super().health_check(), **self.pool_facts()}

    def headers(self) -> dict[str, str]:
        """The headers of each request; by default the key as a bearer token."""
        return {"Authorization": f"Bearer {self.service.api_key}"} if self.service.api_key else {}

    def pool_facts(self) -> dict[str, Any]:
        """``{"open_connections": int, "pool_size": int, "closed": bool}``."""
        service = self._opened
        return {
            "open_connections": service.open_connections if service is not None else 0,
            "pool_size": self.connection_pool_size,
            "closed": service is None or service.session.is_closed,
        }

    @property
    def session(self) -> httpx2.AsyncClient:
        """The client, for other requests to the same service; it repeats none, and what it raises is httpx2's.

        Raises:
            ProviderError: the provider was not initialised.
        """
        return self._http.session

    async def get_json(self, path: str, *, may_repeat: bool = True) -> Any:
        """The JSON value at a path below ``base_url``, or at a whole URL where the settings have none.

        Raises:
            ProviderError: there is none, and why.
        """
        return await self._http.json("GET", path, may_repeat=may_repeat)

    async def post_json(self, path: str, data: Any) -> Any:
        """The JSON value that answers `data`, which is sent as JSON.

        Raises:
            ProviderError: there is none, and why.
        """
        return await self._http.json("POST", path, data)

    def post_for_events(self, path: str, data: Any, *, last: str | None = None) -> AsyncGenerator[str]:
        """The data of each server-sent event that answers `data`; `contextlib.aclosing` ends it in time.

        Args:
            path: below ``base_url``.
            data: sent as JSON.
            last: the event after which there is nothing to wait for, such as ``[DONE]``.

        Raises:
            ProviderError: there is no answer, or it broke off.
        """
        return self._http.events(path, data, last=last)

    def post_for_lines(self, path: str, data: Any) -> AsyncGenerator[bytes]:
        """Each line that answers `data`, without its end and without empty ones; else as `post_for_events`."""
        return self._http.lines(path, data)

    def cut(self, error: ProviderError, partial: str) -> ProviderError:
        """The error of an answer that broke off: `error` itself where no text came before.

        Args:
            error: what happened.
            partial: the text that came.
        """
        if not partial or isinstance(error, StreamCut):
            return error
        return StreamCut(
            f"the answer broke off: {error.message}", provider=self.service.provider, partial=partial, fix=error.fix
        )

    @property
    def _http(self) -> HttpService:
        if self._opened is None or self._opened.session.is_closed:
            when = "was not initialised" if self._opened is None else "was cleaned up"
            raise ProviderError(f"the provider {when}", provider=self.service.provider)
        return self._opened
