"""The page on ready-made classes shows code that works."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from plain import MakePlugin, Run

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_plugin_of_the_page_does_what_it_says(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    whole_plugin, functions = CODE.findall((ROOT / "docs" / "features.md").read_text("utf-8"))
    compile(functions.replace("await ", ""), "features.md", "exec")
    make_plugin("words", whole_plugin)
    left_by_tools = shutil.ignore_patterns("__pycache__", "build", "dist", "*.egg-info")
    shutil.copytree(ROOT / "examples" / "word-counter", home / "plugins" / "word-counter", ignore=left_by_tools)
    for name in ("words", "word-counter"):
        assert localagent("plugins", "enable", name).code == 0
    done = localagent("words-of", "milk and bread")
    assert (done.code, done.out) == (0, "3\n"), done.text
