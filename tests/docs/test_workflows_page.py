"""The page on workflows shows what really runs: its plugin is loaded and its workflow carried out."""

from __future__ import annotations

import json
import re
from pathlib import Path

from plain import MakePlugin, Run

PAGE = Path(__file__).parents[2] / "docs" / "workflows.md"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)

FINDER = """
from localagent import WorkflowPlugin

class Finder:
    def __init__(self, config):
        self.config = config

    async def execute(self, task, context):
        if "levels" in self.config:
            raise ValueError("too deep")
        return {"result": self.config["lines"]}

class FinderPlugin(WorkflowPlugin):
    name = "finder"

    def get_workflow_components(self):
        return {"agents": {"smell-finder": Finder}}
"""


def test_the_workflow_of_the_page_runs_with_its_plugin(
    localagent: Run, make_plugin: MakePlugin, home: Path, work: Path
) -> None:
    blocks = dict(BLOCK.findall(PAGE.read_text("utf-8")))
    make_plugin("review", blocks["plugin.py"])
    make_plugin("finder", FINDER)
    (work / "answer.txt").write_text("It is short.", encoding="utf-8")
    settings = f"providers:\n  scripted: {{file: {work / 'answer.txt'}}}\n"
    (home / "config.yaml").write_text(blocks["config.yaml"].replace("retries: 2", "retries: 0") + settings, "utf-8")
    for name in ("review", "finder"):
        assert localagent("plugins", "enable", name).code == 0
    done = localagent("workflow", "run", "README", "-w", "review", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["result"] == {"phase": "sum-up", "seen": ["look", "read"]}
    assert told["phases"]["look"] == {"success": True, "agents": 2, "succeeded": 1}
    team = localagent("workflow", "run", "README", "-w", "team")
    assert json.loads(team.out) == {"result": ["It is short.", "It is short."]}
    answered = localagent("workflow", "run", "Why is the sky blue?", "--provider", "scripted")
    assert (answered.code, answered.out) == (0, "It is short.\n")
