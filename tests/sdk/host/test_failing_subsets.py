"""Of any plugins, of which any fail in any way, exactly the failing ones and those that need them are down."""

from __future__ import annotations

import asyncio
import importlib
import logging
import random
import shutil
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from localagent import Host, HostOptions, PluginManager
from localagent.host.budgets import Budgets
from localagent.host.reloading.modules import own_modules
from localagent.host.situation import Situation

BUDGETS = Budgets(import_=1.0, initialise=1.0, cleanup=2.0, grace=0.2, preflight=8)
STEPS = ("import", "construct", "initialise", "register")
WAYS = ("raise", "exit", "hang", "wrong return")

FAULTS = {
    ("raise", "import"): "raise ValueError('at import')",
    ("exit", "import"): "raise SystemExit(3)",
    ("hang", "import"): "time.sleep(60)",
    ("wrong return", "import"): "ThePlugin = 'no class'",
    ("raise", "construct"): "def __init__(self): raise ValueError('constructing')",
    ("exit", "construct"): "def __init__(self): raise SystemExit(3)",
    ("hang", "construct"): "def __init__(self): time.sleep(60)",
    ("wrong return", "construct"): "def __new__(cls): return 5",
    ("raise", "initialise"): "raise ValueError('initialising')",
    ("exit", "initialise"): "sys.exit(3)",
    ("hang", "initialise"): "await asyncio.sleep(60)",
    ("wrong return", "initialise"): "return None",
    ("raise", "register"): "raise ValueError('registering')",
    ("exit", "register"): "sys.exit(3)",
    ("hang", "register"): "time.sleep(60)",
    ("wrong return", "register"): "return ['no', 'mapping']",
}

SOURCE = """
import asyncio, sys, time
from localagent import UIPlugin

def note(word):
    with open({journal!r}, "a") as file:
        file.write("{name} " + word + "\\n")

class ThePlugin(UIPlugin):
    name = "{name}"
    version = "1.0"
    dependencies = {needs}

    {construct}

    async def initialize(self, context):
        note("begins")
        {initialise}
        return True

    async def cleanup(self):
        note("goes")

    def get_ui_components(self):
        {register}
        return {{"{name}-card": print}}

{import}
"""


@dataclass(frozen=True)
class Case:
    """Plugins by name with what they need, and the fault of those that have one."""

    needs: dict[str, tuple[str, ...]]
    faults: dict[str, tuple[str, str]]
    order: tuple[str, ...] = field(default=())

    @classmethod
    def drawn(cls, seed: int) -> Case:
        """The case of a seed; at most two plugins hang, since each takes its limit."""
        dice = random.Random(seed)  # noqa: S311 - a repeatable case, no secret
        names = [f"p{number}" for number in range(dice.randint(1, 8))]
        needs = {
            name: tuple(sorted(dice.sample(names[:number], dice.randint(0, min(number, 2)))))
            for number, name in enumerate(names)
        }
        failing = dice.sample(names, dice.randint(0, len(names) // 2))
        faults = {name: (dice.choice(WAYS), dice.choice(STEPS)) for name in failing}
        hanging = [name for name, (way, _) in faults.items() if way == "hang"]
        faults |= {name: ("raise", faults[name][1]) for name in hanging[2:]}
        dice.shuffle(names)
        return cls(needs, faults, tuple(names))

    @property
    def down(self) -> set[str]:
        """The failing plugins and, directly or not, those that need them."""
        found = set(self.faults)
        for name in self.needs:  # each stands after what it needs
            if found & set(self.needs[name]):
                found.add(name)
        return found


@dataclass(frozen=True)
class Report:
    """What the manager said and what the plugins noted."""

    ready: frozenset[str]
    errors: dict[str, str]
    notes: tuple[str, ...]


def run(case: Case, order: tuple[str, ...], folder: Path, *, is_met_first: bool) -> Report:
    """Load all plugins of a case, made and found in `order`, and let them go."""
    home, journal = folder / "home", folder / "journal"
    for name in order:
        write(home / "plugins" / name, name, case, journal)
    situation = Situation.read(HostOptions(home=home, budgets=BUDGETS), {"LOCALAGENT_PLUGINS_ENABLED": " ".join(order)})
    host = Host(situation)
    manager = PluginManager(host)
    try:
        ready = host.loop.run(load(manager, order, together=is_met_first))
        errors = {name: f"{error.place}: {error.message}" for name, error in manager.errors.items()}
        host.loop.run(manager.close())
        assert manager.host.ui.components == {}
    finally:
        for spec in manager.discovered_plugins.values():
            for name in own_modules(spec):
                del sys.modules[name]
        importlib.invalidate_caches()
        host.loop.close()
    notes = tuple(sorted(journal.read_text().splitlines())) if journal.exists() else ()
    shutil.rmtree(folder)
    return Report(frozenset(ready), errors, notes)


async def load(manager: PluginManager, order: tuple[str, ...], *, together: bool) -> tuple[str, ...]:
    """Load all: together after a preflight of each, or one by one as somebody asks for them, without one."""
    if together:
        return await manager.load_all()
    outcomes = await asyncio.gather(*(manager.require(name) for name in order), return_exceptions=True)
    return tuple(name for name, outcome in zip(order, outcomes, strict=True) if not isinstance(outcome, Exception))


def write(folder: Path, name: str, case: Case, journal: Path) -> None:
    folder.mkdir(parents=True)
    way, failing = case.faults.get(name, ("", ""))
    faults = {step: FAULTS[way, step] if step == failing else "pass" for step in STEPS}
    source = SOURCE.format(name=name, needs=case.needs[name], journal=str(journal), **faults)
    (folder / "plugin.py").write_text(textwrap.dedent(source))


def check(seed: int, folder: Path) -> None:
    case = Case.drawn(seed)
    everyone = set(case.needs)
    first = run(case, tuple(case.needs), folder, is_met_first=True)
    assert everyone - first.ready == case.down, case
    assert set(first.errors) == case.down, case
    for name, (way, step) in case.faults.items():
        if not case.down & set(case.needs[name]):
            assert f"{step}: " in first.errors[name], (case, way, first.errors[name])
    begun = [note.split()[0] for note in first.notes if note.endswith("begins")]
    gone = [note.split()[0] for note in first.notes if note.endswith("goes")]
    assert begun == gone, case
    assert len(set(begun)) == len(begun), case
    assert run(case, case.order, folder, is_met_first=True) == first, case
    assert run(case, case.order, folder, is_met_first=False).ready == first.ready, case


@pytest.fixture(autouse=True)
def _quiet(home: Path, work: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


@pytest.mark.parametrize("seed", range(5))
def test_a_failing_subset_takes_down_exactly_itself_and_its_dependents(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path / "case")


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5, 115))
def test_a_failing_subset_takes_down_exactly_itself_and_its_dependents_long_form(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path / "case")


@pytest.mark.soak
@pytest.mark.parametrize(("way", "step"), FAULTS)
def test_each_fault_alone_is_told_with_its_step(way: str, step: str, tmp_path: Path) -> None:
    case = Case({"p0": (), "p1": ("p0",), "p2": ()}, {"p0": (way, step)})
    for is_met_first in (True, False):
        report = run(case, ("p0", "p1", "p2"), tmp_path / "case", is_met_first=is_met_first)
        assert report.ready == {"p2"}
