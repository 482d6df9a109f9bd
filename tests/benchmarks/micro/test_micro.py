"""What happens often, measured within one process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from localagent.host.guard import Guard
from localagent.manifest.document import parse_document
from localagent.manifest.model import manifest_of
from localagent.plugins.config_schema import defaults_of
from localagent.services.bus import PluginMessageBus
from localagent.services.layers import Layer, merge_layers

EXAMPLE = Path(__file__).parents[3] / "examples" / "notes" / "plugin-manifest.yaml"
HEARERS, MESSAGES = 10, 100
SCHEMA: dict[str, Any] = {
    "properties": {
        "style": {"properties": {f"colour{number}": {"default": number} for number in range(10)}},
        "servers": {"default": [{"host": "a", "port": 80}]},
        "depth": {"type": "integer", "default": 3},
    }
}


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def test_a_hundred_messages_to_ten_handlers(benchmark: BenchmarkFixture, runner: asyncio.Runner) -> None:
    bus = PluginMessageBus()
    heard = []
    for _ in range(HEARERS):
        bus.subscribe("news", lambda message: heard.append(message.data))

    async def send() -> None:
        heard.clear()
        for number in range(MESSAGES):
            await bus.broadcast("me", "news", number)

    benchmark(lambda: runner.run(send()))
    assert len(heard) == HEARERS * MESSAGES


def test_a_call_through_the_guard(benchmark: BenchmarkFixture) -> None:
    guard = Guard("me")
    assert benchmark(guard.call, "handler of 'news'", int, "3") == 3


def test_reading_a_manifest(benchmark: BenchmarkFixture) -> None:
    text = EXAMPLE.read_bytes()
    assert benchmark(lambda: manifest_of(parse_document(text, EXAMPLE))).name == "notes"


def test_merging_four_layers_of_settings(benchmark: BenchmarkFixture) -> None:
    layers = [
        Layer(defaults_of(SCHEMA)),
        Layer({"style": {"colour1": "red"}, "servers": []}),
        Layer({"depth": 5}, names={("depth",): "LOCALAGENT_ME_DEPTH"}, kind="environment"),
        Layer({"style": {"colour2": "blue"}}, kind="command line"),
    ]
    assert benchmark(merge_layers, layers).values["depth"] == 5
