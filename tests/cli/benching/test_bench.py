"""``dev bench`` as a command: figures, budgets, baseline, and the end on Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from plain import GREETER_MANIFEST, command_plugin

if TYPE_CHECKING:
    from pathlib import Path

    from plain import Run

QUICK = ("--runs", "1", "--rounds", "2")


@pytest.fixture
def greeter(work: Path) -> Path:
    """A plugin with a budget that it keeps."""
    folder = work / "greeter"
    folder.mkdir()
    source = command_plugin("greeter").replace("ThePlugin", "Greeter")
    (folder / "plugin.py").write_text(source)
    (folder / "plugin-manifest.yaml").write_text(GREETER_MANIFEST)
    (folder / "pyproject.toml").write_text("[tool.localagent.budgets]\nimport_ms = 60_000\n")
    return folder


def test_figures_are_told_as_table_and_as_json(greeter: Path, localagent: Run) -> None:
    done = localagent("dev", "bench", "greeter", *QUICK)
    assert done.code == 0, done.err
    assert done.out.startswith("What greeter costs; called: greeter --help")
    assert done.out.endswith("PASSED: greeter\n")
    assert done.err.splitlines() == ["greeter: run 1 of 1 ...", "greeter: 2 rounds of disable and enable ..."]
    (plugin,) = json.loads(localagent("dev", "bench", "greeter", *QUICK, "--json").out)["plugins"]
    assert [figure["key"] for figure in plugin["figures"]] == [
        "import_ms",
        "initialise_ms",
        "first_call_ms",
        "p95_ms",
        "memory_mb",
        "leak_kb",
    ]
    assert len(plugin["memory"]) == 2


def test_a_budget_that_is_exceeded_fails(greeter: Path, localagent: Run) -> None:
    (greeter / "pyproject.toml").write_text("[tool.localagent.budgets]\nimport_ms = 0.001\n")
    done = localagent("dev", "bench", "greeter", *QUICK)
    assert done.code == 1
    assert done.out.endswith("FAILED: greeter (import and construct is over budget)\n")


def test_a_regression_fails_only_where_that_is_asked_for(greeter: Path, localagent: Run, work: Path) -> None:
    assert localagent("dev", "bench", "greeter", *QUICK, "--save", "--baseline", "then.json").code == 0
    told = json.loads((work / "then.json").read_text())
    told["plugins"]["greeter"]["import_ms"] = 0.001
    (work / "then.json").write_text(json.dumps(told))
    plugin = greeter / "plugin.py"
    plugin.write_text(f"import time\ntime.sleep(0.1)\n{plugin.read_text()}")
    words = ("dev", "bench", "greeter", *QUICK, "--baseline", "then.json")
    assert localagent(*words).code == 0
    assert localagent(*words, "--fail-on-regression", "--tolerance", "1e9").code == 0
    done = localagent(*words, "--fail-on-regression")
    assert done.code == 1
    assert "import and construct has regressed" in done.out


def test_without_a_baseline_nothing_can_regress(greeter: Path, localagent: Run) -> None:
    done = localagent("dev", "bench", "greeter", *QUICK, "--fail-on-regression")
    assert done.code == 2
    assert "fix: localagent dev bench --save" in done.err


def test_a_budget_that_is_none_is_told_with_its_place(greeter: Path, localagent: Run) -> None:
    (greeter / "pyproject.toml").write_text("[tool.localagent.budgets]\nimport_m = 10\n")
    done = localagent("dev", "bench", "greeter", *QUICK)
    assert done.code == 2
    assert f"error {greeter / 'pyproject.toml'}: [tool.localagent.budgets] has no key 'import_m'" in done.err
    assert "import_ms" in done.err


def test_a_plugin_that_does_not_become_ready_is_told(greeter: Path, localagent: Run, work: Path) -> None:
    (greeter / "plugin.py").write_text("\nimport no_such_module\n")
    done = localagent("dev", "bench", "greeter", *QUICK)
    assert done.code == 3
    assert f"{greeter / 'plugin.py'}:2" in done.err
    (work / "empty").mkdir()
    assert localagent("dev", "bench", "empty", *QUICK).code == 3
    assert localagent("dev", "bench", "nowhere", *QUICK).code == 2


def test_ctrl_c_ends_the_processes_that_measure(greeter: Path, home: Path, work: Path) -> None:
    pid = work / "pid"
    plugin = greeter / "plugin.py"
    plugin.write_text(
        f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(3)\n{plugin.read_text()}"
    )
    measuring = subprocess.Popen([sys.executable, "-m", "localagent_cli", "dev", "bench", "greeter", *QUICK])
    while not pid.exists() or not pid.read_text():
        assert measuring.poll() is None
        time.sleep(0.1)
    measuring.send_signal(signal.SIGINT)
    assert measuring.wait(60) == 130
    for _ in range(200):
        if not psutil.pid_exists(int(pid.read_text())):
            break
        time.sleep(0.05)
    assert not psutil.pid_exists(int(pid.read_text()))
