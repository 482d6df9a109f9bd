"""Faults 81 to 87: surroundings that a command has to cope with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PureWindowsPath

import pytest

from faults.told import GOOD, assert_told, enable
from localagent.manifest.layout import inside
from localagent.manifest.names import check_name
from plain import Finished, MakePlugin, Run

CLI = (sys.executable, "-m", "localagent_cli")
UNPRIVILEGED = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all") if os.geteuid() == 0 else ()
NOBODY = """
import pwd, runpy
def nobody(uid):
    raise KeyError(uid)
pwd.getpwuid = nobody
runpy.run_module("localagent_cli", run_name="__main__")
"""

Shell = Callable[..., Finished]


@pytest.fixture
def shell(make_plugin: MakePlugin, home: Path, work: Path) -> Shell:
    """Runs a line of bash in which LOCALAGENT is the command line, with a healthy plugin."""
    make_plugin(GOOD)
    enable(home, GOOD)

    def run(line: str, **env: str) -> Finished:
        command = ["bash", "-c", line.replace("LOCALAGENT", " ".join(CLI))]
        told = {**os.environ, "COLUMNS": "100", **env}
        done = subprocess.run(
            command, env=told, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60
        )
        ended = Finished(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
        assert "Traceback" not in ended.text
        assert "\x1b" not in ended.text
        return ended

    return run


def test_fault_81_nobody_at_home(work: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOCALAGENT_", "HOME"))}

    def run(*words: str) -> Finished:
        command = [sys.executable, "-c", NOBODY, *words]
        done = subprocess.run(command, env=kept, cwd=work, capture_output=True, text=True, check=False)
        return Finished(done.returncode, done.stdout, done.stderr)

    assert run("--help").code == 0
    assert_told(run("config", "set", "a.b", "1"), 5, "config.yaml: cannot write", "--home")
    assert_told(run("doctor"), 1, "set LOCALAGENT_HOME")


@pytest.mark.skipif(bool(UNPRIVILEGED) and not shutil.which("setpriv"), reason="root writes everywhere")
def test_fault_82_home_can_only_be_read(shell: Shell, home: Path) -> None:
    for path in (*home.rglob("*"), home):
        path.chmod(0o555 if path.is_dir() else 0o444)
    held_back = " ".join(UNPRIVILEGED)
    assert shell(f"{held_back} LOCALAGENT good").out == "hello from good\n"
    assert_told(shell(f"{held_back} LOCALAGENT config set a.b 1"), 5, f"{home / 'config.yaml'}: cannot write")
    assert_told(shell(f"{held_back} LOCALAGENT plugins disable good"), 5, f"{home / 'plugins.lock'}: cannot write")
    home.chmod(0o755)


@pytest.mark.parametrize(
    "env",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}],
    ids=["ascii", "latin-1", "C"],
)
def test_fault_83_symbols_that_the_terminal_does_not_have(env: dict[str, str], shell: Shell) -> None:
    assert shell("LOCALAGENT --help", **env).code == 0
    assert shell("LOCALAGENT good --who ✓→", **env).code == 0
    assert_told(shell("LOCALAGENT nö", **env), 2, "there is no command")


@pytest.mark.parametrize(
    "env", [{"COLUMNS": "20"}, {"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["narrow", "no colour", "dumb"]
)
def test_fault_84_poor_terminal(env: dict[str, str], shell: Shell) -> None:
    page = shell("LOCALAGENT --help", **env)
    assert page.code == 0
    assert max(map(len, page.out.splitlines())) <= int(env.get("COLUMNS", "100"))
    assert "good" in shell("LOCALAGENT plugins list", **env).out


def test_fault_84_nobody_to_ask(shell: Shell, make_plugin: MakePlugin, work: Path) -> None:
    """Consent is what is missing here, which has an exit code of its own."""
    make_plugin("linked", into=work)
    assert shell("LOCALAGENT plugins install -e linked --yes").code == 0
    assert_told(shell("LOCALAGENT plugins uninstall linked"), 4, "--yes")


def test_fault_85_nobody_reads_the_output(shell: Shell) -> None:
    piped = shell("LOCALAGENT --help | head -1; exit ${PIPESTATUS[0]}")
    assert (piped.code, piped.err) == (0, "")
    assert shell("LOCALAGENT plugins list >&-").code == 0
    assert_told(shell("LOCALAGENT good >/dev/full"), 5, "No space left on device")


@pytest.mark.parametrize(
    "path", ["C:\\secret", "C:secret", "\\\\host\\share\\x", "..\\x", "a\\..\\..\\x", "a" * 300 + "\0"]
)
def test_fault_86_windows_paths_in_a_manifest(path: str, tmp_path: Path) -> None:
    """As pure paths on each platform: no path of Windows leads out of a project on another one either."""
    assert inside(tmp_path, path) is None
    assert PureWindowsPath(path).drive or ".." in PureWindowsPath(path).parts or "\0" in path


@pytest.mark.parametrize("name", ["con", "aux", "nul", "com1", "lpt9"])
def test_fault_86_windows_reserves_names(name: str) -> None:
    assert check_name(name)


def test_fault_86_lines_end_as_on_windows(shell: Shell, home: Path) -> None:
    file = home / "config.yaml"
    file.write_bytes(b"# mine\r\nplugins:\r\n  good:\r\n    enabled: true\r\n")
    assert shell("LOCALAGENT good").out == "hello from good\n"
    assert shell("LOCALAGENT config set a.b 1").code == 0
    assert b"# mine" in file.read_bytes()


def test_fault_87_current_folder_is_gone(shell: Shell) -> None:
    gone = "mkdir gone && cd gone && rmdir ../gone && "
    assert shell(f"{gone} LOCALAGENT good").out == "hello from good\n"
    assert_told(shell(f"{gone} LOCALAGENT dev create-plugin x-y command"), 5)


def test_fault_87_odd_words(localagent: Run, shell: Shell) -> None:
    assert_told(localagent("x" * 100_000), 2, "there is no command")
    assert_told(localagent("good", *["x"] * 20_000), 2, "unexpected extra argument")
    assert localagent("--", "good").out == "hello from good\n"
    assert_told(localagent("plugins", "info", "--", "-x"), 3, "there is no plugin '-x'")
    assert shell("LOCALAGENT good --who -x").out == "hello from -x\n"
