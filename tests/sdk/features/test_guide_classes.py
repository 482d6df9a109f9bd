"""The classes of the development guide, pasted into a plugin, used from process to process.

Each is tried in three forms: as the ready-made class; as a class of an author who wrote it as the guide does, on
nothing but `CommandPlugin` or `EnhancedCommandPlugin`; and as the guide's own text, where the variable PLUGIN_GUIDE
names the guide's file.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from guide_text import block_with
from plain import MakePlugin, Run

IMPORTS = """
import asyncio, contextvars, json, logging, time
from pathlib import Path
from enum import Enum
from typing import Any, Callable, Dict, List, Optional
from uuid import uuid4
import structlog, typer
from contextvars import ContextVar
from rich.console import Console
from rich.progress import Progress
from app.cli.plugins.framework import CommandPlugin, MessageType, PluginLifecycleStage, PluginMessage
"""

AUTHORS_OWN = {
    "EnhancedCommandPlugin": """
        class EnhancedCommandPlugin(CommandPlugin):
            def __init__(self):
                self.console, self.progress, self.config = Console(), None, {}

            async def initialize(self, context):
                self.context = context
                self.config = self.load_plugin_config()
                self.setup_logging()
                return await self.validate_config()

            def load_plugin_config(self):
                return self.context.config.plugins.get(self.name, {}).get("config", {})

            async def validate_config(self):
                return self.get_config_schema() is None

            def get_config_schema(self):
                return None

            def setup_logging(self):
                self.logger = logging.getLogger("localagent.plugin." + self.name)

            def create_progress(self, description):
                self.progress = Progress()
                return self.progress

            async def execute_with_progress(self, coro, description):
                with self.create_progress(description):
                    return await coro

            async def cleanup(self):
                await super().cleanup()
    """,
    "PersistentPlugin": """
        class PersistentPlugin(EnhancedCommandPlugin):
            def __init__(self):
                super().__init__()
                self.data_dir, self.cache = None, {}

            async def initialize(self, context):
                await super().initialize(context)
                self.data_dir = context.config_dir / "plugins" / self.name
                self.data_dir.mkdir(parents=True, exist_ok=True)
                await self.load_persistent_data()
                return True

            async def load_persistent_data(self):
                file = self.data_dir / "cache.json"
                if file.exists():
                    self.cache = json.loads(file.read_text())

            async def save_persistent_data(self):
                (self.data_dir / "cache.json").write_text(json.dumps(self.cache))

            def set_cache(self, key, value, ttl=None):
                self.cache[key] = {"value": value, "timestamp": time.time()}
                if ttl:
                    self.cache[key]["expires"] = time.time() + ttl

            def get_cache(self, key, default=None):
                entry = self.cache.get(key)
                return entry["value"] if entry and entry.get("expires", time.time() + 1) > time.time() else default

            async def cleanup(self):
                await self.save_persistent_data()
                await super().cleanup()
    """,
    "ConfigurablePlugin": """
        class ConfigurablePlugin(EnhancedCommandPlugin):
            def __init__(self):
                super().__init__()
                self.config_watchers: List[Callable] = []

            async def initialize(self, context):
                await super().initialize(context)
                await self.setup_config_watcher()
                return True

            async def setup_config_watcher(self):
                file = self.context.config_dir / (self.name + ".yaml")
                self.watching = asyncio.create_task(self.periodic_config_check(file))

            async def periodic_config_check(self, file):
                while True:
                    await asyncio.sleep(60)

            async def reload_config(self):
                old, self.config = self.config, self.load_plugin_config()
                for watcher in self.config_watchers:
                    await watcher(old, self.config)

            def add_config_watcher(self, callback):
                self.config_watchers.append(callback)
    """,
    "CommunicatingPlugin": """
        class CommunicatingPlugin(EnhancedCommandPlugin):
            async def initialize(self, context):
                await super().initialize(context)
                self.message_bus = context.message_bus
                self.message_bus.subscribe("workflow_started", self.on_workflow_started)
                self.message_bus.register_direct_handler(self.name, self.handle_direct_message)
                return True

            async def on_workflow_started(self, message):
                await self.prepare_for_workflow(message.data)

            async def handle_direct_message(self, message: PluginMessage):
                if message.type == MessageType.REQUEST:
                    self.message_bus.respond(message, self.name, await self.process_request(message.data))

            async def request_from_plugin(self, plugin_name, request_data):
                return await self.message_bus.request(self.name, plugin_name, request_data)
    """,
    "LifecycleAwarePlugin": """
        class LifecycleAwarePlugin(EnhancedCommandPlugin):
            async def initialize(self, context):
                context.lifecycle_manager.add_hook(PluginLifecycleStage.READY, self.on_ready)
                context.lifecycle_manager.add_hook(PluginLifecycleStage.CLEANING_UP, self.on_cleanup)
                return await super().initialize(context)

            async def on_ready(self, plugin_name, from_stage, to_stage, context):
                self.logger.info(f"{plugin_name} is ready")

            async def on_cleanup(self, plugin_name, from_stage, to_stage, context):
                self.logger.info(f"{plugin_name} cleans up")
    """,
    "ObservablePlugin": """
        correlation_id = ContextVar("correlation_id", default="")

        class ObservablePlugin(CommandPlugin):
            async def initialize(self, context):
                structlog.configure(
                    processors=[self.add_correlation_id, structlog.processors.JSONRenderer()],
                    logger_factory=structlog.WriteLoggerFactory(),
                    wrapper_class=structlog.BoundLogger,
                )
                self.logger = structlog.get_logger(plugin=self.name)
                return await super().initialize(context)

            def add_correlation_id(self, logger, method_name, event_dict):
                event_dict["correlation_id"] = correlation_id.get()
                return event_dict

            async def execute_operation(self, operation, **kwargs):
                correlation_id.set(str(uuid4()))
                try:
                    result = await self.perform_operation(operation, **kwargs)
                    self.logger.info("completed", operation=operation)
                    return result
                finally:
                    correlation_id.set("")
    """,
}

Paste = Callable[[str], str]


def ready_made(name: str) -> str:
    return f"from app.cli.plugins.framework import {name}\n"


def authors_own(name: str) -> str:
    return textwrap.dedent(AUTHORS_OWN[name])


def guides_own(name: str) -> str:
    """The guide's block of code with a class, as it stands, but for the message bus that it shows with one of them."""
    base = "CommandPlugin" if name in ("EnhancedCommandPlugin", "ObservablePlugin") else "EnhancedCommandPlugin"
    whole, usage, after = block_with(f"class {name}({base}):").partition("# Usage in communicating")
    return (usage + after) or whole


@pytest.fixture(params=[ready_made, authors_own, guides_own])
def paste(request: pytest.FixtureRequest) -> Paste:
    chosen: Paste = request.param
    return chosen


def plugin(paste: Paste, base: str, body: str, *, name: str = "my-plugin") -> str:
    """The source of a plugin that derives from a class of the guide."""
    enhanced = "" if base in ("EnhancedCommandPlugin", "ObservablePlugin") else ready_made("EnhancedCommandPlugin")
    own = f"class Own({base}):\n    name = '{name}'\n{textwrap.indent(textwrap.dedent(body), '    ')}"
    return "\n".join((IMPORTS, enhanced, paste(base), own))


def test_enhanced(paste: Paste, make_plugin: MakePlugin, localagent: Run, home: Path) -> None:
    body = """
        def register_commands(self, app):
            @app.command("work")
            def work():
                "Work."
                async def count():
                    return self.config["size"] + 1
                print("result", asyncio.run(self.execute_with_progress(count(), "Counting")))
                self.logger.warning("logged")
    """
    make_plugin("my-plugin", plugin(paste, "EnhancedCommandPlugin", body))
    (home / "my-plugin.yaml").write_text("size: 41")
    assert localagent("plugins", "enable", "my-plugin").code == 0
    done = localagent("work")
    assert done.code == 0, done.text
    assert "result 42" in done.out
    assert "logged" in done.err


REMEMBERING = """
    def register_commands(self, app):
        @app.command("remember")
        def remember(key: str, value: str, ttl: int = 0):
            "Keep a value."
            self.set_cache(key, value, ttl or None)

        @app.command("recall")
        def recall(key: str):
            "Show a value."
            print(self.get_cache(key, "nothing"))
"""


def test_persistent(paste: Paste, make_plugin: MakePlugin, localagent: Run, home: Path) -> None:
    folder = make_plugin("elsewhere", plugin(paste, "PersistentPlugin", REMEMBERING))
    assert localagent("plugins", "enable", "my-plugin").code == 0
    assert localagent("remember", "colour", "red", "--ttl", "3600").code == 0
    done = localagent("recall", "colour")
    assert (done.code, done.out) == (0, "red\n"), done.text
    if paste is ready_made:
        assert not (home / "plugins" / "my-plugin").exists()
        return
    # The folder that it writes into is not taken for a plugin.
    assert [file.name for file in (home / "plugins" / "my-plugin").iterdir()] == ["cache.json"]
    listed = json.loads(localagent("plugins", "list", "--json").out)
    assert [(each["name"], each["state"]) for each in listed] == [("my-plugin", "enabled")]
    # Once it derives from the ready-made class, it still has its data.
    (folder / "plugin.py").write_text(plugin(ready_made, "PersistentPlugin", REMEMBERING))
    moved = localagent("recall", "colour")
    assert moved.out == "red\n"
    assert "were taken into the storage" in moved.err
    assert localagent("recall", "colour").err == ""


def test_persistent_in_the_folder_it_writes_into(make_plugin: MakePlugin, localagent: Run) -> None:
    make_plugin("my-plugin", plugin(authors_own, "PersistentPlugin", REMEMBERING))
    assert localagent("plugins", "enable", "my-plugin").code == 0
    assert localagent("remember", "colour", "red").code == 0
    assert localagent("recall", "colour").out == "red\n"
    assert localagent("plugins", "list", "--json").out.count('"my-plugin"') == 1


def test_configurable(paste: Paste, make_plugin: MakePlugin, localagent: Run, home: Path) -> None:
    body = """
        def register_commands(self, app):
            @app.command("follow")
            async def follow():
                "Follow the settings."
                async def show(old, new):
                    print(old["size"], "to", new["size"])
                self.add_config_watcher(show)
                (self.context.config_dir / "my-plugin.yaml").write_text("size: 2")
                await self.reload_config()
                print("now", self.config["size"])
    """
    make_plugin("my-plugin", plugin(paste, "ConfigurablePlugin", body))
    (home / "my-plugin.yaml").write_text("size: 1")
    assert localagent("plugins", "enable", "my-plugin").code == 0
    done = localagent("follow")
    assert (done.code, done.out) == (0, "1 to 2\nnow 2\n"), done.text


def test_communicating(paste: Paste, make_plugin: MakePlugin, localagent: Run) -> None:
    answering = """
        async def process_request(self, data):
            return {"answer": data["question"] * 2}

        def register_commands(self, app):
            pass
    """
    asking = """
        def register_commands(self, app):
            @app.command("ask-other")
            async def ask():
                "Ask the other plugin."
                print(await self.request_from_plugin("other", {"question": 21}))
    """
    make_plugin("other", plugin(paste, "CommunicatingPlugin", answering, name="other"))
    make_plugin("my-plugin", plugin(paste, "CommunicatingPlugin", asking))
    for name in ("other", "my-plugin"):
        assert localagent("plugins", "enable", name).code == 0
    done = localagent("ask-other")
    assert (done.code, done.out) == (0, "{'answer': 42}\n"), done.text


def test_lifecycle_aware(paste: Paste, make_plugin: MakePlugin, localagent: Run) -> None:
    body = """
        def register_commands(self, app):
            @app.command("live")
            def live():
                "Live."
    """
    make_plugin("my-plugin", plugin(paste, "LifecycleAwarePlugin", body))
    assert localagent("plugins", "enable", "my-plugin").code == 0
    done = localagent("live", env={"LOCALAGENT_LOG_LEVEL": "INFO"})
    assert done.code == 0, done.text
    assert "my-plugin is ready" in done.err
    assert re.search("my-plugin (is cleaning|cleaning|cleans) up", done.err)


def test_observable(paste: Paste, make_plugin: MakePlugin, localagent: Run, home: Path) -> None:
    body = """
        async def perform_operation(self, operation, **kwargs):
            return kwargs["a"] + kwargs["b"]

        def register_commands(self, app):
            @app.command("add")
            async def add():
                "Add."
                print("sum", await self.execute_operation("addition", a=1, b=2))
    """
    make_plugin("my-plugin", plugin(paste, "ObservablePlugin", body))
    assert localagent("plugins", "enable", "my-plugin").code == 0
    done = localagent("add", env={"LOCALAGENT_LOG_LEVEL": "INFO"})
    assert done.code == 0, done.text
    assert "sum 3" in done.out
    assert "addition" in done.text
    assert re.search("done after|completed", done.text)
    if paste is ready_made:
        lines = [json.loads(line) for file in (home / "logs").iterdir() for line in file.read_text().splitlines()]
        begun, ended = (line for line in lines if line.get("operation") == "addition")
        assert ended["outcome"] == "done"
        assert ended["duration"] >= 0
        assert begun["correlation_id"] == ended["correlation_id"] != ""
