"""Dotted topics: how they are written, which patterns match them, which are the host's."""

from __future__ import annotations

from localagent.errors import InvalidTopic

RESERVED = ("localagent.", "plugin.", "workflow_", "phase_")
"""What a topic begins with that only the host publishes."""


def check_topic(topic: str) -> None:
    """See that `topic` can be published.

    Raises:
        InvalidTopic: it has an empty segment or a star.
    """
    if "" in topic.split("."):
        raise InvalidTopic(f"the topic '{topic}' has an empty segment", fix="write it as in 'weather.rain'")
    if "*" in topic:
        raise InvalidTopic(f"the topic '{topic}' has a star, which only subscriptions can have")


def check_pattern(pattern: str) -> None:
    """See that `pattern` can be subscribed to.

    Raises:
        InvalidTopic: a segment is empty, or a star is not a whole segment, or two stars are not the last one.
    """
    *inner, last = pattern.split(".")
    if "" in (*inner, last):
        raise InvalidTopic(f"the topic '{pattern}' has an empty segment", fix="write it as in 'weather.*'")
    if any("*" in segment and segment != "*" for segment in inner) or ("*" in last and last not in ("*", "**")):
        raise InvalidTopic(
            f"the topic '{pattern}' cannot be matched: '*' stands for one whole segment, '**' for all the rest",
            fix="write it as in 'weather.*.today' or 'weather.**'",
        )


def check_not_reserved(topic: str, *, plugin: str) -> None:
    """See that a plugin may publish `topic`.

    Raises:
        InvalidTopic: it is one of the host's.
    """
    if topic.startswith(RESERVED):
        raise InvalidTopic(
            f"the plugin '{plugin}' cannot publish '{topic}': topics that begin so are the host's",
            plugin=plugin,
            fix=f"publish it as '{plugin}.{topic.rpartition('.')[2]}'",
        )


def matches(pattern: str, topic: str) -> bool:
    """Whether a pattern that `check_pattern` let pass means `topic`; ``a.**`` means ``a`` too, as the rest is empty."""
    if "*" not in pattern:
        return pattern == topic
    wanted, given = pattern.split("."), topic.split(".")
    if wanted[-1] == "**":
        wanted.pop()
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(one in ("*", other) for one, other in zip(wanted, given, strict=True))
