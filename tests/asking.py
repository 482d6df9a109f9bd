"""Plugins that are asked without pause while something is done to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from typing import Any

from localagent import NoResponder, PluginManager

ASKERS = 3
"""So many ask each plugin at a time."""

IsWhole = Callable[[Any], bool]


class Asked:
    """What plugins answered so far.

    Args:
        manager: the plugins.
        data: what they are asked.
        is_whole: whether an answer is that of one life.

    Attributes:
        last: the last answer of each.
        mixed: the answers that were of two lives.
    """

    def __init__(self, manager: PluginManager, data: Any, is_whole: IsWhole) -> None:
        self.last: dict[str, Any] = {}
        self.mixed: list[Any] = []
        self._manager = manager
        self._data = data
        self._is_whole = is_whole
        self._numbers: Counter[str] = Counter()
        self._is_over = False

    async def ask(self, recipient: str, *, may_be_away: bool) -> None:
        """Ask until it is over; a call that fails raises here, unless the plugin may be away and is."""
        away: tuple[type[Exception], ...] = (NoResponder,) if may_be_away else ()
        while not self._is_over:
            with contextlib.suppress(*away):
                self._take(recipient, await self._manager.host.message_bus.request("test", recipient, self._data))
            await asyncio.sleep(0.001)

    def _take(self, recipient: str, answer: Any) -> None:
        self.last[recipient] = answer
        self._numbers[recipient] += 1
        if not self._is_whole(answer):
            self.mixed.append(answer)

    async def go_on(self, *recipients: str) -> None:
        """Wait until plugins have answered calls that began after this one."""
        wanted = {name: self._numbers[name] + ASKERS for name in recipients}
        while any(self._numbers[name] <= number for name, number in wanted.items()):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.002)

    async def until(self, recipient: str, answer: Any) -> None:
        """Wait until a plugin answers this."""
        while self.last.get(recipient) != answer:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.002)

    def end(self) -> None:
        """Ask no more."""
        self._is_over = True


@contextlib.asynccontextmanager
async def asked(
    manager: PluginManager,
    *recipients: str,
    data: Any = None,
    is_whole: IsWhole = lambda _: True,
    may_be_away: bool = False,
) -> AsyncGenerator[Asked]:
    """Ask plugins without pause, from before until after the block; no call fails, and none is answered by two lives.

    Args:
        manager: the plugins.
        recipients: their names.
        data: what they are asked.
        is_whole: whether an answer is that of one life.
        may_be_away: whether a call may find nobody, as while a plugin's files are gone.
    """
    asked = Asked(manager, data, is_whole)
    async with asyncio.TaskGroup() as tasks:
        try:
            for recipient in recipients * ASKERS:
                tasks.create_task(asked.ask(recipient, may_be_away=may_be_away))
            await asked.go_on(*recipients)
            yield asked
            await asked.go_on(*recipients)
        finally:
            asked.end()
    assert asked.mixed == []


def of_one_life(answer: Any) -> bool:
    """Whether the first two values of an answer, read before and after a pause, are the same."""
    return bool(answer[0] == answer[1])
