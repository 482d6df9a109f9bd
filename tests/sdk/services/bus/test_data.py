"""What is in a message stays what its sender put there."""

from __future__ import annotations

import copy
import datetime as dt
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.errors import UnsendableData
from localagent.plugins.messages import PluginMessage
from localagent.services.bus import PluginMessageBus
from localagent.services.bus.frozen import frozen, thawed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_frozen_data_look_as_they_were_and_copies_are_plain(data: Any) -> None:
    still = frozen(data, strict=True)
    assert still == data
    assert json.dumps(still) == json.dumps(data)
    assert frozen(still) is still or not isinstance(still, dict | list)
    for copied in (thawed(still), copy.deepcopy(still), pickle.loads(pickle.dumps(still))):  # noqa: S301 - our own bytes
        assert copied == data
        assert type(copied) is type(data)


CHANGES: list[Callable[[Any], object]] = [
    lambda data: data.update(a=1),
    lambda data: data.__setitem__("a", 1),
    lambda data: data.pop("list"),
    lambda data: data.clear(),
    lambda data: data.setdefault("b", 1),
    lambda data: data["list"].append(1),
    lambda data: data["list"].sort(),
    lambda data: data["list"].__setitem__(0, 1),
    lambda data: data["list"][0].update(b=1),
    lambda data: data.__ior__({}),
    lambda data: data["list"].__iadd__([1]),
    lambda data: data["tuple"][0].append(1),
]


@pytest.mark.asyncio
@pytest.mark.parametrize("change", CHANGES)
async def test_a_handler_cannot_change_what_the_next_one_sees(change: Callable[[Any], object]) -> None:
    bus = PluginMessageBus()
    seen: list[Any] = []
    data = {"list": [{"a": 1}], "tuple": ([1],)}
    bus.subscribe("news", lambda message: change(message.data))
    bus.subscribe("news", lambda message: seen.append(message.data))
    receipt = await bus.broadcast("me", "news", data)
    assert receipt == {"matched": 2, "delivered": 1, "failed": 1, "timed_out": 0}
    assert seen == [{"list": [{"a": 1}], "tuple": ([1],)}]
    assert data == seen[0]


@pytest.mark.asyncio
async def test_what_the_sender_changes_later_is_not_seen() -> None:
    bus = PluginMessageBus()
    heard: list[PluginMessage] = []
    bus.subscribe("news", heard.append)
    data = {"list": [1]}
    await bus.broadcast("me", "news", data)
    data["list"].append(2)
    assert heard[0].data == {"list": [1]}


@pytest.mark.asyncio
async def test_an_answer_belongs_to_the_one_who_asked() -> None:
    bus = PluginMessageBus()
    kept = {"cache": [1]}
    bus.register_direct_handler("you", lambda message: kept)
    answer = await bus.request("me", "you", None)
    answer["cache"].append(2)
    assert kept == {"cache": [1]}
    bus.register_direct_handler("echo", lambda message: message.data)
    echo = await bus.request("me", "echo", {"a": {}})
    echo["a"]["b"] = 1
    assert type(echo) is dict


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"a": [dt.date(2000, 1, 1)]}, r"\$\.a\[\] of a message's data is of the type date"),
        ({1: 2}, r"a key of \$ of a message's data is of the type int"),
        (float("nan"), r"\$ of a message's data is nan"),
        ({"a", "b"}, "of the type set"),
    ],
)
async def test_development_mode_refuses_what_json_does_not_have(data: Any, place: str) -> None:
    strict, lenient = PluginMessageBus(strict=True), PluginMessageBus()
    for bus in (strict, lenient):
        bus.register_direct_handler("you", lambda message: 1)
    for sending in (strict.broadcast("me", "news", data), strict.request("me", "you", data)):
        with pytest.raises(UnsendableData, match=place):
            await sending
    with pytest.raises(UnsendableData, match=place):
        strict.publish_nowait("me", "news", data)
    with pytest.raises(UnsendableData, match=place):
        await strict.send_direct("me", "you", data)
    assert await lenient.request("me", "you", data) == 1


@pytest.mark.asyncio
async def test_development_mode_refuses_such_answers_too() -> None:
    bus = PluginMessageBus(strict=True)
    refused: list[UnsendableData] = []

    def answer(message: PluginMessage) -> str:
        try:
            bus.respond(message, "you", object())
        except UnsendableData as error:
            refused.append(error)
        return "fine"

    bus.register_direct_handler("you", answer)
    assert await bus.request("me", "you", None) == "fine"
    assert len(refused) == 1


@pytest.mark.asyncio
async def test_data_that_contain_themselves_are_refused() -> None:
    data: list[Any] = []
    data.append(data)
    with pytest.raises(UnsendableData, match="contain themselves"):
        await PluginMessageBus().broadcast("me", "news", data)
