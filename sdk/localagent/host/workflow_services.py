"""What running workflows needs of a host, tied together."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from localagent.plugins.provider import CompletionRequest
from localagent.workflows.manager import Services

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from localagent.host.host import Host
    from localagent.plugins.provider import CompletionResponse

_SENDER = "localagent"
_log = logging.getLogger("localagent.workflows")


def services_of(host: Host) -> Services:
    """The services of a host, as its workflows use them."""
    from localagent.host import interrupts, quarantine
    from localagent.host.installation import installation_of, open_installation

    async def complete(provider: str | None, request: str | CompletionRequest) -> CompletionResponse:
        asked = CompletionRequest(request) if isinstance(request, str) else request
        return await host.provider_manager.complete(asked, provider=provider)

    def chain(provider: str | None) -> tuple[str, ...]:
        return host.provider_manager.chain(provider)

    async def tell(topic: str, data: dict[str, Any]) -> object:
        return await host.message_bus.broadcast(_SENDER, topic, data)

    def forgive(plugin: str) -> None:
        if host.home.quarantine_file.exists():
            quarantine.forgive(host.home, plugin)

    def ending() -> AbstractContextManager[object]:
        is_asked_for = interrupts.pending() is not None
        return interrupts.cleaning(lambda: None) if is_asked_for else contextlib.nullcontext()

    development = host.situation.development
    return Services(
        host.settings,
        host.home.runs_file,
        complete,
        chain,
        tell,
        _log.warning,
        forgive,
        ending,
        open_installation,
        installation_of(host.situation),
        development.keeps_results,
        development.detailed_traces,
        host.pause,
    )
