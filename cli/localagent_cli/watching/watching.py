"""One run of ``dev watch``: a host in which plugins live, and what is done about each save."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from localagent.errors import LocalAgentError, UsageError
from localagent.host import uncached
from localagent.host.identity import is_plugin_folder
from localagent.host.reloading.following import load_anew, reload_settled
from localagent_cli import output
from localagent_cli.exit_codes import DONE
from localagent_cli.watching.debugger import HOST
from localagent_cli.watching.events import Event, lines_of
from localagent_cli.watching.touched import test_files, touched_tests
from localagent_cli.watching.warm_tests import WarmTests, output_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from localagent.host.reloading.outcome import Reload
    from localagent_cli.app import LocalAgentCLI
    from localagent_cli.watching.warm_tests import Tested

    Show = Callable[[Event], object]

_AGAIN = 1.0
"""Seconds after which a reload that was postponed is tried again."""
_RELOAD, _TEST, _QUIT = "r", "t", "q"


def roots_of(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The plugins that paths name: each itself, or all that lie in it.

    Raises:
        UsageError: there is none.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError("there is no such file or folder", file=path, fix="localagent dev watch PATH")
        here = path.resolve()
        own = [here] if here.is_file() or is_plugin_folder(here) else _plugins_in(here)
        if not own:
            raise UsageError("there is no plugin here", file=path, fix="localagent dev create-plugin NAME command")
        found += own
    return tuple(dict.fromkeys(found))


def watch_plugins(
    cli: LocalAgentCLI, roots: Sequence[Path], command: Sequence[str], *, as_json: bool, debugger: int | None = None
) -> int:
    """Watch until somebody says that it is enough; gives the exit code.

    Args:
        cli: as `Watching`.
        roots: as `Watching`.
        command: as `Watching`.
        as_json: whether events are told as JSON.
        debugger: the port at which a debugger may come in.
    """
    from localagent_cli.watching.keys import pressed

    try:
        with _showing(as_json=as_json) as show:
            if debugger is not None:
                show(Event("debuggable", "", {"host": HOST, "port": debugger}))
            cli.host.loop.run(Watching(cli, roots, show, command).run(pressed))
    finally:
        cli.close()
    return DONE


class Watching:
    """What is done about saves, one after the other.

    Args:
        cli: the command line whose host the plugins live in.
        roots: the folders, or single files, of the plugins.
        show: told of all that happens.
        command: run after each save, unless it is empty.
    """

    def __init__(self, cli: LocalAgentCLI, roots: Sequence[Path], show: Show, command: Sequence[str] = ()) -> None:
        self._cli = cli
        self._plugins = cli.plugin_manager
        self._roots = roots
        self._show = show
        self._command = tuple(command)
        self._names: dict[Path, set[str]] = {root: set() for root in roots}
        self._jobs: asyncio.Queue[str | frozenset[Path]] = asyncio.Queue()
        self._tests = WarmTests()
        self._runs: list[asyncio.Task[Tested]] = []
        self._checks: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._is_free = asyncio.Event()

    async def run(self, keys: Callable[[Callable[[str], object]], contextlib.AbstractContextManager[object]]) -> None:
        """Watch until ``q`` is pressed or this is cancelled.

        Args:
            keys: given what to call with each key; what it gives is entered as long as keys count.
        """
        from localagent.host.reloading.saves import Saves

        for root in self._roots:
            uncached.read_from_source(root)
        saves = Saves(self._roots)
        for root in self._roots:
            await self._load(root)
            self._show(Event("watching", root.name, {"path": str(root)}))
        collecting = asyncio.create_task(self._collect(saves), name="dev watch: saves")
        try:
            with keys(self._jobs.put_nowait):
                await self._tests.start()
                await self._work(collecting)
        finally:
            self._stop.set()
            self._is_free.set()
            await self._end(collecting)

    async def _collect(self, saves: Any) -> None:
        async for batch in saves.batches(self._stop):
            self._jobs.put_nowait(batch)
            # What is saved meanwhile comes together in the next one.
            await self._is_free.wait()
            self._is_free.clear()

    async def _work(self, collecting: asyncio.Task[None]) -> None:
        collecting.add_done_callback(lambda _: self._jobs.put_nowait(_QUIT))
        while (job := await self._jobs.get()) != _QUIT:
            await self._stop_checks()
            if job == _TEST:
                runs = {root: await self._begin_tests(root, test_files(root)) for root in self._roots}
                self._check(runs, findings=False)
            elif job == _RELOAD:
                for root in self._roots:
                    await self._take_up(root, None)
            elif isinstance(job, frozenset):
                await self._saved(job)
                self._is_free.set()
        if collecting.done():
            collecting.result()

    async def _saved(self, files: frozenset[Path]) -> None:
        tested: dict[Path, asyncio.Task[Tested] | None] = {}
        for root in self._roots:
            own = [file for file in sorted(files) if file.is_relative_to(root)]
            if not own:
                continue
            names = [str(file.relative_to(root)) if file != root else root.name for file in own]
            self._show(Event("saved", root.name, {"files": names}))
            tests = set(test_files(root))
            # Beside the reload: another process runs them.
            run = await self._begin_tests(root, touched_tests(root, own))
            is_up = tests.issuperset(own) or await self._take_up(root, _sources(own, tests))
            if is_up or any(file.suffix != ".py" for file in own):
                tested[root] = run if is_up else None
        if tested:
            self._check(tested)

    async def _take_up(self, root: Path, files: Sequence[Path] | None) -> bool:
        """Have the plugins of a folder run what is there now; whether they do."""
        loaded = self._plugins.loaded_plugins
        names = sorted(name for name in self._names[root] if name in loaded)
        if not names:
            return await self._load(root)
        outcome = await reload_settled(self._plugins, names, files)
        self._show(Event(_kind(outcome), names[0], outcome.to_dict()))
        if outcome.is_postponed:
            asyncio.get_running_loop().call_later(_AGAIN, self._jobs.put_nowait, _RELOAD)
        return outcome.is_done

    async def _load(self, root: Path) -> bool:
        """Load the plugins of a folder, as far as they can be; whether all are."""
        are_all = True
        specs = [spec for spec in (await self._plugins.discover_plugins()).values() if spec.source.root == root]
        for spec in specs:
            self._names[root].add(spec.name)
            problem = await load_anew(self._plugins, spec, self._plugins.host.situation)
            if problem is None:
                self._show(Event("loaded", spec.name, {}))
            else:
                are_all = False
                self._show(Event("failed", spec.name, {"problem": _as_dict(problem)}))
        return are_all

    async def _begin_tests(self, root: Path, files: Sequence[Path]) -> asyncio.Task[Tested] | None:
        """Begin to run tests; the next save ends them."""
        if not files:
            return None
        run = asyncio.create_task(self._tests.run(root, files), name="dev watch: tests")
        self._runs.append(run)
        # They are asked for before this thread is busy with anything else.
        await asyncio.sleep(0)
        return run

    def _check(self, tested: dict[Path, asyncio.Task[Tested] | None], *, findings: bool = True) -> None:
        """Begin to tell what takes longer than a reload; the next save ends it."""
        self._checks = asyncio.create_task(self._checked(tested, findings=findings), name="dev watch: checks")

    async def _checked(self, tested: dict[Path, asyncio.Task[Tested] | None], *, findings: bool) -> None:
        for root, run in tested.items():
            if not root.is_dir():
                continue
            if findings:
                self._show(Event("findings", root.name, {"findings": await asyncio.to_thread(_findings, root)}))
            if run is not None:
                self._show(Event("tested", root.name, (await run).to_dict()))
        if findings and self._command:
            self._show(Event("ran", "", await self._ran()))

    async def _ran(self) -> dict[str, Any]:
        """Run the command in a process of its own, which the next save may end whatever it does."""
        home = ("--home", str(self._plugins.host.home.path))
        command = (
            sys.executable,
            "-m",
            "localagent_cli",
            *home,
            "dev",
            "run",
            str(self._roots[0]),
            "--",
            *self._command,
        )
        code, printed = await output_of(*command)
        return {"command": list(self._command), "code": code, "output": printed}

    async def _stop_checks(self) -> None:
        are_tests_left = any(not run.done() for run in self._runs)
        over = await self._cancel_checks()
        if are_tests_left:
            # Tests that hang are ended with the process they run in.
            await self._tests.stop()
            await self._tests.start()
        for task in over:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _cancel_checks(self) -> list[asyncio.Task[Any]]:
        """What was begun after the last save, which is over now."""
        over = [*self._runs, *([] if self._checks is None else [self._checks])]
        self._runs, self._checks = [], None
        for task in over:
            task.cancel()
        if over:
            await asyncio.wait(over)
        return over

    async def _end(self, collecting: asyncio.Task[None]) -> None:
        await asyncio.wait({collecting})
        await self._cancel_checks()
        await self._tests.stop()


def _plugins_in(folder: Path) -> list[Path]:
    return sorted(child.resolve() for child in folder.iterdir() if child.is_dir() and is_plugin_folder(child))


def _sources(files: Iterable[Path], tests: Collection[Path]) -> list[Path]:
    return [file for file in files if file.suffix == ".py" and file not in tests]


def _kind(outcome: Reload) -> str:
    if outcome.unloaded:
        return "unloaded"
    if outcome.is_done:
        return "reloaded"
    return "postponed" if outcome.is_postponed else "refused"


def _as_dict(problem: LocalAgentError) -> dict[str, Any]:
    return {
        "stage": getattr(problem, "step", ""),
        "message": problem.message,
        "file": str(problem.file) if problem.file is not None else None,
        "line": problem.line,
        "column": problem.column,
        "fix": problem.fix,
    }


def _findings(root: Path) -> list[dict[str, Any]]:
    """What the rules find in a plugin, but for mere notes."""
    from localagent_cli.validating import validate_paths

    reports = validate_paths([root]) if root.exists() else []
    found = [finding.to_dict() for report in reports for finding in report.diagnostics]
    return [finding for finding in found if finding["severity"] != "note"]


def _showing(*, as_json: bool) -> contextlib.AbstractContextManager[Show]:
    if as_json:
        return contextlib.nullcontext(lambda event: _say(json.dumps(event.to_dict(), ensure_ascii=False)))
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        from localagent_cli.watching.board import board

        return board()
    return contextlib.nullcontext(lambda event: _say("\n".join(lines_of(event))))


def _say(text: str) -> None:
    if text:
        output.show(text)
        sys.stdout.flush()
