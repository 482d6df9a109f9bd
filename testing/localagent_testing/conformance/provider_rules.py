"""The rules of provider plugins: each asks the provider, made as the host makes it, for answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.plain import is_mapping
from localagent_testing.conformance.asking import ANSWERS, GOODBYE, HELLO, Asked, asked_on
from localagent_testing.conformance.judging import Broken, Unobserved
from localagent_testing.conformance.scene import GRACE
from localagent_testing.conformance.service import service_of
from localagent_testing.conformance.showing import keeps_its_key

if TYPE_CHECKING:
    from localagent.diagnostics.diagnostic import Place
    from localagent_testing.conformance.scene import Scene
    from localagent_testing.conformance.subject import Subject

Check = Callable[[Asked], Coroutine[Any, Any, Iterable[Finding]]]
"""What is found in a provider that is asked."""

STOPPED_WITHIN = 2.0
"""Seconds that a provider may take to let go of a request that nobody waits for any more."""

AT_ONCE = 50
"""Requests that are made at the same time."""

MOMENT = 0.02
"""Seconds after which a request is given up, if it did not end by then."""


async def completes(asked: Asked) -> Iterable[Finding]:
    """A request that gets no answer, or an empty one."""
    response = await asked.complete()
    if not response.text:
        return [Finding("complete() answered with an empty text", asked.place("complete"), _PUT_TEXT)]
    return ()


async def streams_the_same(asked: Asked) -> Iterable[Finding]:
    """A stream whose pieces are not the text of the whole answer."""
    whole = await asked.answer()
    if await asked.answer() != whole:
        raise Unobserved("the answers to one request differ, so a stream cannot be compared with them")
    pieces, where = await asked.pieces(), asked.place("stream_complete")
    wrong = next((piece for piece in pieces if not isinstance(piece, str)), None)
    if wrong is not None:
        return [Finding(f"stream_complete() gave a {type(wrong).__name__}", where, "yield text, piece by piece")]
    streamed = "".join(pieces)
    if streamed != whole:
        message = f"the stream gave {_short(streamed)}, the whole answer is {_short(whole)}"
        return [Finding(message, where, "yield every piece of the answer once, and no other")]
    return ()


async def closes_early(asked: Asked) -> Iterable[Finding]:
    """A stream that cannot be left before its end."""
    await asked.answer()
    before = asyncio.all_tasks()
    await asked.pieces(first=1)
    left = await _still_running(before)
    where = asked.place("stream_complete")
    if left:
        message = f"a stream that was closed after its first piece left {_names(left)}"
        return [Finding(message, where, "end in a finally what stream_complete() began")]
    return await _still_answers(asked, where, "a stream was closed early")


async def stops_when_cancelled(asked: Asked) -> Iterable[Finding]:
    """A request that goes on, or leaves something behind, when its caller gives it up."""
    await asked.answer()
    before, where = asyncio.all_tasks(), asked.place("complete")
    # Not through the guard, which would see to it that its caller is let go.
    task = asyncio.create_task(asked.provider.complete(HELLO), name="complete")
    await asyncio.wait({task}, timeout=MOMENT)
    if task.done():
        raise Unobserved("the provider answers at once, so no request can be given up")
    task.cancel()
    await asyncio.wait({task}, timeout=STOPPED_WITHIN)
    fix = "let asyncio.CancelledError pass, and give back in a finally what complete() holds"
    if not task.done():
        return [Finding(f"complete() went on {STOPPED_WITHIN:g} s after it was cancelled", where, fix)]
    if not task.cancelled():
        return [Finding("complete() did not end as cancelled when it was", where, fix)]
    if left := await _still_running(before):
        return [Finding(f"a request that was cancelled left {_names(left)}", where, fix)]
    return await _still_answers(asked, where, "a request was cancelled")


async def tells_its_health(asked: Asked) -> Iterable[Finding]:
    """A health check that raises, says nothing, or hands out what it keeps."""
    where = asked.place("health_check")
    told = [await asked.call("health", asked.provider.health_check) for _ in range(2)]
    await asked.call("cleanup", asked.provider.cleanup)
    told.append(await asked.call("health", asked.provider.health_check))
    failure = next((each.failure for each in told if each.failure is not None), None)
    if failure is not None:
        message = f"health_check() raised: {failure.message.partition(': ')[2]}"
        return [Finding(message, asked.place_of(failure), 'return {"healthy": False, "error": "…"} instead')]
    first, second, _ = (each.value for each in told)
    if not (is_mapping(first) and isinstance(first.get("healthy"), bool)):
        message = 'health_check() gave no dict with "healthy": True or False'
        return [Finding(message, where, 'return {"healthy": …, …}')]
    if first is second:
        return [Finding("health_check() gave the same dict twice", where, "make a new dict for each call")]
    return ()


async def answers_many(asked: Asked) -> Iterable[Finding]:
    """Answers that fail, or go to somebody else, when there are many requests at once."""
    known = {request.prompt: await asked.answer(request) for request in (HELLO, GOODBYE)}
    requests = [HELLO, GOODBYE] * (AT_ONCE // 2)
    answers = await asyncio.gather(*(asked.complete(request) for request in requests))
    again = {request.prompt: await asked.answer(request) for request in (HELLO, GOODBYE)}
    where, fix = asked.place("complete"), "keep what belongs to one request in local variables of complete()"
    if known != again:
        return ()  # answers that differ by themselves tell nothing
    mixed = [answer for request, answer in zip(requests, answers, strict=True) if answer.text != known[request.prompt]]
    if mixed:
        return [Finding(f"of {AT_ONCE} requests at once, {len(mixed)} got another answer than alone", where, fix)]
    return ()


_SHOWN = 60
"""Characters of a text that a message shows."""

_PUT_TEXT = "put the answer into CompletionResponse(text=…)"


def _asking(check: Check, *, is_first: bool = False) -> Callable[[Subject], Iterable[Finding]]:
    """A check of a provider as one of its plugin; that it can be asked at all is the first one's matter."""

    def find(subject: Subject) -> Iterable[Finding]:
        if subject.life.obstacle is None and subject.life.provider_class is None:
            raise Unobserved("it is no provider plugin")
        with service_of(subject) as told, subject.scene(provider=told) as scene:
            return scene.run(_ask(check, scene, is_first=is_first))

    return find


async def _ask(check: Check, scene: Scene, *, is_first: bool) -> Iterable[Finding]:
    try:
        asked = await asked_on(scene)
    except Broken as broken:
        if is_first:
            return (broken.finding,)
        raise Unobserved(f"the provider does not become ready: see {ANSWERS}") from broken
    try:
        return tuple(await check(asked))
    except Broken as broken:
        return (broken.finding,)


async def _still_answers(asked: Asked, where: Place, after: str) -> Iterable[Finding]:
    outcome = await asked.call("complete", asked.provider.complete, HELLO)
    if outcome.failure is None:
        return ()
    blamed = asked.blamed(outcome.failure)
    if isinstance(blamed, Broken):
        message = f"no answer any more after {after}: {blamed.finding.message}"
        return [Finding(message, where, "release in a finally what one request holds")]
    raise blamed


async def _still_running(before: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """The tasks that began since, without those that end by themselves."""
    left = asyncio.all_tasks() - before
    if left:
        await asyncio.wait(left, timeout=GRACE)
    return {task for task in left if not task.done()}


def _names(tasks: Iterable[asyncio.Task[Any]]) -> str:
    return ", ".join(sorted(f"the task {task.get_name()!r}" for task in tasks))


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


CHECKS: dict[str, Rule[Subject]] = {
    "completes": Rule(
        "LA620",
        "The provider answers a request",
        _asking(completes, is_first=True),
        tier=Tier.SILVER,
        explanation="complete() gives a CompletionResponse with a text, or raises an error that says why it cannot.",
        bad="async def complete(self, request):\n    return await self.ask(request.prompt)  # a plain text",
        good="async def complete(self, request):\n    return CompletionResponse(await self.ask(request.prompt))",
    ),
    "streams-the-same": Rule(
        "LA621",
        "The pieces of a stream are the text of the whole answer",
        _asking(streams_the_same),
        tier=Tier.SILVER,
        explanation="Whoever switches streaming on or off gets the same answer. Judged where answers do not vary.",
        bad="async for line in answer.lines():\n    yield line.strip()  # blanks and line ends are lost",
        good="async for piece in answer.pieces():\n    yield piece",
    ),
    "closes-early": Rule(
        "LA622",
        "A stream can be left before its end",
        _asking(closes_early),
        tier=Tier.GOLD,
        explanation="A reader who has enough closes the stream. What it held is given back, and others go on.",
        bad="task = asyncio.create_task(self.read(queue))\nwhile True:\n    yield await queue.get()",
        good="task = asyncio.create_task(self.read(queue))\ntry:\n    while True:\n        yield await queue.get()\n"
        "finally:\n    task.cancel()",
    ),
    "stops-when-cancelled": Rule(
        "LA623",
        "A request that nobody waits for any more ends",
        _asking(stops_when_cancelled),
        tier=Tier.GOLD,
        explanation="Ctrl-C and time limits cancel a request. It ends as cancelled, and gives back what it held.",
        bad="except BaseException:\n    return CompletionResponse('')",
        good="except OSError as error:\n    raise ConnectionFailed(str(error)) from error",
    ),
    "tells-its-health": Rule(
        "LA624",
        "The health check always answers",
        _asking(tells_its_health),
        tier=Tier.SILVER,
        explanation=(
            "A health check is asked when something is wrong, so it never raises, not even after cleanup; it gives a "
            'new dict with "healthy" each time.'
        ),
        bad="async def health_check(self):\n    return {'healthy': (await self.client.get('/')).is_success}",
        good="async def health_check(self):\n    try:\n        …\n    except OSError as error:\n"
        "        return {'healthy': False, 'error': str(error)}",
    ),
    "keeps-its-key": Rule(
        "LA625",
        "No secret of the settings shows",
        keeps_its_key,
        tier=Tier.SILVER,
        explanation="Answers, errors, logs, health checks and repr() are pasted into tickets. A key in them is lost.",
        bad='raise AuthenticationFailed(f"the key {self.config["api_key"]} was refused")',
        good='raise AuthenticationFailed("the key in the setting api_key was refused")',
    ),
    "answers-many": Rule(
        "LA626",
        f"{AT_ONCE} requests at once are answered as one is",
        _asking(answers_many),
        tier=Tier.PLATINUM,
        explanation="Workflows ask side by side. What one request needs must not be kept where the next changes it.",
        bad="self.prompt = request.prompt\nawait self.connect()\nreturn await self.ask(self.prompt)",
        good="await self.connect()\nreturn await self.ask(request.prompt)",
    ),
}
"""The rules by the word that follows the id in a test's name."""
