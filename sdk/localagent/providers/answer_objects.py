"""The JSON objects of which a service's answer consists, checked for being such."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localagent.errors import BadResponse
from localagent.manifest.plain import is_mapping
from localagent.providers.refusals import told_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localagent.providers.service_settings import ServiceSettings


def read_object(text: str | bytes, service: ServiceSettings) -> Mapping[str, Any]:
    """The object that a piece of an answer holds.

    Raises:
        BadResponse: it is none.
        ProviderError: it tells of an error instead.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise bad_answer(f"a piece of the answer is no JSON: {error}", service) from error
    return checked_object(told, service)


def checked_object(told: Any, service: ServiceSettings) -> Mapping[str, Any]:
    """What a service told, if it is an object that tells of no error.

    Raises:
        BadResponse: it is no object.
        ProviderError: it tells of an error.
    """
    if not is_mapping(told):
        raise bad_answer(f"it answers with a JSON {type(told).__name__} where an object was expected", service)
    if told.get("error"):
        raise told_error(told["error"], service)
    return told


def bad_answer(message: str, service: ServiceSettings) -> BadResponse:
    """The error for an answer that nobody can make sense of; the setting that decides about it is the address."""
    return BadResponse(f"{service.url}: {message}", provider=service.provider, setting="base_url")
