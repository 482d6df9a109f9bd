"""The short way to a command's plugin gives what a look at all plugins would give, or is not taken."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localagent.host.fingerprints import fingerprint
from localagent.host.host import Host
from localagent.host.journal import fingerprint_text, mark_of
from localagent.host.manager import PluginManager
from localagent.host.shortcut import Shortcut
from localagent.host.situation import HostOptions
from localagent.host.survey import survey
from plain import Finished, MakePlugin, Run, command_plugin

pytestmark = pytest.mark.slow

_SETTLING = 0.12
"""Seconds after which a change of files can be told from one made in the same tick of the file clock."""
_USUAL = HostOptions()
_NEEDS = "dependencies = ('below>=1.0',)\n    description ="


@pytest.fixture
def used(make_plugin: MakePlugin, home: Path, localagent: Run) -> Finished:
    """What the command ``greet`` says the second time; its plugin needs another one."""
    make_plugin("greet", command_plugin("greet").replace("description =", _NEEDS))
    make_plugin("below")
    for name in ("greet", "below"):
        _enable(home, name)
    time.sleep(_SETTLING)
    localagent("greet")
    return localagent("greet")


def _manager(home: Path, options: HostOptions = _USUAL) -> PluginManager:
    return PluginManager(Host.open(options._replace(home=home)))


def _enable(home: Path, name: str) -> None:
    _manager(home).enable(name)


def _taken(home: Path, word: str = "greet", options: HostOptions = _USUAL) -> Shortcut | None:
    return _manager(home, options).shortcut_to(word)


def test_a_command_that_was_used_has_a_shortcut_with_all_it_needs(used: Finished, home: Path) -> None:
    # This process has another import path than the command's, so it looks for itself.
    _manager(home).find_command("greet")
    shortcut = _taken(home)
    picture = survey(Host.open(HostOptions(home=home)).situation)
    assert used.out == "hello from greet\n"
    assert shortcut is not None
    assert (shortcut.owner, shortcut.name) == ("greet", "greet")
    assert shortcut.order_of(["greet"]) == picture.order_of(["greet"]) == ("below", "greet")
    for name in ("greet", "below"):
        assert shortcut.loadable(name) == picture.loadable(name)
        assert shortcut.spec_named(name) == picture.spec_named(name)
        assert shortcut.topics_of(name) == picture.topics_of(name)


def _say_no(home: Path) -> None:
    (home / "config.yaml").write_text("plugins: {greet: {enabled: false}}\n")


def _break_the_configuration(home: Path) -> None:
    (home / "config.yaml").write_text("plugins: [\n")


def _disable(home: Path) -> None:
    _manager(home).disable("greet")


def _disable_what_it_needs(home: Path) -> None:
    _manager(home).disable("below")


def _damage_the_lock_file(home: Path) -> None:
    (home / "plugins.lock").write_text("{")


def _edit(home: Path) -> None:
    file = home / "plugins" / "greet" / "plugin.py"
    file.write_text(file.read_text().replace("hello from", "good day from"))


def _edit_what_it_needs(home: Path) -> None:
    file = home / "plugins" / "below" / "plugin.py"
    file.write_text(file.read_text().replace("1.2.3", "0.9"))


def _remove(home: Path) -> None:
    shutil.rmtree(home / "plugins" / "greet")


def _remove_what_it_needs(home: Path) -> None:
    shutil.rmtree(home / "plugins" / "below")


def _quarantine(home: Path) -> None:
    mark = mark_of("greet", "initialise", fingerprint_text(fingerprint(_manager(home).discovered_plugins["greet"])))
    dying = (
        "import os, pathlib, sys; from localagent.host.journal import Journal\n"
        "Journal(pathlib.Path(sys.argv[1])).enter(bytes.fromhex(sys.argv[2])); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", dying, home / "journal", mark.hex()], check=False)


def _let_another_one_claim_the_word(home: Path) -> None:
    # It comes first by its name.
    source = command_plugin("aaa").replace('app.command("aaa")', 'app.command("greet")')
    (home / "plugins" / "aaa").mkdir()
    (home / "plugins" / "aaa" / "plugin.py").write_text(source)
    _enable(home, "aaa")


CHANGES = [
    _say_no,
    _break_the_configuration,
    _disable,
    _disable_what_it_needs,
    _damage_the_lock_file,
    _edit,
    _edit_what_it_needs,
    _remove,
    _remove_what_it_needs,
    _quarantine,
    _let_another_one_claim_the_word,
]


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_after_any_change_the_command_does_as_without_the_shortcut(
    change: Callable[[Path], None], home: Path, tmp_path: Path, localagent: Run
) -> None:
    before = shutil.copytree(home, tmp_path / "before")
    change(home)
    with_shortcut = localagent("greet")
    # The same again in the same place, but nothing is kept.
    shutil.rmtree(home)
    shutil.copytree(before, home)
    change(home)
    _forget(home)
    without = localagent("greet")
    assert _timeless(with_shortcut) == _timeless(without)
    assert with_shortcut.text != "hello from greet\n" or change is _let_another_one_claim_the_word


def _timeless(finished: Finished) -> tuple[int, str]:
    return finished.code, re.sub(r"\d\d:\d\d:\d\d", "", finished.text)


def _forget(home: Path) -> None:
    for index in (home / "cache").glob("index-*"):
        index.unlink()


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize("words", [("--only", "other"), ("--only", "greet"), ("--no-plugins",)], ids=" ".join)
def test_a_run_that_sees_less_does_not_take_it(words: tuple[str, ...], localagent: Run, home: Path) -> None:
    first = localagent(*words, "greet")
    _forget(home)
    assert first == localagent(*words, "greet")
    assert first.code == 3


def test_what_is_named_for_this_run_comes_before_it(used: Finished, home: Path) -> None:
    assert used.code == 0
    _manager(home).find_command("greet")
    assert _taken(home) is not None
    assert _taken(home, options=HostOptions(extra=(home / "plugins" / "greet",))) is None
    assert _taken(home, options=HostOptions(only=frozenset({"greet"}))) is None
    assert _taken(home, options=HostOptions(plugins=False)) is None


def test_a_word_that_two_plugins_want_has_none(used: Finished, home: Path) -> None:
    assert used.code == 0
    _let_another_one_claim_the_word(home)
    time.sleep(_SETTLING)
    for word in ("greet", "greet:greet", "aaa:greet"):
        assert _manager(home).find_command(word) is not None
        assert _taken(home, word) is None


def test_a_damaged_shortcut_is_made_anew(used: Finished, home: Path, localagent: Run) -> None:
    for damage in ("", "{", json.dumps({"content": {}})):
        for file in (home / "cache").glob("index-*-word-*.json"):
            file.write_text(damage)
        assert localagent("greet") == used
        assert _taken(home) is None
        _manager(home).find_command("greet")
        assert _taken(home) is not None
