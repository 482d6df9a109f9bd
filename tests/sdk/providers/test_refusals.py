"""What services say when they give no answer, as they really write it."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.errors import BadResponse, ContextTooLong, ProviderError, ProviderTimeout
from localagent.providers.refusals import refusal_of, seconds_of
from localagent.providers.service_settings import ServiceSettings

SERVICE = ServiceSettings("house", "http://127.0.0.1:1/v1", "sk-canary-4711")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "message", "detail", "code"]), inner),
)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "maximum context length is 4096 tokens", "code": "context_length_exceeded"}},
        {"error": {"code": 400, "message": "request (9 tokens) exceeds …", "type": "exceed_context_size_error"}},
        {"object": "error", "message": "This model's maximum context length is 512 tokens.", "code": 400},
        {"error": "Trying to keep the first 9 tokens when context the overflows: context length of only 8 tokens"},
        {"detail": [{"msg": "The prompt is too long"}]},
    ],
    ids=["OpenAI", "llama.cpp", "vLLM", "LM Studio", "FastAPI"],
)
def test_a_prompt_that_is_too_long_is_known_by_many_words(body: dict[str, Any]) -> None:
    for status in (400, 422, 500):
        refusal = refusal_of(status, {}, json.dumps(body).encode(), SERVICE)
        assert isinstance(refusal.error, ContextTooLong)
        assert not refusal.may_repeat


def test_a_service_that_gave_up_waiting_for_the_request_is_a_time_out() -> None:
    assert isinstance(refusal_of(408, {}, b"", SERVICE).error, ProviderTimeout)


def test_a_service_that_points_nowhere_is_told() -> None:
    assert refusal_of(304, {}, b"", SERVICE).error.message.endswith("status 304 and points to nowhere")


@given(st.integers(300, 599), st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_a_service_says_becomes_a_short_error_without_the_key(status: int, body: bytes) -> None:
    refusal = refusal_of(status, {"retry-after": "?"}, body, SERVICE)
    assert isinstance(refusal.error, ProviderError)
    assert len(refusal.error.message) < 450
    assert refusal.error.provider == "house"


def test_a_service_that_nests_its_errors_is_listened_to_for_a_while() -> None:
    body = b'{"error":' * 500 + b'"deep"' + b"}" * 500
    refusal = refusal_of(400, {}, body, SERVICE)
    assert isinstance(refusal.error, BadResponse)
    assert "deep" not in refusal.error.message


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0.0), ("12", 12.0), (" 1.5 ", 1.5), ("", None), ("soon", None), ("-1", None), ("inf", None), ("²", None)],
)
def test_the_seconds_that_a_service_wants(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_a_service_may_name_the_time_instead() -> None:
    later = seconds_of(formatdate(time.time() + 1000, usegmt=True))
    assert later is not None
    assert 900 < later <= 1000
    assert seconds_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert seconds_of("Wed, 21 Oct 99999 07:28:00 GMT") is None
