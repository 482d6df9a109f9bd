"""The fixtures, in runs of pytest of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from testing.conftest import Workshop

BODY = """
async def initialize(self, context):
    self.heard = []
    self.message_bus.subscribe("ping", self.on_ping)
    self.lock = asyncio.Lock()
    context.spawn(asyncio.sleep(60))
    return True

async def cleanup(self):
    with open("cleaned.txt", "a") as log:
        log.write(f"{asyncio.get_running_loop() is getattr(self, 'loop', None)} ")

async def on_ping(self, message):
    async with self.lock:
        self.heard.append(message.data["n"])
    await self.message_bus.broadcast(self.name, "pong", {"n": message.data["n"] + 1})

def get_config_schema(self):
    return {"properties": {"size": {"type": "integer", "default": 3}}}

def register_commands(self, app):
    @app.command("greet")
    def greet(who: str = "you"):
        "Greet."
        asyncio.run(asyncio.sleep(0))
        print("hello", who, self.config["size"])

    @app.command("consult")
    async def consult():
        "Ask the model."
        answer = await self.context.provider_manager.complete(localagent.CompletionRequest("what?"))
        print("it says", answer.text)
"""

SYNC = """
import os
import pytest
from plugin import Greeter

def test_class(plugin_class):
    assert plugin_class is Greeter

def test_home(localagent_home):
    assert os.environ["LOCALAGENT_HOME"] == str(localagent_home)
    assert "LOCALAGENT_DEV_MODE" not in os.environ
    assert os.environ["LOCALAGENT_OTHER_SIZE"] == "3"
    assert list(localagent_home.iterdir()) == []

def test_plugin(plugin, plugin_context, plugin_runner, localagent_home):
    assert type(plugin) is Greeter
    assert plugin.context is plugin_context
    assert plugin_context.config_dir == localagent_home
    assert [call.name for call in plugin_context.calls] == ["message_bus.subscribe", "spawn"]
    plugin.config["size"] = 5
    assert plugin_runner.invoke(["greet", "--who", "me"]).stdout == "hello me 5\\n"

def test_context_alone(plugin_context):
    assert plugin_context.calls == []
    assert plugin_context.config.plugins["greeter"]["config"] == {"size": 3}

def test_runner(plugin_runner, fake_provider, plugin_host):
    fake_provider.answers = ["low"]
    assert plugin_runner.invoke("consult").stdout == "it says low\\n"
    assert fake_provider.requests[0].prompt == "what?"
    assert list(plugin_host.plugin_manager.discovered_plugins) == ["greeter"]
    result = plugin_runner.invoke(["dance"])
    assert result.exit_code == 2
    assert "there is no command 'dance'" in result.stderr

def test_framework(plugin_framework):
    assert plugin_framework.test_command_execution("greet", []).stdout == "hello you 3\\n"

class TestSettings:
    @pytest.fixture
    def plugin_settings(self):
        return {"size": 8}

    def test_plugin(self, plugin):
        assert plugin.config == {"size": 8}

    def test_command(self, plugin_runner):
        assert plugin_runner.invoke(["greet"]).stdout == "hello you 8\\n"
"""

ASYNC = """
import asyncio
import pytest

{mark}
async def test_plugin(plugin, message_bus, plugin_runner):
    plugin.loop = asyncio.get_running_loop()
    await message_bus.broadcast("test", "ping", {{"n": 1}})
    assert plugin.heard == [1]
    assert message_bus.sent_to("pong") == ({{"n": 2}},)
    assert plugin_runner.invoke(["greet"]).stdout == "hello you 3\\n"

{mark}
async def test_host(plugin_host, fake_provider, capsys):
    assert await plugin_host.plugin_manager.load_plugin("greeter"), plugin_host.plugin_manager.errors
    plugin_host.plugin_manager.loaded_plugins["greeter"].loop = asyncio.get_running_loop()
    assert await plugin_host.invoke(["consult"]) == 0
    assert capsys.readouterr().out == "it says This is an answer.\\n"

{mark}
async def test_framework(plugin_framework):
    plugin = await plugin_framework.create_plugin_instance()
    plugin.loop = asyncio.get_running_loop()

{mark}
async def test_context(plugin_context, plugin):
    assert plugin.context is plugin_context
    plugin.loop = asyncio.get_running_loop()
"""
STRICT_INI = """
[pytest]
pythonpath = .
filterwarnings = error
"""
ASYNCIO = ("-p", "asyncio", "-o", "asyncio_default_fixture_loop_scope=function")
"""Without that option it warns at its start, which would be an error."""


@pytest.fixture
def greeter(workshop: Workshop) -> Path:
    tests = {"tests/test_sync.py": SYNC, "pytest.ini": STRICT_INI}
    return workshop.plugin(BODY, head="import asyncio", files=tests)


def run(workshop: Workshop, folder: Path, *words: str, **variables: str) -> str:
    """The output of a run in which everything passed."""
    done = workshop.pytest(*words, at=folder, alone=True, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_synchronous_tests_need_no_other_plugin(workshop: Workshop, greeter: Path) -> None:
    out = run(workshop, greeter, "tests", LOCALAGENT_DEV_MODE="1", LOCALAGENT_OTHER_SIZE="3")
    assert "8 passed" in out


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_coroutines_have_everything_on_their_own_loop(mode: str, workshop: Workshop, greeter: Path) -> None:
    mark = "@pytest.mark.asyncio" if mode == "strict" else ""
    (greeter / "tests" / "test_async.py").write_text(ASYNC.format(mark=mark))
    out = run(workshop, greeter, *ASYNCIO, "-o", f"asyncio_mode={mode}", "tests/test_async.py")
    assert "4 passed" in out
    assert (greeter / "cleaned.txt").read_text().split() == ["True"] * 4


def test_they_go_along_with_other_plugins_of_pytest(workshop: Workshop, greeter: Path) -> None:
    (greeter / "tests" / "test_async.py").write_text(ASYNC.format(mark="@pytest.mark.asyncio"))
    others = [word for name in ("xdist", "randomly", "timeout") for word in ("-p", name)]
    out = run(workshop, greeter, *ASYNCIO, *others, "-n", "2", "tests", LOCALAGENT_OTHER_SIZE="3")
    assert "12 passed" in out


def test_a_coroutine_of_somebody_elses_has_a_host_without_that_loop(workshop: Workshop, greeter: Path) -> None:
    tests = """
    import pytest
    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend(): return "asyncio"

    async def test_runner(plugin_runner):
        assert plugin_runner.invoke(["greet"]).stdout == "hello you 3\\n"
    """
    workshop.write("greeter", {"tests/test_anyio.py": tests})
    assert "1 passed" in run(workshop, greeter, *ASYNCIO, "-p", "anyio", "tests/test_anyio.py")


def test_a_benchmark_measures_commands_and_getting_ready(workshop: Workshop, greeter: Path) -> None:
    tests = """
    import pytest

    def test_command(plugin_benchmark):
        assert plugin_benchmark.command(["greet"]).stdout == "hello you 3\\n"

    def test_initialisation(plugin_benchmark):
        plugin_benchmark.initialisation(rounds=3)

    def test_failure(plugin_benchmark):
        with pytest.raises(AssertionError, match="'dance' ended with exit code 2"):
            plugin_benchmark.command(["dance"])
    """
    workshop.write("greeter", {"tests/test_speed.py": tests})
    out = run(workshop, greeter, "-p", "benchmark", "tests/test_speed.py")
    assert "3 passed" in out
    assert "test_initialisation" in out
    done = workshop.pytest("tests/test_speed.py", at=greeter)
    assert "plugin_benchmark needs pytest-benchmark" in done.stdout


def test_a_test_may_bring_a_class_of_its_own(workshop: Workshop) -> None:
    tests = """
    import pytest
    from localagent import CommandPlugin

    class Mine(CommandPlugin):
        name = "mine"
        def register_commands(self, app):
            app.command("say")(lambda: print("said"))

    @pytest.fixture
    def plugin_class():
        return Mine

    def test_mine(plugin, plugin_runner):
        assert type(plugin) is Mine
        assert plugin_runner.invoke(["say"]).stdout == "said\\n"
    """
    assert "1 passed" in run(workshop, workshop.write("own", {"test_mine.py": tests}))


def test_the_plugin_may_be_named(workshop: Workshop, greeter: Path) -> None:
    tests = "def test_named(plugin): assert plugin.name == 'greeter'"
    elsewhere = workshop.write("elsewhere", {"test_named.py": tests})
    assert "1 passed" in run(workshop, elsewhere, "--localagent-plugin", str(greeter), "test_named.py", "-k", "named")


def test_an_installed_plugin_and_what_it_requires_run_too(workshop: Workshop, greeter: Path) -> None:
    site = workshop.write(
        "site",
        {
            "needed_pkg.py": "from localagent import Plugin\nclass Needed(Plugin): name = 'needed'\n",
            "needed-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: needed\nVersion: 1.0\n",
            "needed-1.0.dist-info/entry_points.txt": "[localagent.plugins.commands]\nneeded = needed_pkg:Needed\n",
            "needed-1.0.dist-info/RECORD": "needed_pkg.py,,\n",
        },
    )
    manifest = greeter / "plugin-manifest.yaml"
    manifest.write_text(manifest.read_text() + "dependencies: {plugins: [needed]}\n")
    tests = """
    def test_both(plugin_runner):
        assert plugin_runner.invoke(["greet"]).exit_code == 0
        assert set(plugin_runner.cli.plugin_manager.loaded_plugins) == {"needed", "greeter"}

    def test_before_it(plugin, plugin_host):
        assert list(plugin_host.plugin_manager.loaded_plugins) == ["needed", "greeter"]
    """
    workshop.write("greeter", {"tests/test_both.py": tests})
    assert "2 passed" in run(workshop, greeter, "tests/test_both.py", PYTHONPATH=str(site))
    named = workshop.write("named", {"test_it.py": "def test_it(plugin): assert plugin.name == 'needed'"})
    assert "1 passed" in run(
        workshop, named, "--localagent-plugin", "name:needed", "test_it.py", "-k", "test_it", PYTHONPATH=str(site)
    )


SEVERAL = """\
name: two
version: "1.0.0"
description: Two in one
plugin_types: [command]
entry_points: {commands: [{name: one, class: "plugin:One"}, {name: other, class: "plugin:Other"}]}
"""


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "no plugin is under test: run pytest in the folder with its plugin-manifest.yaml"),
        ({"plugin-manifest.yaml": SEVERAL, "plugin.py": ""}, "several plugins (one, other)"),
        ({"plugin-manifest.yaml": "name: ["}, "manifest: "),
    ],
)
def test_without_one_plugin_it_is_said_what_to_do(files: dict[str, str], told: str, workshop: Workshop) -> None:
    folder = workshop.write("odd", {**files, "test_it.py": "def test_it(plugin): pass"})
    done = workshop.pytest("test_it.py", at=folder)
    assert done.returncode == 1, done.stdout
    assert told in done.stdout
    assert "Traceback" not in done.stdout


def test_a_plugin_that_cannot_be_imported_is_told_with_its_place(workshop: Workshop) -> None:
    folder = workshop.plugin(head="import no_such_module", files={"test_it.py": "def test_it(plugin): pass"})
    done = workshop.pytest("test_it.py", at=folder)
    assert f"{folder / 'plugin.py'}:3: import: needs the module 'no_such_module'" in done.stdout
    assert "fix: python -m pip install no_such_module" in done.stdout


def test_nobody_elses_test_is_touched(workshop: Workshop, greeter: Path) -> None:
    tests = """
    import os, sys
    def test_nothing(request):
        assert request.fixturenames == ["request"]
        assert os.environ["LOCALAGENT_HOME"].endswith("home")
        assert os.environ["LOCALAGENT_DEV_MODE"] == "1"
        assert "typer" not in sys.modules
    """
    workshop.write("greeter", {"tests/test_other.py": tests})
    run(workshop, greeter, "tests/test_other.py", LOCALAGENT_DEV_MODE="1")
