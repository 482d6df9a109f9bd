"""Runs tests in forks of a process that has loaded pytest; where there is no fork, in new processes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_OPTIONS = ("-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", "--color=no", "-rfE", "--show-capture=no")
_NO_TESTS = 5
"""pytest's exit code where there is no test to run."""
_LINES = 30
"""Lines of output that are kept of tests that failed."""
_LARGEST = 2**26
"""Bytes of one answer."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of a run of tests.

    Attributes:
        code: pytest's exit code.
        summary: its last line.
        failures: ``test: reason`` of each test that failed.
        tail: the end of what it printed, where something failed.
        seconds: how long it took.
    """

    code: int
    summary: str
    failures: tuple[str, ...]
    tail: str
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether no test failed."""
        return self.code in (0, _NO_TESTS)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON values."""
        return {
            "code": self.code,
            "passed": self.is_good,
            "summary": self.summary,
            "failures": list(self.failures),
            "output": self.tail,
            "ms": round(self.seconds * 1000),
        }


class WarmTests:
    """The process that runs tests; started when it is first needed, or by `start`, and ended by `stop`."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        """Have the process load pytest before it is needed."""
        if self._process is None and hasattr(os, "fork"):
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "localagent_testing.warm",
                stdin=pipe,
                stdout=pipe,
                stderr=asyncio.subprocess.DEVNULL,
                limit=_LARGEST,
                start_new_session=True,
            )

    async def run(self, root: Path, files: Sequence[Path]) -> Tested:
        """Run the tests in some files of a plugin, after those that were asked for before."""
        names = [str(file) for file in files]
        began = time.perf_counter()
        async with self._turn:
            await self.start()
            code, output = await (self._ask(names, root) if self._process is not None else _fresh(names, root))
        return _told(code, output, time.perf_counter() - began)

    async def stop(self) -> None:
        """End the process, and a run under way with it."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            # Its forks are of its group.
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def _ask(self, files: Sequence[str], root: Path) -> tuple[int, str]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return await _fresh(files, root)
        wanted = {"path": str(root), "options": _OPTIONS, "files": files}
        process.stdin.write(json.dumps(wanted).encode() + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
        if not line:
            await self.stop()
            return await _fresh(files, root)
        answer = json.loads(line)
        return answer["code"], answer["output"]


async def _fresh(files: Sequence[str], root: Path) -> tuple[int, str]:
    return await output_of(sys.executable, "-m", "pytest", *_OPTIONS, *files, path=root)


async def output_of(*command: str, path: Path | None = None) -> tuple[int, str]:
    """Run a process that asks nobody anything; gives its exit code and what it printed. If cancelled, it is ended."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=path,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, printed.decode(errors="replace")


def _told(code: int, output: str, seconds: float) -> Tested:
    lines = output.rstrip().splitlines()
    failures = tuple(re.sub(r"^(FAILED|ERROR) ", "", line) for line in lines if re.match(r"(FAILED|ERROR) ", line))
    is_good = code in (0, _NO_TESTS)
    summary = "there are no tests" if code == _NO_TESTS else lines[-1].strip("= ") if lines else f"exit code {code}"
    return Tested(code, summary, failures, "" if is_good else "\n".join(lines[-_LINES:]), seconds)
