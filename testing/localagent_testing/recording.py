"""A plugin's context that writes down what is called of it, while it really does it."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from localagent.host.context import HostContext
from localagent.plugins.context import PluginContext
from localagent.services.made_once import made_once

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Mapping

    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.ledger import Ledger
    from localagent.host.owned_ui import OwnedUI
    from localagent.services.secrets import Grant
    from localagent.services.storage import Storage

    T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of something in a context.

    Attributes:
        name: what was called, such as ``message_bus.subscribe``.
        arguments: the positional arguments.
        keywords: the others.
    """

    name: str
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]


class RecordingContext(PluginContext, Protocol):
    """The context of a real host as a test sees it: that of a plugin, with a list of what was called of it.

    What is not there fails, as it does for users: nothing is made up for a misspelt attribute. Looking at ``config``
    and printing on ``console`` is not written down.
    """

    @property
    def calls(self) -> list[Call]:
        """The calls, in order."""
        ...

    def calls_of(self, name: str) -> tuple[Call, ...]:
        """The calls of one thing, such as ``message_bus.subscribe``."""
        ...


class RecordingHostContext(HostContext):
    """The context itself."""

    def __init__(self, host: Host, guard: Guard, ledger: Ledger, grant: Grant) -> None:
        super().__init__(host, guard, ledger, grant)
        self.calls: list[Call] = []
        self.message_bus = self._recorded("message_bus", self.message_bus)
        self.lifecycle_manager = self._recorded("lifecycle_manager", self.lifecycle_manager)

    def calls_of(self, name: str) -> tuple[Call, ...]:
        """The calls of one thing, such as ``message_bus.subscribe``."""
        return tuple(call for call in self.calls if call.name == name)

    @property
    def provider_manager(self) -> Any:
        """The providers that plugins offer."""
        return self._recorded("provider_manager", super().provider_manager)

    @made_once
    def ui(self) -> OwnedUI:
        """The terminal components of plugins and of LocalAgent."""
        return self._recorded("ui", super().ui)

    @property
    def workflows(self) -> Any:
        """The workflow parts that plugins offer."""
        return self._recorded("workflows", super().workflows)

    @made_once
    def storage(self) -> Storage:
        """The plugin's own values, kept as long as the home is."""
        return self._recorded("storage", super().storage)

    def spawn(self, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `coro` as a task of the plugin, cancelled when the plugin goes."""
        self.calls.append(Call("spawn", (coro,), {}))
        return super().spawn(coro)

    def run(self, coro: Coroutine[Any, Any, T]) -> T:
        """Run `coro` on the host's loop from synchronous code and wait for its result."""
        self.calls.append(Call("run", (coro,), {}))
        return super().run(coro)

    def _recorded(self, name: str, service: T) -> T:
        """`service` with its calls written down; it has the type of what it stands for, as far as a plugin can see."""
        return cast("T", Recorded(service, name, self.calls))


class Recorded:
    """Stands for a service: each call of a method is written down, then done by the service."""

    def __init__(self, service: object, name: str, calls: list[Call]) -> None:
        self._service = service
        self._name = name
        self._calls = calls

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._service, attribute)
        return self._noting(found, f"{self._name}.{attribute}") if inspect.ismethod(found) else found

    def _noting(self, method: Callable[..., Any], name: str) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*arguments: Any, **keywords: Any) -> Any:
            self._calls.append(Call(name, arguments, keywords))
            return method(*arguments, **keywords)

        return call
