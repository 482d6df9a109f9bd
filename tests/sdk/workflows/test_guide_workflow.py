"""The workflow plugin of the development guide runs, with the imports and classes that its sample leaves out.

It is tried as the guide's own text, where the variable PLUGIN_GUIDE names the guide's file, and as a plugin of an
author who wrote it as the guide does.
"""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from plain import MakePlugin, Run

GUIDE = Path(os.environ.get("PLUGIN_GUIDE", "no-guide"))
SAMPLE = "class CustomWorkflowPlugin(WorkflowPlugin):"

MISSING_IMPORTS = "import asyncio\n"
MISSING_CLASSES = """
class CustomAnalysisPhase(CustomWorkflowPhase):
    pass


class CustomSecurityAgent(CustomWorkflowAgent):
    async def collect_evidence(self):
        return [{"file": "main.py", "line": 3, "text": "password"}]


class CustomPerformanceAgent(CustomWorkflowAgent):
    async def process_task(self, task, context):
        return len(task)


class SpecializedOrchestrator:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        phase = CustomWorkflowPhase("inner", self.config)
        return await phase.execute({**context, "task": task})
"""

AN_AUTHORS = """
from typing import Any, Dict, List
from app.cli.plugins.framework import WorkflowPlugin

class CustomWorkflowAgent:
    def __init__(self, config: Dict[str, Any]):
        self.name = config.get("name", "somebody")

    async def process_task(self, task: str, context: Dict[str, Any]):
        return None

    async def collect_evidence(self) -> List[Dict[str, Any]]:
        return []

    async def execute(self, task: str, context: Dict[str, Any]) -> Dict[str, Any]:
        done = await self.process_task(task, context)
        return {"agent": self.name, "task": task, "result": done, "evidence": await self.collect_evidence()}

class CustomWorkflowPhase:
    def __init__(self, phase_id: str, config: Dict[str, Any]):
        self.phase_id, self.config = phase_id, config

    def get_required_agents(self, context):
        return []

    async def execute(self, context: Dict[str, Any]) -> Dict[str, Any]:
        working = [agent.execute(context["task"], context) for agent in self.get_required_agents(context)]
        results = await asyncio.gather(*working)
        good = [result for result in results if result.get("success", False)]
        return {"phase": self.phase_id, "results": results, "success": len(good) == len(results)}

class CustomWorkflowPlugin(WorkflowPlugin):
    @property
    def name(self) -> str:
        return "custom-workflow-components"

    def get_workflow_components(self) -> Dict[str, Any]:
        return {
            "phases": {"custom-validation": CustomWorkflowPhase, "custom-analysis": CustomAnalysisPhase},
            "agents": {
                "custom-security-agent": CustomSecurityAgent, "custom-performance-agent": CustomPerformanceAgent,
            },
            "orchestrators": {"specialized-orchestrator": SpecializedOrchestrator},
        }
"""

WORKFLOWS = """
workflows:
  in-phases:
    phases:
      - id: custom-validation
      - id: custom-analysis
        depends_on: [custom-validation]
      - id: agents
        depends_on: [custom-analysis]
        agents: [custom-security-agent, custom-performance-agent]
  orchestrated:
    orchestrator: specialized-orchestrator
"""


def authors_own() -> str:
    return AN_AUTHORS


def guides_own() -> str:
    """The guide's block of code, as it stands."""
    if not GUIDE.is_file():
        pytest.skip("PLUGIN_GUIDE names no file")
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    (block,) = (block for block in blocks if SAMPLE in block)
    return block


@pytest.fixture(params=[authors_own, guides_own])
def sample(request: pytest.FixtureRequest) -> str:
    """The whole plugin."""
    written: Callable[[], str] = request.param
    before, _, after = written().partition(SAMPLE)
    return textwrap.dedent(f"{MISSING_IMPORTS}{before}{MISSING_CLASSES}\n\n{SAMPLE}{after}")


@pytest.mark.parametrize("workflow", ["in-phases", "orchestrated"])
def test_the_guides_workflow_runs(
    sample: str, workflow: str, make_plugin: MakePlugin, localagent: Run, home: Path
) -> None:
    make_plugin("custom-workflow-components", sample)
    (home / "config.yaml").write_text(WORKFLOWS)
    assert localagent("plugins", "enable", "custom-workflow-components").code == 0
    done = localagent("workflow", "run", "Check it", "--workflow", workflow, "--json")
    assert done.code == 0, done.text
    assert json.loads(done.out)["success"] is True
