"""What an HTTP service says when it gives no answer, as errors of providers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from localagent.errors import (
    AuthenticationFailed,
    BadResponse,
    ConnectionFailed,
    ContextTooLong,
    ProviderError,
    ProviderTimeout,
    RateLimited,
)
from localagent.manifest.plain import is_list, is_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localagent.providers.service_settings import ServiceSettings

_LONGEST_QUOTE = 300
_NOT_THERE = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
_TOO_LONG = (
    "context_length",
    "context length",
    "context size",
    "context_size",
    "context window",
    "prompt is too long",
    "too many tokens",
)
"""Words of OpenAI, vLLM, llama.cpp's server, llama-cpp-python and LM Studio."""
_NO_MORE_MONEY = "insufficient_quota"
"""What OpenAI says where waiting does not help."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a service gave no answer.

    Attributes:
        error: what to raise.
        may_repeat: whether asking again may help, and does no harm.
        after: seconds after which the service wants to be asked again; None where it does not say.
    """

    error: ProviderError
    may_repeat: bool = False
    after: float | None = None


def refusal_of(status: int, headers: Mapping[str, str], body: bytes, service: ServiceSettings) -> Refusal:
    """What a response means whose status is none of success.

    Args:
        status: the status.
        headers: by their names in lower case.
        body: what came, or the beginning of it.
        service: who was asked.
    """
    told = _what_it_says(body)
    said = f"{service.url} answers with status {status}" + (f": {service.hide(told)}" if told else "")
    provider, after = service.provider, seconds_of(headers.get("retry-after", ""))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        wish = "refuses the key" if service.api_key else "wants a key"
        return Refusal(AuthenticationFailed(f"the service {wish}; {said}", provider=provider, setting="api_key"))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        limited = RateLimited(
            f"the service wants fewer requests; {said}", provider=provider, setting="max_retries", retry_after=after
        )
        return Refusal(limited, may_repeat=_NO_MORE_MONEY not in told, after=after)
    if status == HTTPStatus.REQUEST_TIMEOUT:
        return Refusal(ProviderTimeout(said, provider=provider, setting="timeout"))
    if status in _NOT_THERE:
        away = ConnectionFailed(said, provider=provider, setting="base_url", url=service.url)
        return Refusal(away, may_repeat=True, after=after)
    if says_too_long(told) or status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Refusal(too_long(said, service))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refusal(BadResponse(said, provider=provider), may_repeat=True, after=after)
    if status == HTTPStatus.NOT_FOUND:
        setting = "model" if "model" in told.lower() else "base_url"
        return Refusal(BadResponse(said, provider=provider, setting=setting))
    if status < HTTPStatus.BAD_REQUEST:
        said += f" and points to {service.hide(headers.get('location', 'nowhere'))}"
        return Refusal(BadResponse(said, provider=provider, setting="base_url"))
    return Refusal(BadResponse(said, provider=provider))


def told_error(told: Any, service: ServiceSettings) -> ProviderError:
    """The error that a service tells of in the midst of an answer.

    Args:
        told: what stands under ``error``.
        service: who was asked.
    """
    text = service.hide(_words_of(told)[:_LONGEST_QUOTE])
    said = f"{service.url} tells of an error" + (f": {text}" if text else "")
    return too_long(said, service) if says_too_long(text) else BadResponse(said, provider=service.provider)


def too_long(message: str, service: ServiceSettings) -> ContextTooLong:
    """More was sent than the model can read."""
    return ContextTooLong(
        message, provider=service.provider, setting="model", fix="send less, or choose a model that reads more"
    )


def says_too_long(text: str) -> bool:
    """Whether a service complains of the length of what was sent."""
    return any(words in text.lower() for words in _TOO_LONG)


def seconds_of(retry_after: str) -> float | None:
    """The seconds from now that a header ``Retry-After`` means (RFC 9110, 10.2.3); None where it is none."""
    text = retry_after.strip()
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, OverflowError):
        return None


def _what_it_says(body: bytes) -> str:
    """The service's own words, from JSON of any of the usual shapes, else the beginning of its text."""
    text = body.decode(errors="replace").strip()
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        told = text
    return " ".join(_words_of(told).split())[:_LONGEST_QUOTE]


def _words_of(told: Any, levels: int = 4) -> str:
    if not levels:
        return ""
    if is_mapping(told):
        inner = next((told[key] for key in ("error", "message", "detail", "msg") if told.get(key)), None)
        code = next((told[key] for key in ("code", "type") if isinstance(told.get(key), str)), "")
        words = _words_of(inner, levels - 1)
        return f"{words} ({code})" if code and code not in words else words
    if is_list(told):
        return "; ".join(_words_of(each, levels - 1) for each in told)
    return "" if told is None else str(told)
