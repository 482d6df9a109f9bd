"""What travels on the message bus."""

from __future__ import annotations

import dataclasses
import time

import pytest

from localagent.plugins.messages import MessageType, PluginMessage, next_message_id


def test_ids_do_not_repeat() -> None:
    ids = [next_message_id() for _ in range(1000)]
    assert len(set(ids)) == len(ids)


def test_a_message_knows_when_it_was_made() -> None:
    before = time.time()
    message = PluginMessage("me", MessageType.DIRECT, {"a": 1}, "you")
    assert before <= message.timestamp <= time.time()


def test_each_message_has_an_id_of_its_own_and_no_cause() -> None:
    one, other = (PluginMessage("me", MessageType.DIRECT, 1) for _ in range(2))
    assert one.id != other.id
    assert (one.causation_id, one.deadline, one.hops) == (None, None, 0)


def test_a_message_has_the_guides_name_for_its_type() -> None:
    message = PluginMessage("me", MessageType.REQUEST, 1, "you", "m1")
    assert message.type is message.message_type is MessageType.REQUEST
    assert (message.recipient, message.correlation_id, message.topic) == ("you", "m1", "")


def test_a_message_cannot_be_changed_on_its_way() -> None:
    message = PluginMessage("me", MessageType.BROADCAST, 1, topic="news")
    with pytest.raises(dataclasses.FrozenInstanceError):
        message.data = 2  # type: ignore[misc] # what a hasty plugin does
