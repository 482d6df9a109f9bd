"""Faults 88 to 93: several processes at once, signals, and resources that run out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.packaging.conftest import Workshop
from faults.told import GOOD, assert_works, bad_plugin, enable, make_bad
from generated import consent, plugin
from generated import install as write_distributions
from localagent.host import consent as consents
from localagent.host import lock
from localagent.services.home import Home
from plain import Finished, MakePlugin, Run, command_plugin

pytestmark = pytest.mark.slow

CLI = (sys.executable, "-m", "localagent_cli")
PATIENCE = 20.0
STAYS = """
open("hangs", "w").close()
import time
time.sleep(60)
"""
GOES = """
async def cleanup(self):
    with open("cleaned", "a") as note:
        note.write("bad ")
"""


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """Processes started in the background of a shell ignore Ctrl-C, and so would their children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


Interrupt = Callable[..., Finished]


@pytest.fixture
def interrupted(localagent: Run, make_plugin: MakePlugin, home: Path, work: Path) -> Interrupt:
    """Sends signals to the command of a plugin that hangs at a step and says when it is let go."""
    assert callable(localagent)

    def run(step: str, *signals: signal.Signals) -> Finished:
        code = {step: STAYS if step == "command" else STAYS + "return True"}
        make_bad(make_plugin, home, bad_plugin(**code, more=GOES))
        command = subprocess.Popen([*CLI, "bad"], cwd=work, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + PATIENCE
        while not (work / "hangs").exists() and time.monotonic() < until:
            time.sleep(0.01)
        for each in signals:
            command.send_signal(each)
            time.sleep(0.05)
        out, err = command.communicate(timeout=PATIENCE)
        return Finished(command.returncode, out, err)

    return run


def test_fault_88_two_enable_at_once(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    names = [f"p{number}" for number in range(4)]
    for name in names:
        make_plugin(name)
    running = [subprocess.Popen([*CLI, "plugins", "enable", name], stderr=subprocess.DEVNULL) for name in names]
    assert [each.wait(60) for each in running] == [0] * 4
    assert {name for name, each in consents.read_consents(Home(home)).items() if each.enabled} == set(names)
    assert_works(localagent, "p3")


def test_fault_88_two_install_at_once(home: Path, tmp_path: Path) -> None:
    made = Workshop(tmp_path)
    wheels = [str(made.plugin_wheel(name)) for name in ("one", "two")]
    words = ("--yes", "--no-enable")
    running = [subprocess.Popen([*CLI, "plugins", "install", wheel, *words]) for wheel in wheels]
    assert {each.wait(60) for each in running} <= {0, 5}
    done = {name for name, each in zip(("one", "two"), running, strict=True) if each.returncode == 0}
    assert set(lock.installed(Home(home))) == done


def test_fault_89_plugin_is_uninstalled_while_it_runs(localagent: Run, home: Path, tmp_path: Path, work: Path) -> None:
    body = "import sys\nif 'demo' in sys.argv:\n    open('began', 'w').close()\n    sys.stdin.readline()\n"
    wheel = Workshop(tmp_path).plugin_wheel(body=body)
    assert localagent("plugins", "install", wheel, "--yes").code == 0
    # Its import goes on for as long as it takes to uninstall it.
    assert localagent("config", "set", "budgets.import", "60").code == 0
    running = subprocess.Popen([*CLI, "demo"], cwd=work, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    until = time.monotonic() + PATIENCE
    while not (work / "began").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert localagent("plugins", "uninstall", "demo", "--yes").code == 0
    out, _ = running.communicate("\n", timeout=PATIENCE)
    assert (running.returncode, out) == (0, "demo 1.0\n")
    assert not lock.installed(Home(home))


@pytest.mark.parametrize("step", ["initialise", "command"])
@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_fault_90_ctrl_c(times: int, step: str, interrupted: Interrupt, work: Path) -> None:
    done = interrupted(step, *[signal.SIGINT] * times)
    assert done.code == 130, done
    assert "Traceback" not in done.text
    assert (work / "cleaned").read_text() == "bad "


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP], ids=["term", "hangup"])
def test_fault_91_request_to_end(sent: signal.Signals, interrupted: Interrupt, work: Path) -> None:
    done = interrupted("command", sent)
    assert done.code == 143, done
    assert "Traceback" not in done.text
    assert (work / "cleaned").read_text() == "bad "


@pytest.mark.parametrize(
    "code",
    ["self.kept = [open(__file__) for _ in range(10**6)]", "bytearray(1 << 60)", "import re; re.compile('(' * 10**5)"],
    ids=["descriptors", "memory", "recursion"],
)
def test_fault_92_resources_run_out(code: str, localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    make_bad(make_plugin, home, bad_plugin(command=code))
    limited = ["bash", "-c", 'ulimit -n 256; exec "$@"', "bash", *CLI, "bad"]
    done = subprocess.run(limited, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, done
    assert "plugin.py:" in done.stderr
    assert "Traceback" not in done.stderr
    assert_works(localagent)


def test_fault_92_plugin_says_much_at_import(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    """30 MB, as a test has to share its disk."""
    noise = "import sys\nfor _ in range(30):\n    sys.stdout.write('x' * 1_000_000)\n"
    make_bad(make_plugin, home, noise + command_plugin("bad"))
    assert localagent("bad").out == "hello from bad\n"
    assert sum(file.stat().st_size for file in home.rglob("*") if file.is_file()) < 2_000_000
    assert "characters are left out" in (home / "logs" / "bad.log").read_text("utf-8")


def test_fault_93_many_plugins(localagent: Run, home: Path, tmp_path: Path) -> None:
    """That the time grows with their number no faster than it may is the matter of the benchmarks."""
    names = [f"p{number:04}" for number in range(1000)]
    write_distributions(tmp_path / "site", map(plugin, names))
    consent(home, names)
    env = {"PYTHONPATH": str(tmp_path / "site")}
    assert len(json.loads(localagent("plugins", "list", "--json", env=env).out)) >= 1000
    assert localagent("p0999", env=env).out == "hello from p0999\n"


def test_fault_93_many_log_lines(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    many = "for number in range(20_000):\n    self.context.logger.info('line %s %s', number, 'x' * 500)"
    make_bad(make_plugin, home, bad_plugin(initialise="self.context = context\nreturn True", command=many))
    enable(home, GOOD, "bad")
    assert localagent("bad", env={"LOCALAGENT_LOG_LEVEL": "ERROR"}).code == 0
    sizes = [file.stat().st_size for file in (home / "logs").rglob("*") if file.is_file()]
    assert max(sizes) < 10_500_000
