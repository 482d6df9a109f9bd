"""Rules LA3: what the code does when it is imported, started, called and stopped."""

from __future__ import annotations

import ast

from localagent.diagnostics.calls import calls_in, full_name, imported_names
from localagent.diagnostics.diagnostic import Severity
from localagent.diagnostics.edits import replacing
from localagent.diagnostics.locating import Located, locate
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.diagnostics.shipped import shipped_sources
from localagent.diagnostics.source import lineage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.diagnostics.calls import Call
    from localagent.diagnostics.project import Project
    from localagent.diagnostics.source import Function, Source

_LIFECYCLE = frozenset({"initialize", "cleanup"})
_HTTP = ("delete", "get", "head", "options", "patch", "post", "put", "request")
_INSTEAD = {
    "input": "ask before the loop runs, or in asyncio.to_thread",
    "os.popen": "await asyncio.create_subprocess_shell(...)",
    "os.system": "await asyncio.create_subprocess_exec(...)",
    "socket.create_connection": "await asyncio.open_connection(...)",
    "time.sleep": "await asyncio.sleep(...)",
    "urllib.request.urlopen": "await asyncio.to_thread(urllib.request.urlopen, ...), or an asynchronous client",
    **{
        f"subprocess.{name}": "await asyncio.create_subprocess_exec(...)"
        for name in ("call", "check_call", "check_output", "getoutput", "getstatusoutput", "run")
    },
    **{f"{library}.{name}": "use httpx2.AsyncClient" for library in ("httpx", "httpx2", "requests") for name in _HTTP},
}
_OWN_LOOP = frozenset({"asyncio.run", "asyncio.Runner"})
_ENDS = frozenset({"exit", "quit", "sys.exit"})
_AT_IMPORT = {
    "asyncio.run": "run it in initialize",
    "logging.basicConfig": "leave it to the host, and use context.logger",
    "os.chdir": "pass paths on instead",
    "os.putenv": "pass variables to the processes that need them",
    "signal.signal": "leave signals to the host, which ends every command in order",
    **dict.fromkeys(_INSTEAD, "do it in initialize or in a command"),
}
_TASKS = frozenset({"asyncio.create_task", "asyncio.ensure_future"})
_BROAD = frozenset({"BaseException", "Exception"})


def blocking_calls(project: Project) -> Iterator[Finding]:
    """Calls in async functions that keep everything else from running."""
    for source, call in _calls(project):
        if call.is_in_coroutine and call.name in _INSTEAD:
            message = f"{call.name} in an async function stops every other plugin until it returns"
            yield Finding(message, source.place(call.node), _INSTEAD[call.name])


def nested_loops(project: Project) -> Iterator[Finding]:
    """Event loops that are started where one runs."""
    for source, call in _calls(project):
        if call.is_in_coroutine and call.name in _OWN_LOOP:
            message = f"{call.name} fails in an async function, where a loop runs already"
            edit = replacing("asyncio.run(", "await (") if call.name == "asyncio.run" else None
            yield Finding(message, source.place(call.node), "await the coroutine", edit=edit)


def swallowed_errors(project: Project) -> Iterator[Finding]:
    """Handlers in lifecycle methods that catch everything and say nothing."""
    for source, method in _lifecycle_methods(project):
        names = imported_names(source.tree) if source.tree else {}
        for handler in (node for node in ast.walk(method) if isinstance(node, ast.ExceptHandler)):
            is_broad = handler.type is None or full_name(handler.type, names) in _BROAD
            if is_broad and _is_silent(handler):
                message = f"{method.name} swallows every error here, so nobody learns why the plugin does not work"
                fix = "let it rise: the host contains it and shows file and line; or catch what you expect and log it"
                where = source.place(handler)  # type: ignore[arg-type]  # has a place as a statement has
                yield Finding(message, where, fix)


def early_prints(project: Project) -> Iterator[Finding]:
    """Prints that nobody asked for."""
    for source, call in _calls(project):
        if call.name == "print" and (call.function is None or call.function.name in _LIFECYCLE):
            when = "at import" if call.function is None else f"in {call.function.name}"
            message = f"print {when} would stand among the output of every command, so the host keeps it back"
            yield Finding(message, source.place(call.node), "use self.context.logger, or leave it out")


def ended_processes(project: Project) -> Iterator[Finding]:
    """Calls that end the host, or try to."""
    for source, call in _calls(project):
        is_early = call.function is None or call.function.name in _LIFECYCLE
        if call.name == "os._exit" or (is_early and call.name in _ENDS):
            message = f"{call.name} would end the host and all other plugins"
            yield Finding(message, source.place(call.node), "raise an error that says what is wrong")


def effects_of_import(project: Project) -> Iterator[Finding]:
    """Calls at import that wait, reach out or change the process."""
    for source, call in _calls(project):
        if call.function is None and call.name in _AT_IMPORT:
            message = f"{call.name} runs when the module is imported, before the plugin is asked for anything"
            yield Finding(message, source.place(call.node), _AT_IMPORT[call.name])


def loose_tasks(project: Project) -> Iterator[Finding]:
    """Tasks that are not started through the context."""
    for source, call in _calls(project):
        if call.name in _TASKS:
            message = f"a task of {call.name} is lost when nothing holds it, and nobody sees what it raises"
            yield Finding(message, source.place(call.node), "self.context.spawn(...)")


def printed_data(project: Project) -> Iterator[Finding]:
    """Commands that print with ``print``."""
    for source, call in _calls(project):
        if call.name == "print" and call.function is not None and call.function.name not in _LIFECYCLE:
            message = "print does not know whether anybody reads colours, or how wide the terminal is"
            yield Finding(
                message, source.place(call.node), "typer.echo(...) for data, context.console.print(...) to show"
            )


def _calls(project: Project) -> Iterator[tuple[Source, Call]]:
    for source in shipped_sources(project):
        found = sorted(calls_in(source), key=lambda call: (call.node.lineno, call.node.col_offset))
        yield from ((source, call) for call in found)


def _lifecycle_methods(project: Project) -> Iterator[tuple[Source, Function]]:
    seen: set[int] = set()
    for entry in project.entries():
        found = locate(project, entry)
        if not isinstance(found, Located) or id(found.node) in seen:
            continue
        seen.add(id(found.node))
        methods = (lineage(found.source, found.node).method(name) for name in sorted(_LIFECYCLE))
        yield from ((found.source, method) for method in methods if method is not None)


def _is_silent(handler: ast.ExceptHandler) -> bool:
    """Whether a handler neither raises nor calls anything that could tell."""
    return not any(isinstance(node, ast.Raise | ast.Call) for item in handler.body for node in ast.walk(item))


RULES = (
    Rule(
        "LA311",
        "Async functions do not block",
        blocking_calls,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation=(
            "All plugins share one event loop. A call that waits without await holds up every one of them, their "
            "deadlines included, and the host names the plugin that did it."
        ),
        bad="async def work(self):\n    time.sleep(1)\n",
        good="async def work(self):\n    await asyncio.sleep(1)\n",
    ),
    Rule(
        "LA312",
        "No loop is started in a loop",
        nested_loops,
        tier=Tier.BRONZE,
        explanation="asyncio.run raises RuntimeError where a loop runs already, as in every async function.",
        bad="async def work(self):\n    asyncio.run(self.fetch())\n",
        good="async def work(self):\n    await self.fetch()\n",
    ),
    Rule(
        "LA313",
        "Lifecycle methods let errors rise",
        swallowed_errors,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation=(
            "What initialize or cleanup raises stays the plugin's own and is shown with file and line. A handler that "
            "catches everything in silence leaves a plugin that is broken and does not say so."
        ),
        bad="async def cleanup(self):\n    try:\n        self.close()\n    except Exception:\n        pass\n",
        good="async def cleanup(self):\n    self.close()\n",
    ),
    Rule(
        "LA314",
        "Import and lifecycle print nothing",
        early_prints,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="What is printed then would stand among data that another program reads. The host keeps it back.",
        bad='print("loaded")\n',
        good='self.context.logger.info("loaded")\n',
    ),
    Rule(
        "LA315",
        "A plugin does not end the process",
        ended_processes,
        tier=Tier.BRONZE,
        explanation=(
            "Others run in the same process. A command may end with typer.Exit; at import, in initialize and in "
            "cleanup an error is raised, and os._exit is never right: the host quarantines a plugin that calls it."
        ),
        bad='async def initialize(self, context):\n    sys.exit("no key")\n',
        good='async def initialize(self, context):\n    raise PluginError("no key")\n',
    ),
    Rule(
        "LA316",
        "Import has no effects",
        effects_of_import,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation=(
            "A module is imported when any of its commands is used, in a preflight and by tests. What waits, reaches "
            "out or changes the process belongs into initialize or a command."
        ),
        bad="logging.basicConfig(level=logging.DEBUG)\n",
        good="logger = logging.getLogger(__name__)\n",
    ),
    Rule(
        "LA322",
        "Tasks are started through the context",
        loose_tasks,
        tier=Tier.GOLD,
        severity=Severity.NOTE,
        explanation="The host holds such a task, tells what it raises and cancels it when the plugin goes.",
        bad="asyncio.create_task(self.watch())\n",
        good="self.context.spawn(self.watch())\n",
    ),
    Rule(
        "LA323",
        "Commands write through Typer or the console",
        printed_data,
        tier=Tier.GOLD,
        severity=Severity.NOTE,
        explanation="Both know about colours, widths and what a terminal would obey.",
        bad="print(table)\n",
        good="self.context.console.print(table)\n",
    ),
)
