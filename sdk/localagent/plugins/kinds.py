"""The four kinds of plugin: what each adds to the contract."""

from __future__ import annotations

from abc import ABC, abstractmethod

from localagent.plugins.base import Plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import typer

    from localagent.plugins.provider import BaseProvider


class CommandPlugin(Plugin, ABC):
    """A plugin that adds commands to the command line.

    Every plugin class with the method `register_commands` counts as one, so that a ready-made class for plugins of any
    kind can be the only base of a command plugin.
    """

    @abstractmethod
    def register_commands(self, app: typer.Typer) -> None:
        """Add commands to `app` with ``@app.command("name")``; called once, after `initialize`.

        A command may be a plain function, which may call `asyncio.run`, or an ``async def``, which the host runs on
        its own event loop.
        """

    @classmethod
    def __subclasshook__(cls, candidate: type) -> bool:
        if cls is CommandPlugin and issubclass(candidate, Plugin) and hasattr(candidate, "register_commands"):
            return True
        return NotImplemented  # type: ignore[no-any-return] # as the language defines it


class ProviderPlugin(Plugin, ABC):
    """A plugin that offers completions of a language model."""

    @abstractmethod
    def get_provider_class(self) -> type[BaseProvider]:
        """The provider class; the host makes one instance of it with the provider's settings."""

    def get_provider_config_schema(self) -> dict[str, Any]:
        """The JSON Schema of the provider's settings; by default anything goes."""
        return {"type": "object"}


class UIPlugin(Plugin, ABC):
    """A plugin that adds components to the terminal interface."""

    @abstractmethod
    def get_ui_components(self) -> dict[str, Callable[..., Any]]:
        """Components by name; each takes data and options and returns something Rich can draw."""


class WorkflowPlugin(Plugin, ABC):
    """A plugin that adds phases, agents or orchestrators to workflows."""

    @abstractmethod
    def get_workflow_components(self) -> dict[str, dict[str, Any]]:
        """``{"phases": {id: class}, "agents": {id: class}, "orchestrators": {id: class}}``; each part may be absent."""
