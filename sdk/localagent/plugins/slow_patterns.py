"""Settings judged in a child process, where a pattern of their schema may take for ever to match them.

Nothing in this process could end it: Python's matching hears no signal and lets no other thread run.
"""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, SystemProblem
from localagent.manifest.wording import dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localagent.diagnostics.pattern_cost import SlowPattern

WITHIN = 1.0
"""Seconds of the processor that judging settings may take."""
_STARTED_WITHIN = 60.0
"""Seconds for all of it, where the machine is busy."""
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from localagent.plugins.slow_patterns import main; main()"
)
_UNJUDGED = "${env:OF_ANOTHER_KIND}"
"""What stands in for values that JSON does not have, which are not judged either."""


def judged_apart(settings: Mapping[str, Any], schema: Mapping[str, Any], slow: SlowPattern) -> list[tuple[Any, ...]]:
    """What in settings breaks their schema, found by a child process: path and message of each.

    Raises:
        ConfigError: it took longer than `WITHIN`; the pattern is at fault.
        SystemProblem: the child process ended otherwise.
    """
    import subprocess

    request = json.dumps([settings, schema], default=lambda _: _UNJUDGED)
    command = [sys.executable, "-c", _BOOT, json.dumps(sys.path)]
    try:
        ended = subprocess.run(
            command,
            input=request,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_STARTED_WITHIN,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _too_slow(slow) from None
    if ended.returncode == -getattr(signal, "SIGPROF", 0):
        raise _too_slow(slow)
    if ended.returncode != 0:
        raise SystemProblem(f"the settings could not be judged: {ended.stderr.strip()[-300:]}")
    return [(tuple(path), message) for path, message in json.loads(ended.stdout)]


def main() -> None:
    """Judge the settings that come on standard input; the system ends this process when it takes too long."""
    from localagent.plugins.config_schema import violations_here

    settings, schema = json.load(sys.stdin)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, WITHIN)
    sys.stdout.write(json.dumps([[each.path, each.message] for each in violations_here(settings, schema)]))


def _too_slow(slow: SlowPattern) -> ConfigError:
    return ConfigError(
        f"the settings schema's pattern {slow.pattern} at '{dotted(slow.path)}' takes longer than {WITHIN:g} s to match"
        " these settings",
        fix="'localagent dev validate' says what is wrong with the pattern; tell the plugin's author",
    )
