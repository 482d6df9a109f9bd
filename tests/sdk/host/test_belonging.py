"""Tasks and threads that a plugin starts by itself carry its name, end with it, and cannot end the host."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from localagent.host.host import Host
from localagent.host.manager import PluginManager
from localagent.host.situation import HostOptions
from plain import MakePlugin, Run, command_plugin

WithTask = Callable[[str], Path]
TASK = """
import asyncio


async def work():
    {body}


def start():
    global task
    task = asyncio.create_task(work())

"""
THREAD = (
    "import threading; thread = threading.Thread(target=lambda: [][1], name='diligent'); thread.start(); thread.join()"
)


def _enabled(name: str, source: str, make_plugin: MakePlugin, localagent: Run) -> Path:
    folder = make_plugin(name, source)
    assert localagent("plugins", "enable", name).code == 0
    return folder


@pytest.fixture
def with_task(make_plugin: MakePlugin, localagent: Run) -> WithTask:
    """Makes a plugin ``bad`` whose initialise starts a task, and that can wait for a moment."""

    def make(body: str) -> Path:
        source = command_plugin(
            "bad",
            initialise="start(); await asyncio.sleep(0.05); return True",
            command="print('still here')",
        )
        return _enabled("bad", TASK.format(body=body) + source, make_plugin, localagent)

    return make


def test_a_failure_in_a_task_is_told_with_the_plugins_name_and_harms_nobody(
    with_task: WithTask, localagent: Run
) -> None:
    with_task("raise ValueError('nobody waits for me')")
    done = localagent("bad")
    assert (done.code, done.out) == (0, "still here\n")
    assert "bad: work: ValueError: nobody waits for me" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("ending", ["raise SystemExit(0)", "raise KeyboardInterrupt"])
def test_a_task_that_wants_the_process_to_exit_does_not_end_the_host(
    with_task: WithTask, localagent: Run, ending: str
) -> None:
    with_task(ending)
    done = localagent("bad")
    assert (done.code, done.out) == (0, "still here\n"), done.text
    assert "bad: work: " in done.err


def test_tasks_that_a_plugin_made_are_cancelled_when_it_goes(with_task: WithTask, localagent: Run) -> None:
    with_task("try: await asyncio.sleep(60)\n    finally: print('cancelled', flush=True)")
    assert localagent("bad").out == "still here\ncancelled\n"


def test_a_killed_process_is_charged_to_the_plugin_whose_task_ran(with_task: WithTask, localagent: Run) -> None:
    with_task("import os, signal; await asyncio.sleep(0); os.kill(os.getpid(), signal.SIGKILL)")
    assert localagent("bad").code == -9
    listed = {entry["name"]: entry for entry in json.loads(localagent("plugins", "list", "--json").out)}
    assert (listed["bad"]["state"], listed["bad"]["step"]) == ("quarantined", "background")


def test_a_failure_in_a_thread_is_told_in_one_line_with_the_plugins_name(
    make_plugin: MakePlugin, localagent: Run
) -> None:
    folder = _enabled("bad", command_plugin("bad", command=THREAD), make_plugin, localagent)
    done = localagent("bad")
    assert done.code == 0
    assert f"{folder}/plugin.py:" in done.err
    assert "the plugin 'bad' 1.2.3: diligent: background: IndexError: list index out of range" in done.err
    assert "Traceback" not in done.err


def test_a_task_ends_when_its_plugin_goes_and_not_only_with_the_loop(
    with_task: WithTask, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_task("try: await asyncio.sleep(60)\n    finally: print('cancelled', flush=True)")
    host = Host.open(HostOptions(home=home))
    manager = PluginManager(host)

    async def come_and_go() -> None:
        assert await manager.load_plugin("bad")
        assert await manager.unload_plugin("bad")
        await asyncio.sleep(0)

    host.loop.run(come_and_go())
    assert capsys.readouterr().out == "cancelled\n"
    host.loop.run(manager.close())
    host.loop.close()
