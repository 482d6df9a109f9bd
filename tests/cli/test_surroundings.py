"""Whatever the surroundings are like, a command ends with the right exit code, a sentence, and no traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PLUGIN = """
import os, subprocess, sys, threading, time
from localagent import CommandPlugin

class Plugin(CommandPlugin):
    name = "odd"

    def register_commands(self, app):
        @app.command("say")
        def say(what: str = "fine", lines: int = 1, name: str = ""):
            for _ in range(lines):
                print(what, name)

        @app.command("many", help="Say much with rich.")
        def many():
            from rich.console import Console
            for _ in range(20000):
                Console().print("[bold]much")

        @app.command("question")
        def question():
            input("why? ")

        @app.command("own-pipe")
        def own_pipe():
            child = subprocess.Popen(["true"], stdin=subprocess.PIPE)
            child.wait()
            child.stdin.write(b"x")
            child.stdin.flush()

        @app.command("thread")
        def thread():
            threading.Thread(target=time.sleep, args=(60,), name="sleeper").start()
            print("started")

        @app.command("where")
        def where():
            print([os.fstat(number) is not None for number in range(3)])

        @app.command("block")
        async def block():
            time.sleep(1.6)

        @app.command("fork")
        def fork():
            import multiprocessing, time
            child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
            child.start()
            child.terminate()
            child.join()
            time.sleep(2)
            print("child", child.exitcode)
"""
NO_HOME = """
import pwd, runpy, sys
def nobody(uid):
    raise KeyError(uid)
pwd.getpwuid = nobody  # a user that the database does not know, as in many containers
runpy.run_module("localagent_cli", run_name="__main__")
"""
NARROW = {"COLUMNS": "20"}
ASCII = {"PYTHONIOENCODING": "ascii"}
LATIN_1 = {"PYTHONIOENCODING": "latin-1"}
C = {"LC_ALL": "C"}
PLAIN_C = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
FULL = "No space left on device"


@dataclass(frozen=True)
class Place:
    """A home with a plugin, and a folder to work in."""

    home: Path
    work: Path

    def environment(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOCALAGENT_", "PYTHON"))}
        kept |= {"LOCALAGENT_HOME": str(self.home), "COLUMNS": "100"}
        return {name: value for name, value in {**kept, **changes}.items() if value is not None}

    def run(self, case: Case) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *case.start, *case.words]
        if case.line:
            line = case.line.replace("LOCALAGENT", f"{sys.executable} -m localagent_cli")
            command = ["bash", "-c", line, "bash", *case.words]
        if case.unprivileged and os.geteuid() == 0:
            command = [*WITHOUT_OVERRIDE, *command]
        return subprocess.run(
            command,
            env=self.environment(case.env),
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=60,
            check=False,
        )


WITHOUT_OVERRIDE = [
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
]
"""For root, whom permissions do not concern otherwise."""


@dataclass(frozen=True)
class Case:
    """One command in one kind of surroundings, and what it must come to."""

    name: str
    words: Sequence[str]
    code: int = 0
    out: str = ""
    err: str = ""
    env: Mapping[str, str | None] = field(default_factory=dict)
    line: str = ""
    start: tuple[str, ...] = ("-m", "localagent_cli")
    unprivileged: bool = False


def unknown_user(name: str, *words: str, code: int = 0, out: str = "", err: str = "") -> Case:
    nothing = {"HOME": None, "LOCALAGENT_HOME": None}
    return Case(f"no home: {name}", words, code, out, err, env=nothing, start=("-c", NO_HOME))


def no_place(name: str, *words: str, code: int = 0, err: str = "", home: str = "/dev/null") -> Case:
    return Case(f"{home}: {name}", words, code, err=err, env={"HOME": home, "LOCALAGENT_HOME": None})


def read_only(name: str, *words: str, code: int = 0, out: str = "", err: str = "") -> Case:
    return Case(f"read-only: {name}", words, code, out, err, env={"LOCALAGENT_HOME": "READ_ONLY"}, unprivileged=True)


CASES = [
    unknown_user("help", "--help", out="Usage: localagent"),
    unknown_user("list", "plugins", "list", err="no plugin was found"),
    unknown_user("where", "config", "path", out="/dev/null/.localagent/config.yaml"),
    unknown_user("doctor", "doctor", code=1, out="set LOCALAGENT_HOME"),
    unknown_user("set", "config", "set", "a.b", "1", code=5, err="/dev/null/.localagent/config.yaml: cannot write"),
    no_place("help", "--help"),
    no_place("list", "plugins", "list"),
    no_place("set", "config", "set", "a.b", "1", code=5, err="cannot write: Not a directory"),
    no_place("trust", "dev", "trust", ".", code=5, err="cannot write: Not a directory"),
    no_place("set", "config", "set", "a.b", "1", code=5, err="cannot write", home="/proc"),
    read_only("help", "--help", out="say"),
    read_only("list", "plugins", "list", out="odd"),
    read_only("info", "plugins", "info", "odd", out="odd"),
    read_only("command", "say", out="fine"),
    read_only("set", "config", "set", "a.b", "1", code=5, err="config.yaml: cannot write: Permission denied"),
    read_only("enable", "plugins", "enable", "odd", code=5, err="plugins.lock: cannot write"),
    read_only("disable", "plugins", "disable", "odd", code=5, err="plugins.lock: cannot write"),
    Case("C: help", ["--help"], out="Commands", env=C),
    Case("C: plugin", ["say", "--what", "✓ ä"], env=C),
    Case("ASCII: help", ["--help"], out="+- Commands", env=ASCII),
    Case("ASCII: table", ["plugins", "list"], out="odd", env=ASCII),
    Case("ASCII: a plugin's symbols", ["say", "--what", "✓ →│…ä"], out="ok ->|...?", env=ASCII),
    Case("ASCII: error", ["nö"], 2, err="there is no command 'n\\xf6'", env=ASCII),
    Case("ASCII: unbuffered", ["say", "--what", "✓"], out="ok", env={**ASCII, "PYTHONUNBUFFERED": "1"}),
    Case("latin-1: a plugin's symbols", ["say", "--what", "✗ —"], out="x --", env=LATIN_1),
    Case("C without UTF-8: help", ["--help"], out="Commands", env=PLAIN_C),
    Case("C without UTF-8: error", ["nö"], 2, err="there is no command", env=PLAIN_C),
    Case("a name that is no UTF-8", [], line="LOCALAGENT say --what $'\\xff'", out="\udcff"),
    Case("narrow: help", ["--help"], out="Commands", env=NARROW),
    Case("narrow: table", ["plugins", "list"], out="odd", env=NARROW),
    Case("narrow: error", ["sai"], 2, err="did you mean 'say'", env=NARROW),
    Case("no columns", ["--help"], out="Commands", env={"COLUMNS": "0"}),
    Case("NO_COLOR", ["plugins", "list"], out="odd", env={"NO_COLOR": "1"}),
    Case("TERM=dumb", ["--help"], out="Commands", env={"TERM": "dumb"}),
    Case("no terminal for a question", ["question"], 1, err="EOFError"),
    Case("head: help", [], line="set -o pipefail; LOCALAGENT --help | head -1", out="Usage"),
    Case("head: plugin", [], line="LOCALAGENT say --lines 200000 | head -1; exit ${PIPESTATUS[0]}", out="fine \n"),
    Case("head: rich plugin", [], line="LOCALAGENT many | head -1; exit ${PIPESTATUS[0]}", out="much\n"),
    Case("nobody reads errors", [], 2, line="LOCALAGENT nope 2> >(true)"),
    Case("a pipe of the plugin's own", ["own-pipe"], 1, err="command: BrokenPipeError"),
    Case("full: version", [], 5, line="LOCALAGENT --version >/dev/full", err=FULL),
    Case("full: help", [], 5, line="LOCALAGENT --help >/dev/full", err="cannot write to standard output"),
    Case("full: list", [], 5, line="LOCALAGENT plugins list --json >/dev/full", err=FULL),
    Case("full: table", [], 5, line="LOCALAGENT plugins list >/dev/full", err=FULL),
    Case("full: plugin", [], 5, line="LOCALAGENT say >/dev/full", err="cannot write to standard output"),
    Case("full: much", [], 5, line="LOCALAGENT say --lines 20000 >/dev/full", err="cannot write to standard output"),
    Case("full: unbuffered", [], 5, line="PYTHONUNBUFFERED=1 LOCALAGENT say >/dev/full", err=FULL),
    Case("full: errors", [], 2, line="LOCALAGENT nope 2>/dev/full"),
    Case("closed output", [], line="LOCALAGENT --help >&-"),
    Case("closed output: plugin", [], line="LOCALAGENT say >&-"),
    Case("closed output: table", [], line="LOCALAGENT plugins list >&-"),
    Case("closed errors", [], 2, line="LOCALAGENT nope 2>&-"),
    Case("closed input", [], line="LOCALAGENT say <&-", out="fine"),
    Case("closed everything", [], line="LOCALAGENT where <&- >&- 2>&-"),
    Case("deleted folder: help", [], line="mkdir gone && cd gone && rmdir ../gone && LOCALAGENT --help", out="say"),
    Case("deleted folder: plugin", [], line="mkdir gone && cd gone && rmdir ../gone && LOCALAGENT say", out="fine"),
    Case(
        "deleted folder: create",
        [],
        5,
        line="mkdir gone && cd gone && rmdir ../gone && LOCALAGENT dev create-plugin x-y command",
    ),
    Case("very long word", ["x" * 100_000], 2, err="there is no command 'xxx"),
    Case("very many words", ["say", *["x"] * 20_000], 2, err="unexpected extra argument"),
    Case("words after --", ["--", "say"], out="fine"),
    Case("an option after --", ["--", "--say"], 2, err="--say"),
    Case("a value that starts with -", ["say", "--name", "-x"], out="fine -x"),
    Case("a name that starts with -", ["plugins", "info", "--", "-x"], 3, err="there is no plugin '-x'"),
    Case("an empty word", [""], 2, err="there is no command ''"),
    Case("a line break", ["\n"], 2, err="there is no command"),
    Case("a thread that stays", ["thread"], out="started", err="left running: the thread 'sleeper'"),
    Case("a plugin blocks the loop", ["block"], err="the plugin 'odd' ("),
    Case("a signal for a forked child", ["fork"], out="child -15"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("place")
    place = Place(folder / "home", folder / "work")
    (place.home / "plugins" / "odd").mkdir(parents=True)
    (place.home / "plugins" / "odd" / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    place.work.mkdir()
    (place.home / "config.yaml").write_text("plugins: {odd: {enabled: true}}\n")
    assert place.run(Case("", ["say"])).stdout == "fine \n"
    return place


@pytest.fixture(scope="module")
def read_only_home(place: Place) -> Path:
    """A copy of the home without any permission to write."""
    copy = place.home.parent / "read-only"
    shutil.copytree(place.home, copy)
    for path in (*copy.rglob("*"), copy):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return copy


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_command_copes_with_its_surroundings(place: Place, case: Case, request: pytest.FixtureRequest) -> None:
    if case.unprivileged:
        if os.geteuid() == 0 and shutil.which("setpriv") is None:
            pytest.skip("root writes everywhere, and there is no setpriv to hold it back")
        case = Case(**{**vars(case), "env": {"LOCALAGENT_HOME": str(request.getfixturevalue("read_only_home"))}})
    done = place.run(case)
    assert done.returncode == case.code, done
    assert case.out in done.stdout, done
    assert case.err in done.stderr, done
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    assert "unexpected" not in done.stderr.replace("unexpected extra argument", ""), done.stderr
    assert "\x1b" not in done.stdout + done.stderr, done
    if not case.err and case.code == 0 and "list" not in (*case.words, *case.line.split()):
        assert not done.stderr, done


@pytest.mark.parametrize("env", [NARROW, {**NARROW, **ASCII}], ids=["unicode", "ascii"])
def test_help_keeps_within_twenty_columns(place: Place, env: Mapping[str, str]) -> None:
    page = place.run(Case("", ["--help"], env=env)).stdout
    assert max(map(len, page.splitlines())) <= 20
    assert page.isascii() == (env != NARROW)
