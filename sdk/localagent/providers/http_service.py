"""A service that is asked by HTTP over a pool of connections; importing this imports httpx2 and stamina."""

from __future__ import annotations

import asyncio
import json
import os
import random
import ssl
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
import stamina

from localagent.errors import BadResponse, ConfigError, ConnectionFailed, ProviderError, ProviderTimeout
from localagent.providers.lines import PendingLine, TooLong
from localagent.providers.refusals import refusal_of
from localagent.providers.sse import CONTENT_TYPE, PendingEvent
from localagent.services.retries import log_retries
from localagent.version import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator

    from localagent.providers.service_settings import ServiceSettings

LONGEST_ANSWER = 64_000_000
"""Bytes of an answer that comes in one piece."""
LONGEST_EVENT = 8_000_000
"""Bytes of one event, or line, of an answer that comes in pieces."""
LONGEST_WAIT = 30.0
"""Seconds that a service may ask us to wait; where it wants more, that is told instead."""
_LONGEST_REFUSAL = 64_000
_FIRST_WAIT = 0.2
_JITTER = 0.3
_ENDING = 0.1
_NOT_DONE = (httpx2.NetworkError, httpx2.ConnectTimeout, httpx2.ProxyError, httpx2.RemoteProtocolError)
"""What ends a request before any answer so that it may be repeated: a completion changes nothing."""


class HttpService:
    """A service and the connections to it, which belong to the event loop that runs when it is made.

    Args:
        settings: where it is and how patient to be.
        headers: sent with each request.

    Attributes:
        settings: as given.
        session: the client; what it raises is httpx2's.

    Raises:
        ConfigError: the address is no URL.
    """

    def __init__(self, settings: ServiceSettings, headers: dict[str, str]) -> None:
        self.settings = settings
        self._transport = _CountedTransport(
            # A context costs a tenth of a second to fill; this one trusts nobody.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if settings.base_url.startswith("http:") else True,
            limits=httpx2.Limits(
                max_connections=settings.connection_pool_size, max_keepalive_connections=settings.connection_pool_size
            ),
            proxy=_proxy_of(settings.base_url),
        )
        try:
            self.session = httpx2.AsyncClient(
                base_url=settings.base_url,
                headers={"User-Agent": f"LocalAgent/{__version__}", **headers},
                # Who waits for a connection waits for requests of our own.
                timeout=httpx2.Timeout(settings.timeout, connect=settings.connect_timeout, pool=None),
                transport=self._transport,
                # Else a .netrc decides about the key.
                trust_env=False,
            )
        except httpx2.InvalidURL as error:
            raise ConfigError(f"'base_url' is no URL: {error}", plugin=settings.provider or None) from error

    @property
    def open_connections(self) -> int:
        """The connections that are there, in use or kept for the next request."""
        return self._transport.open_connections

    async def close(self) -> None:
        """Close all connections; more than once does no harm."""
        await self.session.aclose()

    async def json(self, method: str, path: str, data: Any = None, *, may_repeat: bool = True) -> Any:
        """The JSON value that the service answers with.

        Raises:
            ProviderError: there is none, and why.
        """
        async with self._answer(method, path, data, may_repeat=may_repeat) as response:
            body = await self._read(response, LONGEST_ANSWER)
        if len(body) > LONGEST_ANSWER:
            raise self._bad(f"{self.settings.url} gives more than {LONGEST_ANSWER} bytes")
        return self._parsed(body)

    async def lines(self, path: str, data: Any) -> AsyncGenerator[bytes]:
        """The lines that answer a POST as they come, without line ends and empty ones; close it to stop early.

        Raises:
            ProviderError: there is no answer, or it broke off.
        """
        async with self._answer("POST", path, data) as response, aclosing(self._lines_of(response)) as lines:
            async for line in lines:
                if line:
                    yield line

    async def events(self, path: str, data: Any, *, last: str | None = None) -> AsyncGenerator[str]:
        """The data of the server-sent events that answer a POST, as they come; close it to stop early.

        A service that gives JSON instead gives one event.

        Args:
            path: below the address.
            data: sent as JSON.
            last: the event after which there is nothing to wait for.

        Raises:
            ProviderError: there is no answer, or it broke off.
        """
        async with self._answer("POST", path, data) as response:
            kind = _content_type(response)
            if kind == "application/json":
                yield (await self._read(response, LONGEST_EVENT)).decode(errors="replace")
                return
            if kind != CONTENT_TYPE:
                raise self._bad(f"{self.settings.url} gives '{kind}' where {CONTENT_TYPE} was expected")
            with self._told():
                async with aclosing(self._lines_of(response)) as lines:
                    pending = PendingEvent(LONGEST_EVENT)
                    async for line in lines:
                        event = pending.add(line)
                        if event is None:
                            continue
                        yield event
                        if event == last:
                            await _end_of(lines)

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, data: Any, *, may_repeat: bool = True
    ) -> AsyncGenerator[httpx2.Response]:
        """A response that begins well; its connection is free or closed afterwards, however that comes."""
        response = await self._ask(method, path, data, self.settings.max_retries if may_repeat else 0)
        try:
            yield response
        finally:
            await response.aclose()

    async def _ask(self, method: str, path: str, data: Any, retries: int) -> httpx2.Response:
        log_retries()
        try:
            async for attempt in stamina.retry_context(
                on=_pause_after, attempts=retries + 1, timeout=None, wait_initial=_FIRST_WAIT, wait_jitter=_JITTER
            ):
                with attempt:
                    return await self._ask_once(method, path, data)
        except _Again as failed:
            raise failed.error from failed.__cause__
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover - as it says

    async def _ask_once(self, method: str, path: str, data: Any) -> httpx2.Response:
        request = self.session.build_request(method, path, json=data)
        try:
            response = await self.session.send(request, stream=True)
        except httpx2.HTTPError as error:
            failure = self._failure(error)
            raise _Again(failure) if isinstance(error, _NOT_DONE) else failure from error
        if response.is_success:
            return response
        try:
            body = await self._read(response, _LONGEST_REFUSAL)
        finally:
            await response.aclose()
        refusal = refusal_of(response.status_code, response.headers, body, self.settings)
        is_soon = refusal.after is None or refusal.after <= LONGEST_WAIT
        raise _Again(refusal.error, refusal.after) if refusal.may_repeat and is_soon else refusal.error

    async def _lines_of(self, response: httpx2.Response) -> AsyncGenerator[bytes]:
        pending = PendingLine(LONGEST_EVENT)
        with self._told():
            async with aclosing(response.aiter_bytes()) as pieces:
                async for piece in pieces:
                    for line in pending.add(piece):
                        yield line
            yield pending.rest()

    async def _read(self, response: httpx2.Response, longest: int) -> bytes:
        """The body of a response, or what comes of it until it is too long."""
        body = bytearray()
        with self._told():
            async with aclosing(response.aiter_bytes()) as pieces:
                async for piece in pieces:
                    body += piece
                    if len(body) > longest:
                        break
        return bytes(body)

    @contextmanager
    def _told(self) -> Generator[None]:
        """What goes wrong while an answer comes, as errors of providers."""
        try:
            yield
        except httpx2.HTTPError as error:
            raise self._failure(error) from error
        except TooLong as error:
            raise self._bad(f"{self.settings.url} gives a piece of more than {LONGEST_EVENT} bytes") from error

    def _parsed(self, body: bytes) -> Any:
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self._bad(f"{self.settings.url} gives no JSON: {error}") from error

    def _failure(self, error: httpx2.HTTPError) -> ProviderError:
        """What an error of httpx2 means to who asked."""
        provider, url = self.settings.provider, self.settings.url
        if isinstance(error, httpx2.ConnectTimeout):
            patience = f"{self.settings.connect_timeout:g} s"
            return ConnectionFailed(
                f"{url} cannot be reached within {patience}", provider=provider, setting="base_url", url=url
            )
        if isinstance(error, httpx2.TimeoutException):
            patience = f"{self.settings.timeout:g} s"
            return ProviderTimeout(f"{url} sends nothing for {patience}", provider=provider, setting="timeout")
        if isinstance(error, httpx2.ConnectError | httpx2.ProxyError | httpx2.UnsupportedProtocol):
            return ConnectionFailed(
                f"{url} cannot be reached: {_reason_of(error)}", provider=provider, setting="base_url", url=url
            )
        if isinstance(error, httpx2.NetworkError | httpx2.RemoteProtocolError):
            broken = f"{url} breaks the connection: {_reason_of(error)}"
            return ConnectionFailed(broken, provider=provider, setting="base_url", url=url)
        return self._bad(f"{url} cannot be understood: {self.settings.hide(str(error))}")

    def _bad(self, message: str) -> BadResponse:
        return BadResponse(message, provider=self.settings.provider, setting="base_url")


class _CountedTransport(httpx2.AsyncHTTPTransport):
    """A transport that tells how many connections it has."""

    @property
    def open_connections(self) -> int:
        # httpx2 has no word for it, but the pool it stands on has.
        return len(self._pool.connections)


class _Again(Exception):
    """A failure after which the request may be repeated.

    Attributes:
        error: what to raise where it is not.
        after: seconds after which the service wants to be asked again; None where it does not say.
    """

    def __init__(self, error: ProviderError, after: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after


def _pause_after(error: Exception) -> bool | float:
    """Whether to try again after an error, or the seconds to wait before."""
    if not isinstance(error, _Again):
        return False
    if error.after is None:
        return True
    return error.after + random.uniform(0, _JITTER)  # noqa: S311 - only so that not all come back at once


async def _end_of(lines: AsyncIterator[bytes]) -> None:
    """Give a service that said its last word the time to end its answer: then the connection can be kept."""
    with suppress(TimeoutError, ProviderError):
        async with asyncio.timeout(_ENDING):
            async for _ in lines:
                pass


def _content_type(response: httpx2.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _reason_of(error: BaseException) -> str:
    """The operating system's own words, where it has any; httpx2's are about attempts."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionError) and cause.errno:
            return os.strerror(cause.errno)
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__


def _proxy_of(base_url: str) -> str | None:
    """The proxy that the environment names for a service; none for one on this machine."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if _is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
