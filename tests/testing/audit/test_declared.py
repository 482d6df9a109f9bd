"""Uses against declarations: what covers what, what needs none, and the line that is missing."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest

from localagent.manifest.model import Permissions
from localagent_testing.audit.declared import Ground, line_to_add, undeclared, unused
from localagent_testing.audit.uses import Use

HOME = Path.home()
PYTHONS, INSTALLED = (sysconfig.get_path(name) for name in ("stdlib", "purelib"))
GROUND = Ground("greeter", Path("/plugins/greeter"), frozenset({Path("/homes/one")}), frozenset({"tried.example"}))


def use(kind: str, does: str, detail: str, line: int = 1) -> Use:
    return Use(kind, does, detail, "event", "plugin.py", line)


COVERED = {
    "a host": (Permissions(network=("api.example.org",)), use("network", "connects to", "api.example.org")),
    "a host of a pattern": (Permissions(network=("*.example.org",)), use("network", "looks up", "api.example.org")),
    "this machine by another name": (Permissions(network=("localhost",)), use("network", "connects to", "127.0.0.1")),
    "any host": (Permissions(network=True), use("network", "connects to", "example.org")),
    "reading": (Permissions(files=("read",)), use("files", "reads", "/etc/hosts")),
    "a folder": (Permissions(files=("~/notes/*",)), use("files", "writes", f"{HOME}/notes/a/b.md")),
    "the folder of a pattern": (Permissions(files=("~/notes/*",)), use("files", "reads", f"{HOME}/notes")),
    "the folder of all below it": (Permissions(files=("~/notes/**",)), use("files", "reads", f"{HOME}/notes")),
    "what lies in a folder": (Permissions(files=("/data",)), use("files", "reads", "/data/a/b")),
    "writing": (Permissions(files=("write",)), use("files", "writes", "/data/a")),
    "a pattern of files": (Permissions(files=("/data/*.csv",)), use("files", "reads", "/data/a.csv")),
    "a program": (Permissions(process=("git",)), use("process", "starts", "git")),
    "Python by its version": (Permissions(process=("python",)), use("process", "starts", "python3.12")),
    "a variable": (Permissions(env=("MY_*",)), use("env", "reads", "MY_KEY")),
    "a library": (Permissions(native=("numpy",)), use("native", "loads", "/lib/numpy/core.so")),
}
UNCOVERED = {
    "another host": (Permissions(network=("example.org",)), use("network", "connects to", "api.example.org")),
    "writing": (Permissions(files=("read",)), use("files", "writes", "/data/a")),
    "reading": (Permissions(files=("write",)), use("files", "reads", "/data/a")),
    "a file beside": (Permissions(files=("/data/a",)), use("files", "reads", "/data/b")),
    "another program": (Permissions(process=("python",)), use("process", "starts", "git")),
    "Python": (Permissions(process=("git",)), use("process", "starts", "python3.12")),
    "another plugin's data": (Permissions(), use("files", "writes", "/homes/one/data/other/a.json")),
    "another plugin's settings": (Permissions(), use("files", "reads", "/homes/one/other.yaml")),
    "a library that was installed": (Permissions(), use("native", "loads", f"{INSTALLED}/numpy/core.so")),
    "a library from anywhere": (Permissions(), use("native", "loads", "/lib/libfoo.so")),
    "a folder beside": (Permissions(files=("~/notes/*",)), use("files", "reads", f"{HOME}/notes-of-others/a")),
    "another sort": (Permissions(network=True), use("process", "starts", "git")),
    "nothing declared": (Permissions(), use("env", "reads", "MY_KEY")),
    "a part of the environment": (Permissions(env=("MY_KEY",)), use("env", "reads", "*")),
}
FREE = {
    "reading its own files": use("files", "reads", "/plugins/greeter/template.txt"),
    "its data in LocalAgent's home": use("files", "writes", "/homes/one/data/greeter/a.json"),
    "its settings in LocalAgent's home": use("files", "reads", "/homes/one/greeter.yaml"),
    "a library of Python's own": use("native", "loads", f"{PYTHONS}/lib-dynload/_socket.so"),
    "its log": use("files", "writes", "/homes/one/logs/greeter.log"),
    "the null device": use("files", "writes", os.devnull),
    "Python's own modules": use("files", "reads", os.__file__),
    "its own settings": use("env", "reads", "LOCALAGENT_GREETER_SIZE"),
    "a host of the settings that it is tried with": use("network", "connects to", "tried.example"),
}
LINES = {
    "network: [a.org, b.org]": (Permissions(network=("a.org",)), use("network", "connects to", "b.org")),
    'network: ["*.a.org", b.org]': (Permissions(network=("*.a.org",)), use("network", "connects to", "b.org")),
    "network: [a*.org, b.org]": (Permissions(network=("a*.org",)), use("network", "connects to", "b.org")),
    "env: [XDG_HOME, A]": (Permissions(env=("XDG_HOME",)), use("env", "reads", "A")),
    'network: ["::1"]': (Permissions(), use("network", "connects to", "::1")),
    "files: [read]": (Permissions(), use("files", "reads", "/data/a")),
    "env: true": (Permissions(env=("A",)), use("env", "reads", "*")),
    "native: true": (Permissions(), use("native", "loads", "libfoo.so")),
    "process: [git]": (Permissions(), use("process", "starts", "git")),
}


@pytest.mark.parametrize("case", COVERED)
def test_a_declared_use_is_covered(case: str) -> None:
    permissions, used = COVERED[case]
    assert undeclared([used], permissions, GROUND) == ()
    assert unused([used], permissions) == ()


@pytest.mark.parametrize("case", UNCOVERED)
def test_another_use_is_not(case: str) -> None:
    permissions, used = UNCOVERED[case]
    assert undeclared([used], permissions, GROUND) == (used,)


@pytest.mark.parametrize("case", FREE)
def test_what_is_anybodys_needs_no_permission(case: str) -> None:
    assert undeclared([FREE[case]], Permissions(), GROUND) == ()


def test_it_may_not_write_its_own_code() -> None:
    written = use("files", "writes", "/plugins/greeter/plugin.py")
    assert undeclared([written], Permissions(), GROUND) == (written,)


@pytest.mark.parametrize("line", LINES)
def test_the_line_to_add_keeps_what_is_declared(line: str) -> None:
    permissions, used = LINES[line]
    assert line_to_add(used, permissions) == line


def test_uses_of_one_permission_are_told_once() -> None:
    uses = [use("files", "reads", "/a", 1), use("files", "reads", "/b", 2), use("files", "writes", "/c", 3)]
    assert undeclared(uses, Permissions(), GROUND) == (uses[0], uses[2])


def test_a_copy_of_the_environment_is_told_and_not_each_variable() -> None:
    uses = [
        use("env", "reads", "*"),
        use("env", "reads", "HOME"),
        use("env", "reads", "PATH"),
        use("env", "sets", "A", 2),
    ]
    assert undeclared(uses, Permissions(), GROUND) == (uses[0], uses[3])


def test_what_nothing_used_is_told_word_by_word() -> None:
    permissions = Permissions(network=("a.org", "b.org"), process=True)
    assert unused([use("network", "connects to", "a.org")], permissions) == (("network", "b.org"), ("process", True))
