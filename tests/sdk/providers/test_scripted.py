"""The provider that answers from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent.errors import BadResponse, ConfigError, ConnectionFailed, ManifestError, RateLimited
from localagent.plugins.provider import CompletionRequest, StreamChunk
from localagent.providers.scripted import ScriptedProvider, read_script

SCRIPT = """
answers:
  - the first
  - {match: weather, text: it rains}
  - {text: the second, finish_reason: length}
  - {match: broken, text: half, fail: connection}
"""


async def scripted(file: Path, text: str = SCRIPT, **settings: object) -> ScriptedProvider:
    file.write_text(text)
    config = {"file": str(file), "piece": 4, "delay": 0} | settings
    provider = ScriptedProvider(config)
    assert await provider.initialize(config)
    return provider


@pytest.mark.asyncio
async def test_answers_come_in_turn_and_begin_again(tmp_path: Path) -> None:
    provider = await scripted(tmp_path / "script.yaml")
    texts = [(await provider.complete(CompletionRequest("go on"))).text for _ in range(3)]
    assert texts == ["the first", "the second", "the first"]


@pytest.mark.asyncio
async def test_an_answer_with_a_match_serves_wherever_it_occurs(tmp_path: Path) -> None:
    provider = await scripted(tmp_path / "script.yaml")
    asked = CompletionRequest(
        messages=({"role": "system", "content": "x"}, {"role": "user", "content": "the weather?"})
    )
    assert (await provider.complete(asked)).text == "it rains"
    assert (await provider.complete(CompletionRequest("go on"))).text == "the first"


@pytest.mark.asyncio
async def test_the_model_says_that_it_is_a_script(tmp_path: Path) -> None:
    response = await (await scripted(tmp_path / "script.yaml")).complete(CompletionRequest("go on"))
    assert (response.model, response.raw) == ("scripted:script.yaml", {"scripted": True})


@pytest.mark.asyncio
async def test_a_stream_gives_pieces_and_then_the_response(tmp_path: Path) -> None:
    provider = await scripted(tmp_path / "script.yaml")
    pieces = [piece async for piece in provider.stream_complete(CompletionRequest("weather"))]
    assert pieces == ["it r", "ains", ""]
    last = pieces[-1]
    assert isinstance(last, StreamChunk)
    assert last.response is not None
    assert last.response.text == "it rains"


@pytest.mark.asyncio
async def test_an_answer_fails_after_its_text(tmp_path: Path) -> None:
    provider = await scripted(tmp_path / "script.yaml")
    told: list[str] = []
    with pytest.raises(ConnectionFailed):
        told.extend([piece async for piece in provider.stream_complete(CompletionRequest("broken"))])
    with pytest.raises(ConnectionFailed):
        await provider.complete(CompletionRequest("broken"))


@pytest.mark.asyncio
async def test_a_limited_rate_says_when_to_come_back(tmp_path: Path) -> None:
    provider = await scripted(tmp_path / "script.json", '{"answers": [{"fail": "rate-limit"}]}')
    with pytest.raises(RateLimited) as caught:
        await provider.complete(CompletionRequest("go on"))
    assert caught.value.retry_after == 1.0


@pytest.mark.asyncio
async def test_a_prompt_that_nothing_matches_has_no_answer(tmp_path: Path) -> None:
    provider = await scripted(tmp_path / "script.yaml", "answers: [{match: a, text: b}]")
    with pytest.raises(BadResponse, match="no answer to this prompt"):
        await provider.complete(CompletionRequest("xyz"))


@pytest.mark.asyncio
async def test_a_text_file_is_one_answer(tmp_path: Path) -> None:
    provider = await scripted(tmp_path / "script.txt", "one\ntwo\n")
    assert (await provider.complete(CompletionRequest("go on"))).text == "one\ntwo"
    assert await provider.health_check() == {"healthy": True, "scripted": True, "answers": 1}
    assert await provider.count_available_models() == 1


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("answers: []", 1, "at least one"),
        ("replies: [a]", 1, "at least one"),
        ("answers:\n  - 7\n", 2, "an answer is a text or a mapping"),
        ("answers:\n  - text: a\n    fail: boredom\n", 3, "'boredom' is not one of"),
        ("answers:\n  - txet: a\n", 2, "txet"),
    ],
)
def test_what_is_no_script_is_told_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    file = tmp_path / "script.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_script(file)
    assert (caught.value.file, caught.value.line) == (file, line)
    assert message in caught.value.message


def test_a_script_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        read_script(tmp_path / "absent.yaml")
    (tmp_path / "broken.yaml").write_text("answers: [\n")
    with pytest.raises(ManifestError):
        read_script(tmp_path / "broken.yaml")
    (tmp_path / "latin.txt").write_bytes(b"tea \xe9")
    with pytest.raises(ConfigError, match="not UTF-8 at byte 4"):
        read_script(tmp_path / "latin.txt")
