"""The faults: what a plugin does wrong, and at which step of its life."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

STEPS = ("import", "construct", "initialise", "command", "cleanup")


class Kind(Enum):
    """What a fault does to the process in which nobody stops it."""

    RAISES = "raises"
    KILLS = "kills"
    HANGS = "hangs"
    MISBEHAVES = "goes on, having changed what others rely on"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a plugin does wrong.

    Attributes:
        code: statements that do it; ``{package}`` stands for the plugin's package.
        at_import: statements that do it when the module is imported, where they differ.
        target: what the entry point names when it is wrong in itself; then the module is sound.
    """

    name: str
    kind: Kind
    code: str
    at_import: str | None = None
    target: str = "{package}:ThePlugin"


FAULTS = (
    Fault("missing attribute", Kind.RAISES, "import json\njson.nowhere", at_import="", target="{package}:Nowhere"),
    Fault("missing dependency", Kind.RAISES, "import not_installed_anywhere"),
    Fault(
        "missing module",
        Kind.RAISES,
        "import {package}.nowhere",
        at_import="",
        target="{package}.nowhere:ThePlugin",
    ),
    Fault("syntax error", Kind.RAISES, "import {package}.torn", at_import="def broken(:"),
    Fault("raise", Kind.RAISES, "raise ValueError('it went wrong')"),
    Fault("recursion", Kind.RAISES, "def deeper(): return deeper() + 1\ndeeper()"),
    Fault("MemoryError", Kind.RAISES, "bytearray(1 << 60)"),
    Fault("print", Kind.MISBEHAVES, "print('noise')"),
    Fault("SystemExit(0)", Kind.RAISES, "raise SystemExit(0)"),
    Fault("exit(3)", Kind.RAISES, "import sys\nsys.exit(3)"),
    Fault("KeyboardInterrupt", Kind.RAISES, "raise KeyboardInterrupt"),
    Fault("os._exit(0)", Kind.KILLS, "import os\nos._exit(0)"),
    Fault("segfault", Kind.KILLS, "import ctypes\nctypes.string_at(0)"),
    Fault("hang", Kind.HANGS, "import os, time\nos.write(1, b'began\\n')\ntime.sleep(3600)"),
    Fault(
        "busy loop that swallows",
        Kind.HANGS,
        "import os\nos.write(1, b'began\\n')\nwhile True:\n    try:\n        while True:\n            pass\n"
        "    except BaseException:\n        continue",
    ),
    Fault("chdir", Kind.MISBEHAVES, "import os\nos.chdir('/')"),
    Fault("closed stdout", Kind.MISBEHAVES, "import sys\nsys.stdout.close()"),
    Fault(
        "signal handlers stolen",
        Kind.MISBEHAVES,
        "import signal\nfor each in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):\n"
        "    signal.signal(each, signal.SIG_IGN)",
    ),
    Fault(
        "logging and stdout replaced",
        Kind.MISBEHAVES,
        "import io, logging, sys\nlogging.basicConfig(stream=io.StringIO(), force=True)\nsys.stdout = io.StringIO()",
    ),
)
