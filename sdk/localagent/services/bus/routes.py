"""Who hears which topic: found out when somebody subscribes, so that publishing only looks it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.services.bus.topics import check_pattern, check_topic, matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from localagent.services.bus.hearers import Handler, Hearer

KEPT = 1024
"""Topics whose hearers are remembered; names made from data must not fill the memory."""


class Route:
    """One topic and its hearers.

    Attributes:
        topic: the topic.
        hearers: in order of subscription; a new tuple for each change, so a dispatch goes on over what it began with.
        carried: messages since the hearers were last credited with them: counting once is cheaper than for each.
        is_slow: whether the last message took so long that the hearers of the next one are timed one by one.
        is_open: whether plugins that wait for the topic were loaded.
    """

    __slots__ = ("carried", "hearers", "is_open", "is_slow", "topic")

    def __init__(self, topic: str, hearers: tuple[Hearer, ...]) -> None:
        self.topic = topic
        self.hearers = hearers
        self.carried = 0
        self.is_slow = False
        self.is_open = False

    def credit(self) -> None:
        """Count what was carried as delivered to each hearer; failures were taken off already."""
        for hearer in self.hearers:
            hearer.tallies.delivered += self.carried
        self.carried = 0


class Routes:
    """The subscriptions of a bus."""

    def __init__(self) -> None:
        self._hearers: dict[Hearer, None] = {}
        self._routes: dict[str, Route] = {}

    def __iter__(self) -> Iterator[Hearer]:
        return iter(tuple(self._hearers))

    @property
    def handlers(self) -> Mapping[str, tuple[Handler, ...]]:
        """The handlers by topic or pattern, as a copy."""
        found: dict[str, tuple[Handler, ...]] = {}
        for hearer in self._hearers:
            found[hearer.subject] = (*found.get(hearer.subject, ()), hearer.handler)
        return found

    def to(self, topic: str) -> Route:
        """The route of a topic.

        Raises:
            InvalidTopic: nothing can be published on it.
        """
        route = self._routes.get(topic)
        if route is None:
            check_topic(topic)
            if len(self._routes) >= KEPT:
                self.credit()
                self._routes.clear()
            hearers = tuple(hearer for hearer in self._hearers if matches(hearer.subject, topic))
            route = self._routes[topic] = Route(topic, hearers)
        return route

    def add(self, hearer: Hearer) -> None:
        """Let a hearer hear what is published from now on.

        Raises:
            InvalidTopic: its pattern is none.
        """
        check_pattern(hearer.subject)
        self._hearers[hearer] = None
        self._change(hearer, lambda hearers: (*hearers, hearer))

    def remove(self, hearer: Hearer) -> None:
        """Let a hearer hear nothing any more; a second time does nothing."""
        if self._hearers.pop(hearer, hearer) is not hearer:
            self._change(hearer, lambda hearers: tuple(other for other in hearers if other is not hearer))
            hearer.end()

    def credit(self) -> None:
        """Bring the numbers of all owners up to date."""
        for route in self._routes.values():
            route.credit()

    def open_again(self) -> None:
        """Forget for which topics plugins were loaded."""
        for route in self._routes.values():
            route.is_open = False

    def _change(self, hearer: Hearer, change: Callable[[tuple[Hearer, ...]], tuple[Hearer, ...]]) -> None:
        for route in self._routes.values():
            if matches(hearer.subject, route.topic):
                route.credit()
                route.hearers = change(route.hearers)
