"""Which provider answers, how often one is made, and what becomes of it."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localagent.errors import (
    BadResponse,
    ConfigError,
    ConnectionFailed,
    PluginFailed,
    PluginNotAvailable,
    StreamCut,
    WrongLoop,
)
from localagent.host.host import Host
from localagent.host.manager import PluginManager
from localagent.host.situation import HostOptions
from localagent.plugins.provider import CompletionRequest, StreamChunk
from localagent.providers.manager import ProviderManager
from plain import MakePlugin

ODD = """
import asyncio
from localagent import BaseProvider, CompletionResponse, ProviderPlugin

made, cleaned = [], []

class OddProvider(BaseProvider):
    async def initialize(self, config):
        made.append(config)
        await asyncio.sleep(0.01)
        return config.get("ready", True)

    async def complete(self, request):
        if request.prompt == "none":
            return None
        if request.prompt == "raise":
            raise ValueError("it is odd")
        if request.prompt == "refused":
            await asyncio.open_connection("127.0.0.1", 1)
        return CompletionResponse("hm", model=str(request.model))

    async def stream_complete(self, request):
        if request.prompt == "endless":
            while True:
                yield ""
        if request.prompt == "wait":
            try:
                yield "a"
                await asyncio.sleep(60)
            finally:
                cleaned.append("stream")
        yield "one "
        if request.prompt == "junk":
            yield 7
        if request.prompt == "raise":
            raise ValueError("it is odd")
        yield "two"

    async def health_check(self):
        if self.config.get("slow"):
            await asyncio.sleep(60)
        return {"healthy": True}

    async def cleanup(self):
        cleaned.append("provider")
        if self.config.get("stubborn"):
            raise RuntimeError("I stay")

class OddPlugin(ProviderPlugin):
    name = "odd"
    made, cleaned = made, cleaned

    def get_provider_class(self):
        return OddProvider

    def get_provider_config_schema(self):
        return {"type": "object", "properties": {"size": {"type": "integer"}, "api_key": {"type": "string"}}}

    async def cleanup(self):
        cleaned.append("plugin")
        raise RuntimeError("I stay, too")
"""
SCRIPT = """
answers:
  - scripted answer
  - {match: down, fail: connection}
  - {match: half, text: half of it, fail: connection}
"""


class Odd:
    """A host with the plugin above enabled and a script in the settings of ``scripted``."""

    def __init__(self, home: Path, settings: str) -> None:
        (home / "script.yaml").write_text(SCRIPT)
        written = textwrap.dedent(settings).replace("SCRIPT", str(home / "script.yaml"))
        (home / "config.yaml").write_text("plugins: {odd: {enabled: true}}\n" + written)
        self.manager = PluginManager(Host.open(HostOptions(home=home)))

    @property
    def providers(self) -> ProviderManager:
        return self.manager.host.provider_manager

    @property
    def made(self) -> list[dict[str, object]]:
        plugin = self.manager.loaded_plugins["odd"]
        return plugin.made  # type: ignore[attr-defined,no-any-return] # of the plugin above

    async def close(self) -> list[str]:
        """What was cleaned up, in this order."""
        plugin = self.manager.loaded_plugins["odd"]
        await self.manager.close()
        return plugin.cleaned  # type: ignore[attr-defined,no-any-return] # of the plugin above


@pytest.fixture
def home_with_odd(home: Path, make_plugin: MakePlugin) -> Path:
    make_plugin("odd", ODD)
    return home


async def told(stream: AsyncIterator[str]) -> list[str]:
    return [piece async for piece in stream]


@pytest.mark.asyncio
async def test_a_plugins_provider_answers_and_is_made_once(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers: {odd: {size: 3, api_key: '${env:HOME}'}}")
    responses = await asyncio.gather(*(odd.providers.complete(CompletionRequest("hi")) for _ in range(5)))
    assert [response.text for response in responses] == ["hm"] * 5
    assert responses[0].latency is not None
    (config,) = odd.made
    assert config["size"] == 3
    assert config["api_key"] == odd.manager.host.settings.environ["HOME"]
    assert await odd.close() == ["provider", "plugin"]


@pytest.mark.asyncio
async def test_a_stream_ends_with_a_response_even_where_the_provider_gives_none(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers: {odd: {}}")
    *pieces, last = await told(odd.providers.stream(CompletionRequest("hi")))
    assert pieces == ["one ", "two"]
    assert isinstance(last, StreamChunk)
    assert last.response is not None
    assert last.response.text == "one two"
    await odd.close()


@pytest.mark.asyncio
async def test_a_stream_that_is_closed_early_ends_the_providers_generator(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers: {odd: {}}")
    stream = odd.providers.stream(CompletionRequest("wait"))
    assert await anext(stream) == "a"
    await stream.aclose()
    assert await odd.close() == ["stream", "provider", "plugin"]


@pytest.mark.asyncio
async def test_both_cleanups_run_even_if_they_fail(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers: {odd: {stubborn: true}}")
    await odd.providers.complete(CompletionRequest("hi"))
    assert await odd.close() == ["provider", "plugin"]


@pytest.mark.asyncio
async def test_what_is_no_answer_is_a_typed_error(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers: {odd: {}}")
    with pytest.raises(BadResponse, match="'NoneType' where a CompletionResponse was expected"):
        await odd.providers.complete(CompletionRequest("none"))
    with pytest.raises(PluginFailed, match="it is odd") as caught:
        await odd.providers.complete(CompletionRequest("raise"))
    assert caught.value.line is not None
    await odd.close()


@pytest.mark.asyncio
async def test_a_refused_connection_is_one_whatever_the_provider_makes_of_it(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers: {default: odd, fallback: [scripted], odd: {}, scripted: {file: SCRIPT}}")
    with pytest.raises(ConnectionFailed, match="ConnectionRefusedError"):
        await odd.providers.complete(CompletionRequest("refused"), provider="odd")
    assert (await odd.providers.complete(CompletionRequest("refused"))).text == "scripted answer"
    await odd.close()


@pytest.mark.parametrize(("prompt", "why"), [("junk", "'int' where a str"), ("raise", "it is odd")])
@pytest.mark.asyncio
async def test_a_stream_that_dies_after_a_piece_keeps_what_came(home_with_odd: Path, prompt: str, why: str) -> None:
    odd = Odd(home_with_odd, "providers: {odd: {}}")
    with pytest.raises(StreamCut, match=why) as caught:
        await told(odd.providers.stream(CompletionRequest(prompt)))
    assert caught.value.partial == "one "
    await odd.close()


@pytest.mark.asyncio
async def test_a_stream_without_end_is_ended(home_with_odd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localagent.providers.flow.LONGEST", 1000)
    odd = Odd(home_with_odd, "providers: {odd: {}}")
    with pytest.raises(BadResponse, match="longer than 1000"):
        await told(odd.providers.stream(CompletionRequest("endless")))
    await odd.close()


@pytest.mark.asyncio
async def test_the_next_provider_is_asked_before_the_first_piece_only(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers: {default: scripted, fallback: [odd], scripted: {file: SCRIPT}}")
    asked: list[str] = []
    stream = odd.providers.stream(CompletionRequest("down", model="big"), asking=asked.append)
    assert (await told(stream))[:2] == ["one ", "two"]
    assert asked == ["scripted", "odd"]
    # The model that was asked for is one of the first provider's.
    assert (await odd.providers.complete(CompletionRequest("down", model="big"))).model == "None"
    with pytest.raises(StreamCut) as caught:
        await told(odd.providers.stream(CompletionRequest("half")))
    assert caught.value.partial == "half of it"
    with pytest.raises(ConnectionFailed):
        await odd.providers.complete(CompletionRequest("down"), provider="scripted")
    await odd.close()


@pytest.mark.asyncio
async def test_a_provider_that_is_not_ready_is_cleaned_up_and_tried_again(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers: {odd: {ready: false}}")
    for _ in range(2):
        with pytest.raises(PluginFailed, match="the provider 'odd' says that it is not ready"):
            await odd.providers.complete(CompletionRequest("hi"))
    assert len(odd.made) == 2
    assert await odd.close() == ["provider", "provider", "plugin"]


@pytest.mark.asyncio
async def test_health_is_asked_side_by_side_within_a_deadline(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers: {odd: {slow: true}, scripted: {file: SCRIPT}}")
    slow, fine, absent = await odd.providers.health(["odd", "scripted", "absent"], within=2)
    assert (slow.healthy, slow.problem) == (False, "no answer within 2 s")
    assert (fine.healthy, fine.facts["answers"]) == (True, 3)
    assert (absent.healthy, absent.problem) == (False, "there is no provider 'absent'")
    await odd.close()


@pytest.mark.parametrize(
    ("settings", "chain"),
    [
        ("", None),
        ("providers:", None),
        ("providers: {odd: {}}", ("odd",)),
        ("providers: {odd: {}, other-model: {}}", None),
        ("providers: {default: odd}", ("odd",)),
        ("providers: {default: odd, fallback: [other-model, odd]}", ("odd", "other-model")),
    ],
)
def test_who_is_asked_is_said_by_the_settings(
    home_with_odd: Path, settings: str, chain: tuple[str, ...] | None
) -> None:
    providers = Odd(home_with_odd, settings).providers
    if chain is not None:
        assert providers.chain() == chain
    else:
        with pytest.raises(ConfigError):
            providers.chain()
    assert providers.chain("other") == ("other",)


@pytest.mark.parametrize(
    ("settings", "column"),
    [("providers: 7", 12), ("providers: {default: 7}", 22), ("providers: {default: a, fallback: b}", 35)],
)
def test_settings_that_name_nobody_are_told_with_their_place(home_with_odd: Path, settings: str, column: int) -> None:
    with pytest.raises(ConfigError) as caught:
        Odd(home_with_odd, settings).providers.chain()
    assert (caught.value.file, caught.value.line, caught.value.column) == (home_with_odd / "config.yaml", 2, column)


@pytest.mark.asyncio
async def test_settings_of_a_provider_are_checked_by_its_own_schema(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers:\n  odd:\n    size: many\n")
    with pytest.raises(ConfigError, match="/size: 'many' is not of type 'integer'") as caught:
        await odd.providers.provider("odd")
    assert (caught.value.line, caught.value.column) == (4, 11)
    await odd.close()


@pytest.mark.asyncio
async def test_settings_of_a_provider_that_are_no_mapping_are_told(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers: {odd: 7}")
    with pytest.raises(ConfigError, match=r"'providers.odd' must be a mapping"):
        await odd.providers.provider("odd")
    await odd.close()


@pytest.mark.asyncio
async def test_an_unknown_provider_is_named_with_the_nearest(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "")
    with pytest.raises(PluginNotAvailable, match="there is no provider 'scriptd'") as caught:
        await odd.providers.provider("scriptd")
    assert caught.value.fix == "did you mean 'scripted'?"


@pytest.mark.asyncio
async def test_a_provider_is_not_used_from_another_loop(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers: {odd: {}}")
    await odd.providers.provider("odd")
    elsewhere = asyncio.to_thread(lambda: asyncio.run(odd.providers.complete(CompletionRequest("hi"))))
    with pytest.raises(WrongLoop):
        await elsewhere
    await odd.close()


def test_each_of_somebodys_own_loops_gets_a_provider_that_works(home_with_odd: Path) -> None:
    odd = Odd(home_with_odd, "providers: {odd: {}}")
    for _ in range(2):
        assert asyncio.run(odd.providers.complete(CompletionRequest("hi"))).text == "hm"
    assert len(odd.made) == 2
    assert asyncio.run(odd.close()) == ["provider", "provider", "plugin"]


@pytest.mark.asyncio
async def test_a_built_in_provider_can_be_disabled_and_shadowed(home: Path, make_plugin: MakePlugin) -> None:
    make_plugin("scripted", ODD.replace('"odd"', '"scripted"'))
    home.joinpath("config.yaml").write_text("providers: {scripted: {}}\nplugins: {scripted: {enabled: true}}\n")
    manager = PluginManager(Host.open(HostOptions(home=home)))
    assert (await manager.host.provider_manager.complete(CompletionRequest("hi"))).text == "hm"
    await manager.close()
    home.joinpath("config.yaml").write_text("providers: {scripted: {}}\nplugins: {scripted: {enabled: false}}\n")
    manager = PluginManager(Host.open(HostOptions(home=home)))
    with pytest.raises(PluginNotAvailable, match="is disabled: the configuration says"):
        await manager.host.provider_manager.complete(CompletionRequest("hi"))
