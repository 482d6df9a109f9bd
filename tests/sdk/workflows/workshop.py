"""What tests of workflows share: a plugin whose agents do what their settings say, and a home that names workflows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from localagent.host.host import Host
from localagent.host.manager import PluginManager
from localagent.host.situation import HostOptions
from localagent.workflows.manager import WorkflowManager

PLUGIN = '''
import asyncio
import os
import signal
from pathlib import Path

from localagent import WorkflowPlugin


class Worker:
    """Writes down that it ran, then does what its settings say."""

    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        if "log" in context:
            with open(context["log"], "a") as log:
                log.write(context["idempotency_key"].split(":", 1)[1] + "\\n")
        say = self.config
        if "sleep" in say:
            await asyncio.sleep(say["sleep"])
        if say.get("stubborn"):
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    pass
        if say.get("busy"):
            while True:
                pass
        if "fails" in say and context["attempt"] <= say["fails"]:
            raise ValueError("no luck")
        if say.get("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if say.get("exit"):
            raise SystemExit(7)
        if "undecoded" in say:
            name = os.fsdecode(b"half \\xff")
            if say["undecoded"] == "told":
                raise ValueError(name)
            return {"result": name}
        if "gives" in say:
            return say["gives"]
        if say.get("odd"):
            return {"result": object()}
        seen = {name: len(result.get("results", ())) for name, result in context["results"].items()}
        return {"result": f"{task}/{context['phase']}", "attempt": context["attempt"], "seen": seen}


class Meddler:
    """Changes what it was given."""

    def __init__(self, config):
        pass

    async def execute(self, task, context):
        context["mine"] = True
        context["results"].clear()


class Asker:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        return {"result": (await context["complete"](task)).text}


class Watcher:
    """Waits until its run is given up, and says whether it saw that."""

    def __init__(self, config):
        pass

    async def execute(self, task, context):
        Path(context["log"]).write_text("at work")
        try:
            await asyncio.sleep(60)
        finally:
            Path(context["log"]).write_text(f"cancelled: {context['cancelled']()}")


class Whole:
    def __init__(self, phase_id, config):
        self.phase_id, self.config = phase_id, config

    async def execute(self, context):
        if self.config.get("fails"):
            raise ValueError("the whole fails")
        return {"phase": self.phase_id, "task": context["task"], "seen": sorted(context["results"])}


class Planned:
    def __init__(self, phase_id, config):
        self.config = config

    def agents(self, context):
        if "count" in self.config:
            each = self.config.get("each", {})
            return [{"agent": "worker", "key": str(number), "config": each} for number in range(self.config["count"])]
        return self.config.get("agents", ["worker", "worker"])


class Neither:
    def __init__(self, phase_id, config):
        pass


class Conductor:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        run_phase = context["run_phase"]
        first = await run_phase("first", ["worker", {"agent": "worker", "key": "b"}])
        second = await run_phase("second", [{"agent": "worker", "config": self.config}], failure="continue")
        return {"result": [len(first["results"]), second["success"]]}


class Parts(WorkflowPlugin):
    name = "parts"
    version = "1.2.3"

    def get_workflow_components(self):
        return {
            "agents": {"worker": Worker, "meddler": Meddler, "asker": Asker, "watcher": Watcher},
            "phases": {"whole": Whole, "planned": Planned, "neither": Neither},
            "orchestrators": {"conductor": Conductor},
        }
'''


def furnish(home: Path, workflows: dict[str, Any], **settings: Any) -> None:
    """Write the plugin and the settings into a home; JSON is YAML."""
    folder = home / "plugins" / "parts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    told = {"plugins": {"parts": {"enabled": True}}, "workflows": workflows, **settings}
    (home / "config.yaml").write_text(json.dumps(told, indent=1), encoding="utf-8")


def phases(*listed: Any) -> dict[str, Any]:
    """A workflow of phases: of each its id with its agents, or a mapping."""
    return {"phases": [each if isinstance(each, dict) else {"id": each[0], "agents": each[1]} for each in listed]}


def worker(**config: Any) -> dict[str, Any]:
    """A worker with settings; those of the plan itself are told by their names."""
    own: dict[str, Any] = {
        name: config.pop(name) for name in ("key", "deadline", "retries", "repeatable", "task") if name in config
    }
    return {"agent": "worker", "config": config, **own}


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait in this thread until something has happened."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


class Workshop:
    """A host over a home, on the loop that runs; leave it by `close`."""

    def __init__(self, home: Path) -> None:
        self.host = Host.open(HostOptions(home=home))
        self.host.loop.adopt()
        self.plugins = PluginManager(self.host)

    @property
    def workflows(self) -> WorkflowManager:
        return self.host.workflow_manager

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.plugins.close()
