"""The child of a preflight: meets one plugin and writes down what it saw."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from localagent.errors import PluginFailed
from localagent.host.guard import Guard
from localagent.host.host import Host
from localagent.host.ledger import Ledger
from localagent.host.loading import load
from localagent.host.preparing import prepare
from localagent.host.records import Record
from localagent.host.registering import register
from localagent.host.situation import HostOptions
from localagent.host.spec import Flaw, PluginSpec


def main() -> None:
    """Answer the request named on the command line; the process ends without running what plugins left for exit."""
    request, answer = map(Path, sys.argv[2:4])
    asked = json.loads(request.read_text(encoding="utf-8"))
    record = observe(PluginSpec.from_dict(asked["spec"]), Path(asked["home"]))
    temporary = answer.with_suffix(".new")
    temporary.write_text(json.dumps(record.to_dict()), encoding="utf-8")
    temporary.replace(answer)
    sys.stdout.flush()
    os._exit(0)


def observe(spec: PluginSpec, home: Path) -> Record:
    """Import, construct and register a plugin of a host that does nothing else."""
    host = Host.open(HostOptions(home=home))
    guard, ledger = Guard(spec.name, spec.code_root), Ledger()
    began = time.perf_counter()
    try:
        plugin = load(spec, guard)
        dependencies = guard.call("construct", lambda: tuple(map(str, plugin.dependencies)))
        seconds = time.perf_counter() - began
        prepare(plugin, host, guard, ledger)
    except PluginFailed as failure:
        return Record(failure=flaw_of(failure))
    try:
        registration = register(plugin, host, guard, ledger)
    except PluginFailed as failure:
        # Some plugins can register only after they were initialised, which a preflight does not do; then what the
        # manifest declares is all that is known, and without it there is nothing to call them by.
        flaw = None if spec.commands else flaw_of(failure)
        return Record(dependencies=dependencies, failure=flaw, seconds=seconds)
    return Record(registration.commands, dependencies, registration.offers, seconds=seconds)


def flaw_of(failure: PluginFailed) -> Flaw:
    """A plugin's failure as it is kept: where it happened and how to mend it."""
    return Flaw(failure.step, failure.message, failure.place if failure.file else "", failure.fix or "")
