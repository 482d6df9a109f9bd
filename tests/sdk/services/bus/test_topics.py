"""Dotted topics, their patterns, and those that are the host's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.errors import InvalidTopic
from localagent.plugins.messages import PluginMessage
from localagent.services.bus import PluginMessageBus
from localagent.services.bus.routes import KEPT
from localagent.services.bus.topics import check_not_reserved, check_pattern, check_topic, matches

SEGMENTS = st.sampled_from(["a", "b", "cd"])
TOPICS = st.lists(SEGMENTS, min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize(
    ("pattern", "topic", "is_match"),
    [
        ("news", "news", True),
        ("news", "news.sport", False),
        ("news.*", "news.sport", True),
        ("news.*", "news", False),
        ("news.*", "news.sport.late", False),
        ("*.sport", "news.sport", True),
        ("news.*.late", "news.sport.late", True),
        ("news.*.late", "news.sport.early", False),
        ("news.**", "news.sport.late", True),
        ("news.**", "news", True),
        ("news.**", "newsletter", False),
        ("*.sport.**", "news.sport.late.again", True),
        ("**", "anything.at.all", True),
    ],
)
def test_a_star_is_one_segment_and_two_at_the_end_are_the_rest(pattern: str, topic: str, *, is_match: bool) -> None:
    check_pattern(pattern)
    assert matches(pattern, topic) is is_match


@given(TOPICS, st.data())
def test_a_topic_with_some_segments_starred_matches_itself(topic: str, data: st.DataObject) -> None:
    starred = [data.draw(st.sampled_from([segment, "*"])) for segment in topic.split(".")]
    assert matches(".".join(starred), topic)
    assert matches(".".join([*starred[: data.draw(st.integers(0, len(starred)))], "**"]), topic)
    assert not matches(".".join([*starred, "*"]), topic)


@pytest.mark.parametrize("pattern", ["", "a..b", ".a", "a.", "ne*", "a.**.b", "***", "a.b*"])
def test_what_is_no_pattern_is_refused_when_subscribing(pattern: str) -> None:
    bus = PluginMessageBus()
    with pytest.raises(InvalidTopic):
        bus.subscribe(pattern, print)
    assert bus.subscribers == {}


@pytest.mark.parametrize("topic", ["", "a..b", "news.*", "**"])
def test_what_is_no_topic_cannot_be_published(topic: str) -> None:
    with pytest.raises(InvalidTopic):
        check_topic(topic)


@pytest.mark.parametrize("topic", ["localagent.ready", "plugin.loaded", "workflow_started", "phase_done"])
def test_plugins_cannot_publish_the_hosts_topics(topic: str) -> None:
    with pytest.raises(InvalidTopic, match=r"'odd' cannot publish .* are the host's") as caught:
        check_not_reserved(topic, plugin="odd")
    assert caught.value.plugin == "odd"


@pytest.mark.parametrize("topic", ["localagents.ready", "plugins", "my.workflow_started", "workflow.started"])
def test_similar_topics_are_anybodys(topic: str) -> None:
    check_not_reserved(topic, plugin="odd")


@pytest.mark.asyncio
async def test_patterns_hear_topics_that_were_published_before_and_after_them() -> None:
    bus = PluginMessageBus()
    heard: list[str] = []
    await bus.broadcast("me", "news.sport", None)

    def note(message: PluginMessage) -> None:
        heard.append(message.topic)

    end = bus.subscribe("news.*", note)
    await bus.broadcast("me", "news.sport", None)
    await bus.broadcast("me", "news.art", None)
    await bus.broadcast("me", "weather", None)
    end()
    await bus.broadcast("me", "news.sport", None)
    assert heard == ["news.sport", "news.art"]


@pytest.mark.asyncio
async def test_topics_without_end_are_not_all_kept() -> None:
    bus = PluginMessageBus()
    heard: list[str] = []
    bus.subscribe("job.*", lambda message: heard.append(message.topic), owner="odd")
    for number in range(KEPT + 10):
        await bus.broadcast("me", f"job.{number}", None)
    assert len(heard) == KEPT + 10 == bus.counts["odd"].delivered
    assert len(bus._routes._routes) <= KEPT
