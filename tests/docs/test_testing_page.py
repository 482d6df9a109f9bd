"""The page on testing shows code that works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import localagent_testing
from plain import GREETER_MANIFEST

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GREETER = """
from localagent import CommandPlugin

class Greeter(CommandPlugin):
    name = "greeter"

    async def initialize(self, context):
        self.message_bus.subscribe("user.arrived", self.greet)
        return True

    async def greet(self, message):
        await self.message_bus.broadcast(self.name, "greeting", {"text": f"Hello, {message.data['name']}"})

    def register_commands(self, app):
        @app.command("greet")
        def greet(who: str = "you"):
            "Greet somebody."
            print(f"Hello, {who}")
"""


def test_its_first_tests_pass(tmp_path: Path, home: Path) -> None:
    files = {
        "plugin-manifest.yaml": GREETER_MANIFEST,
        "plugin.py": GREETER,
        "test_greeter.py": CODE.findall(PAGE)[0],
        "pytest.ini": "[pytest]\nasyncio_mode = auto\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", "-p", "asyncio", "-p", "localagent"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, "test_greeter.py"],
        cwd=tmp_path,
        env=env | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_every_public_name_is_on_it() -> None:
    shown = set(localagent_testing.__all__) - {"Call", "RecordingContext", "Sent"}
    assert {name for name in shown if name not in PAGE} == set()
