"""The plugins of a worker process."""

from __future__ import annotations

import asyncio
from pathlib import Path

from localagent.host.installation import WorkerInstallation, installation_of, open_installation
from localagent.host.situation import HostOptions, Situation
from localagent.services.given import Given
from localagent.workflows.executor import AgentCall, AgentOutcome

TELLING = """
from localagent import WorkflowPlugin

class Telling:
    def __init__(self, config):
        pass

    async def execute(self, task, context):
        return {"word": Parts.settings["word"]}

class Parts(WorkflowPlugin):
    name = "parts"
    version = "1.0.0"

    async def initialize(self, context):
        Parts.settings = context.config.plugins["parts"]["config"]
        return True

    def get_workflow_components(self):
        return {"agents": {"telling": Telling}}
"""

CALL = AgentCall("r1", "phase", "telling", "telling", "parts", "1.0.0", {}, "", {}, 1, None)


async def outcome_of(call: AgentCall, opened: WorkerInstallation) -> AgentOutcome:
    refusal = await opened.prepare(call)
    if refusal is not None:
        return AgentOutcome("refused", error=refusal)
    return await opened.run_agent(call, lambda: False)


def test_another_process_finds_what_this_one_was_asked_for(home: Path, work: Path) -> None:
    """Neither in the home nor enabled, but named for this run, as `dev run` does, with a setting for it."""
    (work / "parts").mkdir()
    (work / "parts" / "plugin.py").write_text(TELLING)
    given = (Given("parts", ("word",), "hello"),)
    asked = HostOptions(home=home, only=frozenset({"parts"}), extra=(work / "parts",), given=given)
    installation = installation_of(Situation.read(asked))

    async def ask() -> AgentOutcome:
        opened = await open_installation(installation)
        try:
            return await outcome_of(CALL, opened)
        finally:
            await opened.close()

    outcome = asyncio.run(ask())
    assert outcome.error is None
    assert outcome.result == {"word": "hello"}


def test_a_plugin_that_fails_to_load_is_tried_once_and_refused(home: Path) -> None:
    (home / "plugins" / "parts").mkdir(parents=True)
    (home / "plugins" / "parts" / "plugin.py").write_text(f"raise OSError('no luck')\n{TELLING}")
    (home / "config.yaml").write_text("plugins: {parts: {enabled: true}}")

    async def ask() -> list[AgentOutcome]:
        opened = await open_installation("")
        try:
            return [await outcome_of(CALL, opened) for _ in range(2)]
        finally:
            await opened.close()

    first, again = asyncio.run(ask())
    assert (first.status, again) == ("refused", first)
    assert first.error is not None
    assert "the worker cannot load the plugin 'parts'" in first.error.message
    assert not (home / "journal").exists()
