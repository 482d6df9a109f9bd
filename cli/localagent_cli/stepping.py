"""Going through a workflow phase by phase on a terminal, as development mode asks for."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from localagent_cli import output
from localagent_cli.asking import harmless

if TYPE_CHECKING:
    from localagent.services.development import Development
    from localagent.workflows.stepping import Step, Stepper

LINES = 30
"""Lines of data that are shown unless all are asked for."""

_PROMPT = "Enter runs it, a shows all of this, c runs the rest without stopping, q stops here:"


def stepper(development: Development) -> Stepper | None:
    """What asks before each phase; None where development mode does not want that, or nobody can be asked."""
    if not development.step_debugging:
        return None
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        output.tell("note: workflow.enable_step_debugging stops only on a terminal; no phase waits for you")
        return None
    return _Terminal().step


class _Terminal:
    """Shows what each phase is given and what it gave, and stops before each until it is told otherwise."""

    def __init__(self) -> None:
        self._goes_on = False

    async def step(self, step: Step) -> bool:
        """Show a step, and ask if it is one before a phase."""
        if step.state:
            _show(f"phase {step.phase}: {step.state}, and gave", step.data)
            return True
        if self._goes_on:
            return True
        _show(f"phase {step.phase}: is given", step.data)
        while True:
            output.tell(_PROMPT)
            match await _line():
                case "":
                    return True
                case "a":
                    _show(f"phase {step.phase}: is given", step.data, limit=None)
                case "c":
                    self._goes_on = True
                    return True
                case "q" | None:
                    return False
                case other:
                    output.tell(f"'{other}' is none of them")


def _show(title: str, data: Any, *, limit: int | None = LINES) -> None:
    """Data as JSON below a line; at most `limit` lines of it."""
    lines = json.dumps(data, indent=2, ensure_ascii=False, default=str).splitlines()
    more = [f"... {len(lines) - limit} more lines"] if limit is not None and len(lines) > limit else []
    output.tell(harmless("\n".join([title, *(f"  {line}" for line in (*lines[:limit], *more))])))


async def _line() -> str | None:
    """The next line of standard input, while the event loop goes on; None at its end."""
    loop, descriptor = asyncio.get_running_loop(), sys.stdin.fileno()
    typed: asyncio.Future[bytes] = loop.create_future()

    def read() -> None:
        loop.remove_reader(descriptor)
        typed.set_result(os.read(descriptor, 4096))

    loop.add_reader(descriptor, read)
    try:
        answer = await typed
    finally:
        loop.remove_reader(descriptor)
    return answer.decode(errors="replace").strip().lower() if answer else None
