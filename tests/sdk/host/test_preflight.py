"""What plugins do at import in a preflight stays there and is charged to the right one."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from localagent.host.budgets import Budgets
from localagent.host.preflight import Preflight, preflight
from localagent.host.records import Record
from localagent.host.situation import HostOptions, Situation
from localagent.host.survey import survey
from plain import MakePlugin, command_plugin

BUDGETS = Budgets(import_=1.5, preflight=6)

ENDINGS = {
    "sys-exit": ("import sys; sys.exit(0)", "asked the whole process to exit (SystemExit(0))"),
    "os-exit": ("import os; os._exit(0)", "it ended the process with code 0"),
    "says-why": ("import os; print('no licence'); os._exit(3)", "it ended the process with code 3: no licence"),
    "killed": ("import os; os.kill(os.getpid(), 9)", "it crashed the process (SIGKILL), perhaps for lack of memory"),
    "crash": ("import ctypes; ctypes.string_at(0)", "it crashed the process (SIGSEGV)"),
    "asleep": ("import time; time.sleep(100)", "took longer than 1.5 s and was stopped"),
    "keyboard": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "recursion": ("def again(): again()\nagain()", "RecursionError"),
}
PLACED = {"os-exit", "says-why", "sys-exit", "crash", "asleep", "keyboard", "recursion"}


def records_of(home: Path, names: list[str], budgets: Budgets = BUDGETS) -> dict[str, Record]:
    situation = Situation.read(HostOptions(home=home))
    plugins = survey(situation).plugins
    found = preflight([plugins[name].spec for name in names], situation.home, budgets)
    return {spec.name: record for spec, record in found.items()}


def test_each_failure_is_charged_to_its_plugin_and_the_others_go_on(
    home: Path, work: Path, make_plugin: MakePlugin
) -> None:
    names = ["healthy-1", *ENDINGS, "healthy-2"]
    for name in names:
        make_plugin(name, f"{command_plugin(name)}\n{ENDINGS.get(name, ('', ''))[0]}\n")
    records = records_of(home, names)
    assert list(records) == names
    for name, (_, cause) in ENDINGS.items():
        failure = records[name].failure
        assert failure is not None, name
        assert failure.step == "import"
        assert cause in failure.message
        file = str(home / "plugins" / name / "plugin.py")
        lines = len(command_plugin(name).splitlines())
        assert failure.where.startswith(f"{file}:{lines + 2}" if name in PLACED else file), failure
    for name in ("healthy-1", "healthy-2"):
        assert [command.name for command in records[name].commands or ()] == [name]
        assert records[name].failure is None


@pytest.mark.parametrize("step", ["construct", "register"])
@pytest.mark.parametrize(
    ("code", "cause"),
    [("import os; os._exit(0)", "it ended the process"), ("import ctypes; ctypes.string_at(0)", "(SIGSEGV)")],
    ids=["exit", "crash"],
)
def test_a_death_is_told_with_the_step_it_happened_in_and_its_line(
    home: Path, work: Path, make_plugin: MakePlugin, step: str, code: str, cause: str
) -> None:
    source = command_plugin("bad")
    method = "def register_commands(self, app):" if step == "register" else "def __init__(self):"
    rest = "" if step == "register" else "\n    def register_commands(self, app):"
    source = source.replace("    def register_commands(self, app):", f"    {method}\n        {code}{rest}", 1)
    make_plugin("bad", source)
    failure = records_of(home, ["bad"])["bad"].failure
    assert failure is not None
    assert failure.step == step
    assert failure.message.startswith(f"{step}: ")
    assert cause in failure.message
    line = source.splitlines().index(f"        {code}") + 1
    assert failure.where == f"{home}/plugins/bad/plugin.py:{line}"


def test_code_that_keeps_the_interpreter_lock_is_ended_and_its_line_told(
    home: Path, work: Path, make_plugin: MakePlugin
) -> None:
    """No signal handler runs there, so only the watchdog of faulthandler can tell the line."""
    mutex = "import ctypes; lock = ctypes.PyDLL(None).pthread_mutex_lock; mutex = ctypes.create_string_buffer(64)"
    stubborn = f"{mutex}; lock(mutex); lock(mutex)\n"
    make_plugin("stubborn", stubborn + command_plugin("stubborn"))
    make_plugin("healthy")
    began = time.monotonic()
    records = records_of(home, ["stubborn", "healthy"], Budgets(import_=0.5, preflight=6))
    assert time.monotonic() - began < 6
    failure = records["stubborn"].failure
    assert failure is not None
    assert failure.message == "import: it was not done after 0.5 s, and could not be stopped"
    assert failure.where == f"{home}/plugins/stubborn/plugin.py:1"
    assert records["healthy"].failure is None


def test_a_bomb_that_one_plugin_left_is_not_charged_to_the_next(
    home: Path, work: Path, make_plugin: MakePlugin
) -> None:
    bomb = "import os, threading\nthreading.Timer(0.05, lambda: os._exit(1)).start()\n"
    make_plugin("bomber", command_plugin("bomber") + bomb)
    make_plugin("victim", command_plugin("victim") + "import time\ntime.sleep(0.3)\n")
    assert records_of(home, ["bomber", "victim"])["victim"].failure is None


def test_what_is_printed_goes_to_the_plugins_log(home: Path, work: Path, make_plugin: MakePlugin) -> None:
    noise = "import os, sys\nprint('from python')\nos.write(2, b'from below\\n')\n"
    make_plugin("noisy", noise + command_plugin("noisy"))
    assert records_of(home, ["noisy"])["noisy"].failure is None
    assert (home / "logs" / "noisy.log").read_text() == "from python\nfrom below\n"


def test_processes_a_plugin_started_do_not_outlive_the_preflight(
    home: Path, work: Path, make_plugin: MakePlugin
) -> None:
    note = work / "pid"
    left = f"import subprocess\nopen({str(note)!r}, 'w').write(str(subprocess.Popen(['sleep', '100']).pid))\n"
    make_plugin("parent", command_plugin("parent") + left)
    records_of(home, ["parent"])
    for _ in range(100):
        if not _is_running(int(note.read_text())):
            return
        time.sleep(0.02)
    pytest.fail("the process is still there")


def test_a_record_tells_costs_dependencies_and_topics(home: Path, work: Path, make_plugin: MakePlugin) -> None:
    source = command_plugin("costly").replace("version =", "dependencies = ['other']\n    version =")
    slow = "import time\ntime.sleep(0.2)\nload = bytearray(30_000_000)\n"
    make_plugin("costly", source + slow)
    record = records_of(home, ["costly"])["costly"]
    assert record.dependencies == ("other",)
    assert [cost.step for cost in record.costs] == ["import", "construct", "register"]
    assert record.seconds >= 0.2
    assert record.costs[0].memory > 20_000_000


def test_it_ends_at_once_when_it_is_stopped(home: Path, work: Path, make_plugin: MakePlugin) -> None:
    import threading

    make_plugin("asleep", command_plugin("asleep") + "import time\ntime.sleep(100)\n")
    situation = Situation.read(HostOptions(home=home))
    run = Preflight([survey(situation).plugins["asleep"].spec], situation.home, Budgets(import_=50, preflight=60))
    threading.Timer(0.3, run.stop).start()
    began = time.monotonic()
    assert run.records() == {}
    assert time.monotonic() - began < 3


def test_many_plugins_share_a_few_processes(home: Path, work: Path, make_plugin: MakePlugin) -> None:
    names = [f"plugin-{number}" for number in range(20)]
    for name in names:
        make_plugin(name, command_plugin(name) + f"import os\nopen({str(work)!r} + f'/{{os.getpid()}}', 'a')\n")
    records = records_of(home, names)
    assert list(records) == names
    assert all(record.failure is None for record in records.values())
    assert len(list(work.iterdir())) <= 4


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z" and os.path.exists(f"/proc/{pid}")  # noqa: PTH110 - a path of the kernel's
