"""Faults 22 to 33: a plugin that cannot be found, or does something wrong as it is imported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.told import BAD_MANIFEST, GOOD, HURRY, assert_told, assert_works, bad_plugin, enable, make_bad
from generated import PLUGIN_GROUP, Distribution, consent, entry_point, install
from plain import MakePlugin, Run, command_plugin

pytestmark = pytest.mark.slow


@pytest.fixture
def fails_at_import(localagent: Run, make_plugin: MakePlugin, home: Path) -> Callable[..., None]:
    """Tries a plugin ``bad`` with this first code: its command says these words and gives 3, a healthy one works."""

    def fails(code: str, *words: str) -> None:
        make_bad(make_plugin, home, f"{code}\n{command_plugin('bad')}")
        enable(home, GOOD, "bad", budgets=HURRY)
        assert_told(localagent("bad"), 3, "bad", *words)
        assert_works(localagent)

    return fails


def test_fault_22_unreadable_entry_points_of_somebody_else(
    localagent: Run, make_plugin: MakePlugin, home: Path, tmp_path: Path
) -> None:
    make_plugin(GOOD)
    enable(home, GOOD)
    install(tmp_path / "site", [Distribution("stranger", b"\xff\xfe\x00broken")])
    env = {"PYTHONPATH": str(tmp_path / "site")}
    assert localagent(GOOD, env=env).out == "hello from good\n"
    assert "stranger" in localagent("doctor", env=env).text


def test_fault_23_entry_point_without_a_value(
    localagent: Run, make_plugin: MakePlugin, home: Path, tmp_path: Path
) -> None:
    """A line that names no object is nobody's plugin, so its name is as any unknown one."""
    make_plugin(GOOD)
    enable(home, GOOD)
    install(tmp_path / "site", [Distribution("bad", entry_point(PLUGIN_GROUP, "bad", ""))])
    env = {"PYTHONPATH": str(tmp_path / "site")}
    assert_told(localagent("bad", env=env), 2, "there is no command 'bad'")
    assert "entry_points.txt:2" in localagent("doctor", env=env).text


@pytest.mark.parametrize("target", ["..evil:x", "nowhere_at_all:X", "json:Nowhere"])
def test_fault_23_entry_point_names_nothing(target: str, localagent: Run, home: Path, tmp_path: Path) -> None:
    install(tmp_path / "site", [Distribution("bad", entry_point(PLUGIN_GROUP, "bad", target))])
    consent(home, ["bad"])
    done = localagent("bad", env={"PYTHONPATH": str(tmp_path / "site")})
    assert_told(done, 3, "entry_points.txt:2")


def test_fault_24_missing_dependency(fails_at_import: Callable[..., None]) -> None:
    fails_at_import("import not_there_at_all", "needs the module 'not_there_at_all'", "pip install not_there_at_all")


def test_fault_25_syntax_error(fails_at_import: Callable[..., None]) -> None:
    fails_at_import("def broken(:", "plugin.py:1", "SyntaxError")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise ValueError('it went wrong')", "it went wrong"),
        ("def f(): f()\nf()", "RecursionError"),
        ("bytearray(1 << 60)", "MemoryError"),
    ],
    ids=["raise", "recursion", "memory"],
)
def test_fault_26_exception_at_import(code: str, words: str, fails_at_import: Callable[..., None]) -> None:
    fails_at_import(code, "plugin.py:1", words)


@pytest.mark.parametrize("code", ["raise SystemExit(0)", "import sys; sys.exit(9)", "raise KeyboardInterrupt"])
def test_fault_27_system_exit_at_import(code: str, fails_at_import: Callable[..., None]) -> None:
    """That a real Ctrl-C gives 130 is the matter of fault 90."""
    fails_at_import(code, "plugin.py:1")


@pytest.mark.parametrize("code", ["import time; time.sleep(60)", "while True: pass"], ids=["hang", "busy loop"])
def test_fault_28_hang_at_import(code: str, fails_at_import: Callable[..., None]) -> None:
    fails_at_import(code, "import", "plugin.py:1", "1 s")


@pytest.mark.parametrize("code", ["import os; os._exit(0)", "import ctypes; ctypes.string_at(0)"])
def test_fault_29_process_ends_at_import(code: str, fails_at_import: Callable[..., None]) -> None:
    """The process that ends is the preflight's, so the host does not die even once."""
    fails_at_import(code, "import")


def test_fault_29_process_ends_in_the_host(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    make_bad(make_plugin, home, bad_plugin(initialise="import os; os._exit(7)"))
    assert localagent("bad").code == 7
    assert_told(localagent("bad"), 3, "quarantined", "initialise", "localagent plugins enable bad")
    assert_works(localagent)


def test_fault_30_print_at_import(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    make_bad(make_plugin, home, f"print('noise')\n{command_plugin('bad')}")
    assert localagent("bad").out == "hello from bad\n"
    listed = localagent("plugins", "list", "--json")
    assert "bad" in json.dumps(json.loads(listed.out))
    assert "noise" in "".join(log.read_text() for log in (home / "logs").rglob("*") if log.is_file())


def test_fault_31_two_plugins_with_one_command(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    make_plugin("one", command_plugin("one").replace('@app.command("one")', '@app.command("same")'))
    make_plugin("two", command_plugin("two").replace('@app.command("two")', '@app.command("same")'))
    enable(home, "one", "two")
    done = localagent("same")
    assert (done.code, done.out) == (0, "hello from one\n")
    assert "shadowed command two:same: 'same' belongs to one" in localagent("plugins", "list").err
    assert localagent("two:same").out == "hello from two\n"


def test_fault_31_plugin_shadows_a_built_in(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    make_plugin("one", command_plugin("one").replace('@app.command("one")', '@app.command("doctor")'))
    enable(home, "one")
    assert "interpreter" in localagent("doctor").out
    assert localagent("one:doctor").out == "hello from one\n"


DISTURBING = """
import io, logging, os, signal, sys
os.chdir("/")
signal.signal(signal.SIGINT, signal.SIG_IGN)
logging.basicConfig(stream=io.StringIO(), force=True)
sys.stdout.close()
"""


def test_fault_32_process_is_disturbed_at_import(
    localagent: Run, make_plugin: MakePlugin, home: Path, work: Path
) -> None:
    command = "import os, signal; print(os.getcwd(), signal.getsignal(signal.SIGINT) is not signal.SIG_IGN)"
    folder = make_bad(make_plugin, home, DISTURBING + command_plugin("bad", command=command))
    assert localagent("bad").out == f"{work} True\n"
    (folder / "plugin-manifest.yaml").write_text(BAD_MANIFEST)
    told = localagent("dev", "validate", folder)
    assert [line for line in (3, 4, 5) if f"plugin.py:{line}:" in told.out] == [3, 4, 5], told.text


def test_fault_33_circle_of_dependencies(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    for name, needed in (("one", "two"), ("two", "one"), ("three", "absent")):
        source = command_plugin(name).replace("version =", f'dependencies = ["{needed}"]\n    version =')
        make_plugin(name, source)
    make_plugin(GOOD)
    enable(home, GOOD, "one", "two", "three")
    assert_told(localagent("one"), 3, "one", "two", "circle")
    assert_told(localagent("three"), 3, "'absent'", "not found")
    assert_works(localagent)
