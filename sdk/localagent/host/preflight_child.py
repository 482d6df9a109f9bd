"""The child of a preflight: meets plugins one by one and writes down what it saw of each."""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import PluginFailed
from localagent.host import exits
from localagent.host.budgets import Budgets
from localagent.host.costs import Meter
from localagent.host.guard import Guard
from localagent.host.host import Host
from localagent.host.ledger import Ledger
from localagent.host.loading import dependencies_of, load
from localagent.host.places import declaration_of
from localagent.host.preparing import prepare
from localagent.host.records import Record
from localagent.host.registering import register
from localagent.host.situation import HostOptions, Situation
from localagent.host.spec import Flaw, PluginSpec
from localagent.plugins.base import Plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

_SOONER = 0.9
"""The part of a plugin's time after which the child tells where it hangs and ends itself."""


def main() -> None:
    """Answer the request in the folder named on the command line.

    The process ends without running what plugins left for exit.
    """
    folder = Path(sys.argv[2])
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    budgets = Budgets(**request["budgets"])
    situation = Situation.read(HostOptions(home=Path(request["home"]), budgets=budgets, journal=False))
    # What the host has imported anyway is not counted as the first plugin's.
    importlib.import_module("typer.main")
    place = os.open(folder / "place", os.O_WRONLY | os.O_CREAT)
    for position, data in request["specs"].items():
        spec = PluginSpec.from_row(data)
        with _watched(folder, position, situation.budgets.preflight * _SOONER, spec.code_root):
            host = Host(situation)
            record = observe(spec, host, _note_in(place, position))
        _answer(folder / f"{position}.json", host.redactor.redact_value(record.to_dict()))
    os._exit(0)


def observe(spec: PluginSpec, host: Host, note: Callable[[str], None]) -> Record:
    """Import, construct and register a plugin of a host that does nothing else.

    Args:
        spec: the plugin.
        host: a host of its own, so that plugins which offer the same name do not meet.
        note: told the step before it begins.
    """
    guard = Guard(
        spec.name,
        spec.code_root,
        budgets=host.situation.budgets,
        version=spec.version,
        declaration=partial(declaration_of, spec),
    )
    ledger, meter = Ledger(), Meter(note)
    dependencies: tuple[str, ...] = ()
    try:
        plugin = load(spec, guard, meter)
        dependencies = dependencies_of(plugin, guard)
        note("prepare")
        prepare(plugin, spec, host, guard, ledger)
    except PluginFailed as failure:
        return Record(dependencies=dependencies, failure=flaw_of(failure), costs=meter.costs)
    schema = _kept_schema(plugin, host.settings.schema_of(spec.name))
    try:
        with meter.step("register"):
            registration = register(plugin, host, guard, ledger)
    except PluginFailed as failure:
        # Some plugins can register only after they were initialised, which a preflight does not do; then what the
        # manifest declares is all that is known, and without it there is nothing to call them by.
        flaw = None if spec.commands else flaw_of(failure)
        return Record(dependencies=dependencies, failure=flaw, costs=meter.costs, schema=schema)
    topics = tuple(sorted(host.message_bus.subscribers))
    return Record(
        registration.commands,
        dependencies,
        registration.is_provider,
        costs=meter.costs,
        topics=topics,
        schema=schema,
        components=registration.components,
        parts=registration.parts,
    )


def _kept_schema(plugin: Plugin, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema if only the plugin's code knows it, and JSON can say it."""
    if type(plugin).get_config_schema is Plugin.get_config_schema:
        return None
    try:
        kept: dict[str, Any] = json.loads(json.dumps(schema))
    except (TypeError, ValueError, RecursionError):
        return None
    return kept


def flaw_of(failure: PluginFailed) -> Flaw:
    """A plugin's failure as it is kept: where it happened and how to mend it."""
    return Flaw(failure.step, failure.message, failure.place if failure.file else "", failure.fix or "")


@contextlib.contextmanager
def _watched(folder: Path, position: str, limit: float, root: Path | None) -> Generator[None]:
    """Send what is printed to a log, and the stack to another file if the plugin crashes, hangs or ends the process."""
    log = os.open(folder / f"{position}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    with (folder / f"{position}.trace").open("w") as trace:
        faulthandler.enable(trace)
        if root is not None:
            exits.watch(root, lambda _code, _file, _line: faulthandler.dump_traceback(trace, all_threads=False))
        # Works even where a hang is in C code that keeps the interpreter's lock, and no signal handler runs.
        faulthandler.dump_traceback_later(limit, exit=True, file=trace)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            faulthandler.disable()


def _note_in(place: int, position: str) -> Callable[[str], None]:
    """A function that keeps, in one write, which step of which plugin is about to begin."""

    def note(step: str) -> None:
        os.pwrite(place, f"{position} {step}".ljust(40).encode(), 0)

    return note


def _answer(file: Path, record: dict[str, Any]) -> None:
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps(record), encoding="utf-8")
    temporary.replace(file)
