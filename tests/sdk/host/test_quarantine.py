"""A plugin that killed or froze the process is kept out from the next start on, and nobody else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localagent.host.host import Host
from localagent.host.journal import Death, Journal, deaths, mark_of
from localagent.host.manager import PluginManager
from localagent.host.quarantine import Quarantine, judge_death
from localagent.host.situation import HostOptions, Situation
from localagent.host.spec import State
from localagent.host.states import Verdict
from localagent.host.survey import survey
from plain import Finished, MakePlugin, Run, command_plugin

pytestmark = pytest.mark.slow

EXIT = "import os; os._exit(7)"
KILL = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
CRASH = "import ctypes; ctypes.string_at(0)"
WAIT = "import time; open('running', 'w').close(); time.sleep(30)"
HOLDS_THE_INTERPRETER = "import itertools; sum(itertools.repeat(0))"
Live = Callable[..., Finished]
Bad = Callable[[str, str], Path]


def _swallowing(levels: int) -> str:
    """A loop that no exception gets out of."""
    body = "while True: time.sleep(30)"
    for _ in range(levels):
        indented = body.replace("\n", "\n        ")
        body = f"while True:\n    try:\n        {indented}\n    except BaseException: pass"
    return f"import time\n{body}"


def _at(step: str, code: str, *, name: str = "bad") -> str:
    """A plugin that runs `code` at a step, but not in the preflight, so that it reaches the host."""
    guarded = f"import os\nif 'LIVE' in os.environ:\n    {code}".replace("\n", "\n        ")
    source = command_plugin(name)
    if step == "initialise":
        return source.replace("        return True", f"        {guarded}\n        return True")
    if step == "command":
        return source.replace(
            "            print(", f"            {guarded.replace(chr(10), chr(10) + '    ')}\n            print("
        )
    method = {"construct": "def __init__(self):", "cleanup": "async def cleanup(self):"}.get(step)
    if method is None:
        return f"{source}\n{guarded.replace(chr(10) + '        ', chr(10))}\n"
    return f"{source}\n    {method}\n        {guarded}\n"


@pytest.fixture
def live(localagent: Run, home: Path) -> Live:
    """Runs a command of plugins in a mood to die, with short budgets."""
    home.mkdir(exist_ok=True)
    (home / "config.yaml").write_text("budgets: {import: 0.5, initialise: 0.5, cleanup: 0.5, grace: 0.1}\n")
    return lambda *words: localagent(*words, env={"LIVE": "1"})


@pytest.fixture
def bad(make_plugin: MakePlugin, home: Path) -> Callable[[str, str], Path]:
    """Makes and enables a plugin ``bad`` that runs some code at a step."""

    def make(step: str, code: str) -> Path:
        folder = make_plugin("bad", _at(step, code))
        _enable(home)
        return folder

    return make


def _enable(home: Path) -> None:
    PluginManager(Host.open(HostOptions(home=home))).enable("bad")


def _verdict(home: Path) -> Verdict:
    return survey(Situation.read(HostOptions(home=home))).plugins["bad"].verdict


@pytest.mark.parametrize("code", [EXIT, CRASH], ids=["exit", "crash"])
@pytest.mark.parametrize("step", ["import", "construct", "initialise", "cleanup"])
def test_who_kills_the_process_in_a_step_of_the_host_is_kept_out(
    live: Live, bad: Bad, home: Path, step: str, code: str
) -> None:
    bad(step, code)
    assert live("bad").code in (7, -signal.SIGSEGV)
    verdict = _verdict(home)
    assert (verdict.state, verdict.step, verdict.fix) == (
        State.QUARANTINED,
        step,
        "localagent plugins enable bad",
    )
    assert ("crashed" if code == CRASH else "os._exit(7)") in verdict.reason
    assert verdict.where.partition("plugin.py:")[2].isdigit()


def test_who_is_kept_out_comes_back_when_enabled_or_changed_and_nobody_else_is_concerned(
    live: Live, bad: Bad, make_plugin: MakePlugin, localagent: Run, home: Path
) -> None:
    make_plugin("good")
    localagent("plugins", "enable", "good")
    folder = bad("initialise", EXIT)
    assert live("bad").code == 7
    again = live("bad")
    assert again.code == 3
    assert "quarantined" in again.err
    assert live("good").out == "hello from good\n"
    listed = {entry["name"]: entry for entry in json.loads(localagent("plugins", "list", "--json").out)}
    assert (listed["bad"]["state"], listed["good"]["state"]) == ("quarantined", "enabled")

    assert localagent("plugins", "enable", "bad").code == 0
    assert localagent("bad").out == "hello from bad\n"
    assert live("bad").code == 7
    (folder / "plugin.py").write_text(command_plugin("bad"))
    assert live("bad").out == "hello from bad\n"


@pytest.mark.parametrize("step", ["import", "construct", "initialise", "cleanup"])
def test_who_cannot_be_stopped_ends_the_process_with_5_and_is_kept_out(
    live: Live, bad: Bad, home: Path, step: str
) -> None:
    bad(step, _swallowing(2).replace("\n", "\n    "))
    stuck = live("bad")
    assert stuck.code == 5, stuck.text
    assert f"the plugin 'bad' 1.2.3, {step}: it took longer than" in stuck.err
    assert "plugin.py:" in stuck.err
    assert _verdict(home).state is State.QUARANTINED


@pytest.mark.parametrize("step", ["import", "initialise"])
def test_who_holds_the_interpreter_ends_the_process_with_1_and_is_kept_out(
    live: Live, bad: Bad, home: Path, step: str
) -> None:
    bad(step, HOLDS_THE_INTERPRETER)
    stuck = live("bad")
    assert stuck.code == 1, stuck.text
    assert "plugin.py" in stuck.err
    assert _verdict(home).state is State.QUARANTINED


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("import", "while True: pass"),
        ("construct", "import time; time.sleep(30)"),
        ("initialise", _swallowing(1)),
        ("cleanup", _swallowing(1)),
    ],
)
def test_who_hangs_is_stopped_and_not_kept_out(live: Live, bad: Bad, home: Path, step: str, code: str) -> None:
    bad(step, code.replace("\n", "\n    "))
    late = live("bad")
    assert late.code == (0 if step == "cleanup" else 3), late.text
    assert "took longer than" in late.err
    assert "plugin.py:" in late.err
    assert _verdict(home).state is State.ENABLED


def test_a_crash_in_a_command_counts_at_once(live: Live, bad: Bad, home: Path) -> None:
    bad("command", CRASH)
    assert live("bad").code == -signal.SIGSEGV
    assert _verdict(home).state is State.QUARANTINED


@pytest.mark.parametrize("code", [EXIT, "import os, threading; threading.Thread(target=os._exit, args=[7]).run()"])
def test_an_exit_past_all_cleanups_in_a_command_counts_at_once_and_is_said(
    live: Live, bad: Bad, home: Path, code: str
) -> None:
    folder = bad("command", code)
    ended = live("bad")
    assert ended.code == 7
    assert "the plugin 'bad' 1.2.3: it ended the process with os._exit(7)" in ended.err
    verdict = _verdict(home)
    assert (verdict.state, verdict.step) == (State.QUARANTINED, "command")
    assert "os._exit(7)" in verdict.reason
    assert verdict.where.startswith(f"{folder}/plugin.py:")


def test_an_exit_in_a_thread_is_not_charged_to_the_plugin_that_runs(
    live: Live, bad: Bad, make_plugin: MakePlugin, localagent: Run, home: Path
) -> None:
    bomb = "import os, threading; threading.Timer(0.2, lambda: os._exit(7)).start()"
    bad("initialise", bomb)
    waiting = command_plugin("waiting", command="import time; time.sleep(30)")
    make_plugin("waiting", waiting.replace("version =", "dependencies = ['bad']\n    version ="))
    localagent("plugins", "enable", "waiting")
    assert live("waiting").code == 7
    verdict = _verdict(home)
    assert (verdict.state, verdict.step) == (State.QUARANTINED, "background")
    assert survey(Situation.read(HostOptions(home=home))).plugins["waiting"].verdict.step != "command"


def test_a_forked_child_may_end_as_it_likes(live: Live, bad: Bad, home: Path) -> None:
    bad("command", "import os; child = os.fork(); child or os._exit(7); os.waitpid(child, 0)")
    done = live("bad")
    assert (done.code, done.out) == (0, "hello from bad\n")
    assert "os._exit" not in done.err
    assert _verdict(home).state is State.ENABLED


def test_an_end_without_a_word_in_a_command_counts_the_second_time_in_a_row(
    live: Live, bad: Bad, home: Path, localagent: Run
) -> None:
    bad("command", KILL)
    assert live("bad").code == -signal.SIGKILL
    assert localagent("bad").out == "hello from bad\n"
    assert live("bad").code == -signal.SIGKILL
    assert _verdict(home).state is State.ENABLED
    assert live("bad").code == -signal.SIGKILL
    assert "2 times in a row" in _verdict(home).reason


def test_becoming_another_program_is_no_death(live: Live, bad: Bad, home: Path) -> None:
    bad("command", "import sys; os.execv(sys.executable, [sys.executable, '-c', 'print(5)'])")
    for _ in range(2):
        assert live("bad").out == "5\n"
    assert _verdict(home).state is State.ENABLED


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_whoever_kills_a_command_says_nothing_against_its_plugin(
    bad: Bad, home: Path, work: Path, number: signal.Signals
) -> None:
    bad("command", WAIT)
    process = subprocess.Popen(
        [sys.executable, "-m", "localagent_cli", "bad"],
        cwd=work,
        env={**os.environ, "LIVE": "1"},
        stderr=subprocess.DEVNULL,
    )
    while not (work / "running").exists():
        time.sleep(0.02)
    process.send_signal(number)
    process.wait(timeout=10)
    assert _verdict(home).state is State.ENABLED


def test_a_clean_end_leaves_nothing_in_the_journal(live: Live, bad: Bad, home: Path) -> None:
    bad("command", "pass")
    assert live("bad").out == "hello from bad\n"
    assert list((home / "journal").iterdir()) == []


def test_the_journal_tells_of_the_innermost_step_of_each_dead_process_once(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        from localagent.host.journal import Journal, mark_of
        journal = Journal(Path(sys.argv[1]))
        journal.enter(mark_of("outer-plugin", "command", "f1"))
        journal.enter(mark_of("in", "handler", "f2"))
        if len(sys.argv) > 2: journal.leave()
        os._exit(0)
        """
    )
    for more in ([], ["leave"]):
        subprocess.run([sys.executable, "-c", script, str(tmp_path), *more], check=True)
    found = [(death.plugin, death.step, death.fingerprint) for death in deaths(tmp_path)]
    assert found == [("in", "handler", "f2"), ("outer-plugin", "command", "f1")]
    assert deaths(tmp_path) == []


def test_a_process_that_lives_is_not_dead_and_a_forked_child_has_no_part_in_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.enter(mark_of("a", "command", "f"))
    child = os.fork()
    if child == 0:
        journal.enter(mark_of("b", "command", "f"))
        os._exit(0)
    os.waitpid(child, 0)
    assert deaths(tmp_path) == []
    journal.leave()
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_a_journal_without_a_place_is_none(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file")
    journal = Journal(tmp_path / "journal")
    journal.enter(mark_of("a", "command", "f"))
    journal.leave()
    journal.close()
    assert deaths(tmp_path / "journal") == []


@pytest.mark.parametrize(
    ("death", "earlier", "in_force"),
    [
        (Death("a", "initialise", "f", 1, 0), None, True),
        (Death("a", "handler of 'x'", "f", 1, 0), None, True),
        (Death("a", "command", "f", 1, 0), None, False),
        (Death("a", "command", "f", 1, 0, crash="Fatal Python error: Aborted"), None, True),
        (Death("a", "command", "f", 1, 0), Quarantine("command", "f", "", ""), True),
        (Death("a", "command", "f", 1, 0), Quarantine("command", "of other files", "", ""), False),
        (Death("a", "command", "f", 1, 0), Quarantine("initialise", "f", "", ""), False),
    ],
)
def test_what_follows_from_a_death(death: Death, earlier: Quarantine | None, *, in_force: bool) -> None:
    assert judge_death(death, earlier).is_in_force is in_force
