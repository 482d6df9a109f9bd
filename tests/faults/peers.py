"""The same faults put to hosts of other makers, at import, and what became of their healthy plugins."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from faults.catalogue import Fault
from faults.plugins import DISTURBANCES, FAULTY, HEALTHY
from faults.processes import Finished, run
from generated import Distribution, entry_point, install, package_of

LIMIT = 8.0
"""Seconds after which a peer counts as hanging; they start in one."""

_LLM = """
import llm


@llm.hookimpl
def register_commands(cli):
    @cli.command(name="{name}")
    def the_command():
        greet()
"""

_STEVEDORE = """
class ThePlugin:
    def hello(self):
        greet()
"""

_NPE2 = """
def hello():
    greet()
"""

_GREET = """
from {package}.disturbed import disturbances


def greet():
    print("disturbed:" if list(disturbances()) else "hello from", "{name}", *disturbances(), flush=True)
"""

_STEVEDORE_PROGRAM = """
import sys
from stevedore import ExtensionManager

manager = ExtensionManager("demonstration", invoke_on_load=True)
for name in sys.argv[1:]:
    manager[name].obj.hello()
"""

_NPE2_PROGRAM = """
import sys
import traceback
from npe2 import PluginManager

manager = PluginManager.instance()
manager.discover()
for name in sys.argv[1:]:
    try:
        manager.commands.execute(f"{name}.hello")
    except Exception:
        traceback.print_exc()
"""

_NAPARI = """\
name: {name}
display_name: {name}
schema_version: 0.2.1
contributions:
  commands:
    - id: {name}.hello
      title: Greet somebody
      python_name: {package}:hello
"""


Make = Callable[[str, dict[str, str], str, str], Distribution]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another host.

    Attributes:
        source: of a plugin's module, where ``{name}`` and ``{package}`` are filled in.
        make: a distribution from its name, its files, and module (below its package) and attribute where those are
            not the usual ones.
        runs: the command lines that load all plugins and run the healthy ones.
        listing: the command line that lists plugins; None where there is none.
    """

    name: str
    source: str
    make: Make
    runs: Sequence[Sequence[str]]
    listing: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class PeerOutcome:
    """What a peer made of a fault.

    Attributes:
        works: whether every healthy plugin worked in the first run, and in the second.
        disturbed: whether healthy plugins ran, but found changed what they rely on.
        named: whether it said which plugin it was, be it in a trace.
        code: the exit code of its first run; None where it hung.
    """

    works: tuple[bool, bool]
    disturbed: bool
    named: bool
    code: int | None

    def __str__(self) -> str:
        if all(self.works):
            return "works"
        ended = "hangs" if self.code is None else f"code {self.code}"
        return f"{'disturbed' if self.disturbed else 'DOWN'}, {ended}, {'named' if self.named else 'not named'}"


def peers(folder: Path) -> list[Peer]:
    """Those that are installed below `folder`, each in an environment of its own."""

    def program(name: str, script: str = "python") -> str:
        return str(folder / name / "bin" / script)

    llm, stevedore, npe2 = program("llm", "llm"), program("stevedore"), program("npe2")
    known = [
        Peer(
            "llm",
            _LLM,
            functools.partial(_pointed, "llm", ""),
            [[llm, name] for name in HEALTHY],
            [llm, "plugins"],
        ),
        Peer(
            "stevedore",
            _STEVEDORE,
            functools.partial(_pointed, "demonstration", "ThePlugin"),
            [[stevedore, "-c", _STEVEDORE_PROGRAM, *HEALTHY]],
            None,
        ),
        Peer(
            "npe2",
            _NPE2,
            _napari,
            [[npe2, "-c", _NPE2_PROGRAM, HEALTHY[0], FAULTY, *HEALTHY[1:]]],
            [program("npe2", "npe2"), "list"],
        ),
    ]
    return [peer for peer in known if Path(program(peer.name)).exists()]


def try_peer(peer: Peer, fault: Fault, folder: Path) -> PeerOutcome:
    """Put one fault at import to a peer."""
    site = folder / "site"
    install(site, [_healthy(peer, HEALTHY[0]), _faulty(peer, fault), _healthy(peer, HEALTHY[1])])
    return _observe(peer, site, folder)


def try_stranger_with(peer: Peer, stranger: Distribution, folder: Path) -> PeerOutcome:
    """Put a broken distribution of somebody else beside a peer's healthy plugins."""
    site = folder / "site"
    install(site, [*(_healthy(peer, name) for name in HEALTHY), stranger])
    return _observe(peer, site, folder, culprit=stranger.name)


def _observe(peer: Peer, site: Path, folder: Path, culprit: str = FAULTY) -> PeerOutcome:
    work = folder / "work"
    work.mkdir()
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
    env = kept | {"HOME": str(folder), "PYTHONPATH": str(site), "EXPECTED_FOLDER": str(work)}
    runs = [[run(command, env=env, cwd=work, limit=LIMIT) for command in peer.runs] for _ in range(2)]
    listed = [run(peer.listing, env=env, cwd=work, limit=LIMIT)] if peer.listing else []
    works = [_all_hello(each) and all(done.code == 0 for done in listed) for each in runs]
    texts = [done.text for each in runs for done in each]
    named = any(re.search(rf"\b{culprit}\b", text) for text in texts)
    return PeerOutcome(
        (works[0], works[1]),
        any(re.search("^disturbed:", text, re.MULTILINE) for text in texts),
        named,
        _worst(runs[0]),
    )


def _all_hello(runs: Sequence[Finished]) -> bool:
    lines = [line for done in runs for line in done.out.splitlines()]
    return all(f"hello from {name}" in lines for name in HEALTHY)


def _worst(runs: Sequence[Finished]) -> int | None:
    codes = [done.code for done in runs]
    return None if None in codes else max((code for code in codes if code is not None), key=abs)


def _healthy(peer: Peer, name: str) -> Distribution:
    return peer.make(name, _files(peer, name, ""), "", "")


def _faulty(peer: Peer, fault: Fault) -> Distribution:
    package = package_of(FAULTY)
    code = fault.code if fault.at_import is None else fault.at_import
    module, _, attribute = fault.target.removeprefix("{package}").partition(":")
    wrong = attribute if attribute != "ThePlugin" else ""
    return peer.make(FAULTY, _files(peer, FAULTY, code.replace("{package}", package)), module, wrong)


def _files(peer: Peer, name: str, code: str) -> dict[str, str]:
    package = package_of(name)
    source = "\n".join(_filled(part, name) for part in (_GREET, peer.source))
    return {f"{package}/__init__.py": f"{code}\n{source}", f"{package}/disturbed.py": DISTURBANCES}


def _pointed(group: str, usual: str, name: str, files: dict[str, str], module: str, attribute: str) -> Distribution:
    """A distribution whose entry point names a module, or something in it."""
    object_path = f":{attribute or usual}" if attribute or usual else ""
    return Distribution(name, entry_point(group, name, f"{package_of(name)}{module}{object_path}"), files)


def _napari(name: str, files: dict[str, str], module: str, attribute: str) -> Distribution:
    """A distribution whose manifest names a function."""
    package = package_of(name)
    manifest = _filled(_NAPARI, name).replace(f"{package}:hello", f"{package}{module}:{attribute or 'hello'}")
    entry = entry_point("napari.manifest", name, f"{package}:napari.yaml")
    return Distribution(name, entry, files | {f"{package}/napari.yaml": manifest})


def _filled(text: str, name: str) -> str:
    return text.replace("{name}", name).replace("{package}", package_of(name))
