"""Faults 34 to 46: a plugin that goes wrong while it is made, initialised, called or let go."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from faults.sequels import try_sequel
from faults.told import GOOD, HURRY, assert_told, assert_works, bad_plugin, enable, make_bad
from loopback import running, status
from plain import ECHO_PROVIDER, MakePlugin, Run, command_plugin

pytestmark = pytest.mark.slow


def test_fault_34_constructor_raises(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    make_bad(make_plugin, home, bad_plugin(more="def __init__(self):\n    raise ValueError('not today')"))
    assert_told(localagent("bad"), 3, "construct: ValueError: not today", "plugin.py:")
    assert_works(localagent)


def test_fault_34_a_method_is_missing(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    source = 'from localagent import CommandPlugin\n\nclass ThePlugin(CommandPlugin):\n    name = "bad"\n'
    make_bad(make_plugin, home, source)
    assert_told(localagent("bad"), 3, "register_commands", "plugin.py:")
    assert_works(localagent)


def test_fault_35_initialise_fails_after_registrations(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    bad = bad_plugin(
        initialise="""
            context.message_bus.subscribe("news", lambda message: print("heard by bad"))
            context.message_bus.register_direct_handler("bad", lambda message: "answer of bad")
            raise ValueError("third one fails")
        """
    )
    make_bad(make_plugin, home, bad)
    teller = """
        from localagent import CommandPlugin, NoResponder

        class ThePlugin(CommandPlugin):
            name = "teller"

            async def initialize(self, context):
                self.context = context
                return True

            def register_commands(self, app):
                @app.command("teller")
                async def teller():
                    print(await self.context.message_bus.broadcast("teller", "news", {}))
                    try:
                        await self.context.message_bus.request("teller", "bad", {})
                    except Exception as error:
                        print(type(error).__name__)
        """
    make_plugin("teller", textwrap.dedent(teller))
    enable(home, GOOD, "bad", "teller")
    failed = localagent("bad")
    assert (failed.code, "initialise: ValueError: third one fails" in failed.err) == (3, True), failed.text
    told = localagent("teller")
    assert "heard by bad" not in told.text
    assert "'delivered': 0" in told.out
    assert "answer" not in told.out


def test_fault_36_initialise_blocks(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    make_bad(make_plugin, home, bad_plugin(initialise="import time; time.sleep(60)"))
    enable(home, GOOD, "bad", budgets=HURRY)
    assert_told(localagent("bad"), 3, "initialise", "plugin.py:10", "1 s")
    assert_works(localagent)


def test_fault_36_coroutine_blocks_the_loop(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    source = bad_plugin(command="import time; time.sleep(1.6)").replace("def the_command", "async def the_command")
    make_bad(make_plugin, home, source)
    assert_told(localagent("bad"), 0, "the plugin 'bad' (", "plugin.py:")


def test_fault_37_handler_is_late(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    """Who asks gets a typed error; a command that lets it through has failed, as with any error it raises."""
    source = bad_plugin(
        initialise="""
            import asyncio
            async def late(message): await asyncio.sleep(60)
            context.message_bus.register_direct_handler("bad", late)
            return True
        """,
        command="await self.context.message_bus.request('bad', 'bad', {}, timeout=0.3)",
    ).replace("def the_command", "async def the_command")
    make_bad(make_plugin, home, source)
    assert_told(localagent("bad"), 1, "RequestTimeout: 'bad' did not answer within 0.3 s")
    assert_works(localagent)


def test_fault_38_cancellation_is_swallowed(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    swallow = """
        import asyncio
        for _ in range(200):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                pass
        """
    make_bad(make_plugin, home, bad_plugin(initialise=swallow))
    enable(home, GOOD, "bad", budgets=HURRY)
    assert_told(localagent("bad"), 3, "bad", "initialise")
    assert_works(localagent)


@pytest.mark.parametrize("wrong", ["raise ValueError('cannot go')", "import time; time.sleep(60)"])
def test_fault_39_cleanup_raises_or_hangs(wrong: str, localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    cleanup = f"async def cleanup(self):\n    {wrong}"
    make_bad(make_plugin, home, bad_plugin(command="print('worked')", more=cleanup))
    needs_bad = command_plugin("needs-bad").replace("version =", 'dependencies = ["bad"]\n    version =')
    make_plugin("needs-bad", f"{needs_bad}\n    async def cleanup(self):\n        print('needs-bad goes')\n")
    make_plugin("needed")
    enable(home, GOOD, "bad", "needs-bad", budgets=HURRY)
    done = localagent("needs-bad")
    assert done.code == 0
    assert done.out == "hello from needs-bad\nneeds-bad goes\n"
    assert_told(done, 0, "bad", "cleanup", "plugin.py:")


def test_fault_40_things_are_left_over(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    left = """
        import subprocess, threading, time
        threading.Thread(target=time.sleep, args=(60,), name="sleeper", daemon=True).start()
        self.opened = open(__file__)
        self.child = subprocess.Popen(["sleep", "20"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return True
        """
    folder = make_bad(make_plugin, home, bad_plugin(initialise=left))
    assert localagent("bad").code == 0
    assert_told(localagent("plugins", "test", folder), 1, "LA606", "sleeper", "LA609", "LA610")


def test_fault_41_settings_are_changed_by_a_plugin(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    change = """
        context.config.plugins["good"]["config"]["who"] = "stolen"
        context.config.plugins["bad"]["config"]["mine"] = "changed"
        print(context.config.plugins["good"]["config"], context.config.plugins["bad"]["config"])
        return True
        """
    make_bad(make_plugin, home, bad_plugin(initialise=change))
    sections = {"good": {"enabled": True, "config": {"who": "me"}}, "bad": {"enabled": True, "config": {"mine": 1}}}
    (home / "config.yaml").write_text(json.dumps({"plugins": sections}))
    assert localagent("bad").out.strip() == "{'who': 'me'} {'mine': 1}"


PROVIDERS = {
    "none": "return None",
    "junk": "return 'text'",
    "endless": "import asyncio; await asyncio.sleep(60)",
}


@pytest.mark.parametrize("kind", PROVIDERS)
def test_fault_42_provider_gives_no_answer(kind: str, localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    whole = 'return CompletionResponse.from_dict({"text": self.word + request.to_dict()["prompt"]})'
    make_plugin("echo-provider", ECHO_PROVIDER.replace(whole, PROVIDERS[kind]))
    enable(home, "echo-provider", providers={"echo-provider": {"word": "x"}}, budgets={"completion": 1.0, **HURRY})
    done = localagent("ask", "hi", "--no-stream", "--provider", "echo-provider")
    assert_told(done, 5 if kind == "endless" else 1, "echo-provider")


def test_fault_42_provider_dies_within_its_answer(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    dies = ECHO_PROVIDER.replace(
        "            yield piece", "            yield piece\n            raise OSError('gone')"
    )
    make_plugin("echo-provider", dies)
    enable(home, "echo-provider", providers={"echo-provider": {"word": "begun"}})
    done = localagent("ask", "hi", "--provider", "echo-provider")
    assert_told(done, 1, "incomplete", "echo-provider")
    assert done.out == "begun\n"


@pytest.mark.parametrize(("code", "exits"), [(429, 5), (401, 2)], ids=["rate limit", "bad key"])
def test_fault_43_service_refuses(code: int, exits: int, localagent: Run, home: Path) -> None:
    with running() as server:
        server.answer("/v1/chat/completions", status(code, {"error": {"message": "no"}}, retry_after="0"))
        settings = {"base_url": server.url + "/v1", "api_key": "sk-canary-4711"}
        enable(home, providers={"openai-compatible": settings})
        done = localagent("ask", "hi", "--model", "m")
    assert_told(done, exits, "openai-compatible")
    assert "sk-canary-4711" not in done.text
    assert 1 <= len(server.asked) <= 5


def test_fault_43_connection_is_refused(localagent: Run, home: Path) -> None:
    enable(home, providers={"openai-compatible": {"base_url": "http://127.0.0.1:1/v1", "api_key": "sk-canary-4711"}})
    done = localagent("ask", "hi", "--model", "m")
    assert_told(done, 5, "openai-compatible", "base_url")
    assert "sk-canary-4711" not in done.text


UI = """
from localagent import UIPlugin

class ThePlugin(UIPlugin):
    name = "bad"

    def get_ui_components(self):
        return {"raises": self.raises, "text": lambda data: str(data)}

    def raises(self, data):
        raise ValueError("no [red]chart[/red]")
"""


def test_fault_44_drawing_fails(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    make_bad(make_plugin, home, UI)
    done = localagent("ui", "show", "raises", "--width", "200")
    assert done.code == 1
    assert "Traceback" not in done.text
    assert "no [red]chart[/red]" in done.err
    assert localagent("ui", "show", "raises", "--width", "1").code == 1


def test_fault_44_untrusted_text_is_no_markup(localagent: Run, make_plugin: MakePlugin, home: Path, work: Path) -> None:
    make_bad(make_plugin, home, UI)
    (work / "data.json").write_text('["[bold]loud[/bold]", "\\u001b[2J"]')
    done = localagent("ui", "show", "text", "--data", "data.json")
    assert done.code == 0, done.text
    assert "[bold]loud[/bold]" in done.out
    assert "\x1b" not in done.out


@pytest.mark.parametrize(
    "kind",
    [
        "a step of a workflow raises",
        "the host is killed in a step of a workflow",
        "the host is killed in a step that must not be repeated",
    ],
)
def test_fault_45_workflow_goes_on_from_the_step_that_went_wrong(kind: str, tmp_path: Path) -> None:
    assert list(try_sequel(kind, tmp_path)) == []


def test_fault_46_handler_fails_three_times_in_a_row(tmp_path: Path) -> None:
    """That who kills the process is kept out across sessions is the matter of fault 29."""
    assert list(try_sequel("a handler fails three times in a row", tmp_path)) == []
