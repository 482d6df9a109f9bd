"""One way to run agents that do nothing, a given number of times; the process of it is what the benchmark measures."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

PHASES = 10
AGENTS = 100


class Idle:
    """An agent that does nothing."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    async def execute(self, task: str, context: dict[str, Any]) -> dict[str, Any]:
        """Nothing."""
        return {"result": task}


async def bare(times: int) -> None:
    """A bare gather of each phase."""
    for _ in range(times):
        for _ in range(PHASES):
            await asyncio.gather(*(Idle({}).execute("nothing", {}) for _ in range(AGENTS)))


async def engine(times: int) -> None:
    """The engine with its host's guard and its recorded runs."""
    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.situation import HostOptions

    with tempfile.TemporaryDirectory() as home:
        listed = [{"id": f"phase-{number}", "agents": ["idle"] * AGENTS} for number in range(PHASES)]
        Path(home, "config.yaml").write_text(json.dumps({"workflows": {"idle": {"phases": listed}}}), encoding="utf-8")
        host = Host.open(HostOptions(home=Path(home)))
        host.loop.adopt()
        guard = Guard("idle", Path(__file__).parent, journal=host.journal, version="1.0.0")
        host.workflow_manager.offer("agents", "idle", Idle, caller=guard, version="1.0.0")
        for _ in range(times):
            result = await host.workflow_manager.execute_workflow("nothing", workflow="idle")
            assert result["success"], result
        await host.message_bus.close()
        if host.journal is not None:
            host.journal.close()


WAYS = {"bare": bare, "engine": engine}

if __name__ == "__main__":
    way, times = sys.argv[1], int(sys.argv[2])
    asyncio.run(WAYS[way](times))
