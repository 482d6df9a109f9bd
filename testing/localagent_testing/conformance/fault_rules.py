"""The rules of providers whose service answers badly: what is no answer is told as one of the host's errors."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.errors import ConfigError, ProviderError
from localagent.plugins.provider import CompletionResponse
from localagent.providers.instances import outermost
from localagent_testing.conformance.asking import HELLO, Asked, asked_on
from localagent_testing.conformance.bad_service import STAND_IN, answer, answering, moved, pieces
from localagent_testing.conformance.judging import Broken, Unobserved
from localagent_testing.conformance.service import address_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from localagent.errors import PluginFailed
    from localagent_testing.conformance.scene import Scene
    from localagent_testing.conformance.subject import Subject

    Check = Callable[[Asked, str], Coroutine[Any, Any, Finding | None]]

_PAGE = b"<html><body>Back soon</body></html>"
MALFORMED: Mapping[str, bytes] = {
    "a page instead of an answer": answer(_PAGE, kind="text/html"),
    "JSON of another shape": answer(b'{"unexpected": []}'),
    "a list instead of an object": answer(b"[]"),
    "an empty body": answer(b""),
    "the error page of a gateway": answer(_PAGE, status="502 Bad Gateway", kind="text/html"),
}
"""What services say when they are not themselves."""

CUT: Mapping[str, bytes] = {
    "a body that breaks off": answer(b'{"choices": [{"message": {"content": "Hel', length=4096),
    "a stream that breaks off": pieces(b'data: {"choices": [{"index": 0, "delta": {"content": "Hel'),
    "no body at all": answer(b"", length=4096),
}
"""Answers that end before their end."""

_FIX = "turn what reading the answer may raise into a BadResponse or another ProviderError"


async def refuses_the_malformed(asked: Asked, what: str) -> Finding | None:
    """What becomes of an answer that is none."""
    outcome = await asked.call("complete", asked.provider.complete, HELLO)
    if outcome.failure is not None:
        return _told(asked, outcome.failure, what)
    if isinstance(outcome.value, CompletionResponse) and not outcome.value.text:
        return Finding(f"complete() took {what} for an empty answer", asked.place("complete"), _FIX)
    return None


async def notices_the_end(asked: Asked, what: str) -> Finding | None:
    """What becomes of an answer that breaks off, whole or streamed."""
    outcome = await asked.call("complete", asked.provider.complete, HELLO)
    if outcome.failure is None:
        return Finding(f"complete() took {what} for a whole answer", asked.place("complete"), _FIX)
    told = _told(asked, outcome.failure, what)
    if told is not None:
        return told
    try:
        await asked.pieces()
    except Broken as broken:
        return dataclasses.replace(broken.finding, message=f"given {what}, {broken.finding.message}", fix=_FIX)
    except Unobserved:
        return None  # one of the host's errors
    return Finding(f"stream_complete() took {what} for a whole answer", asked.place("stream_complete"), _FIX)


def _told(asked: Asked, failure: PluginFailed, what: str) -> Finding | None:
    """A failure in other words than the host's."""
    if not isinstance(outermost(failure, failure.plugin or ""), ProviderError | ConfigError):
        return Finding(f"given {what}, {failure.message}", asked.place_of(failure), _FIX)
    return None


def _given(answers: Mapping[str, bytes], check: Check) -> Callable[[Subject], Iterable[Finding]]:
    """A check of a provider whose service gives each of the answers in turn; the first finding is enough."""

    def find(subject: Subject) -> Iterable[Finding]:
        setting, address = address_of(subject)
        subject.stand_ins.add(STAND_IN)
        for what, reply in answers.items():
            with answering(reply) as place, subject.scene(provider={setting: moved(address, place)}) as scene:
                found = scene.run(_try(check, scene, what))
            if found is not None:
                return (found,)
        return ()

    return find


async def _try(check: Check, scene: Scene, what: str) -> Finding | None:
    try:
        asked = await asked_on(scene)
    except Broken as broken:
        return dataclasses.replace(broken.finding, message=f"given {what}, {broken.finding.message}")
    return await check(asked, what)


CHECKS: dict[str, Rule[Subject]] = {
    "refuses-the-malformed": Rule(
        "LA627",
        "An answer that is none is told as a ProviderError",
        _given(MALFORMED, refuses_the_malformed),
        tier=Tier.GOLD,
        explanation=(
            "Gateways answer with pages, and services change. Whoever asked is told by a ProviderError, which lets the "
            "host ask another provider; a KeyError looks like a mistake in the plugin, an empty text like an answer."
        ),
        bad='return CompletionResponse(answer["choices"][0]["message"]["content"])',
        good='try:\n    text = answer["choices"][0]["message"]["content"]\n'
        'except (KeyError, IndexError) as error:\n    raise BadResponse("the answer has no text") from error',
    ),
    "notices-the-end": Rule(
        "LA628",
        "An answer that breaks off does not count as whole",
        _given(CUT, notices_the_end),
        tier=Tier.GOLD,
        explanation="Half an answer that looks like a whole one is worse than none; connections break at any point.",
        bad="except OSError:\n    return  # what came so far has been given",
        good="except OSError as error:\n    raise ConnectionFailed(str(error)) from error",
    ),
}
"""The rules by the word that follows the id in a test's name."""
