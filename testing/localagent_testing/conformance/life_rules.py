"""The rules of every kind of plugin: what holds of its life from import to cleanup."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.diagnostic import Place, Severity
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.plugins.kinds import CommandPlugin, ProviderPlugin, UIPlugin, WorkflowPlugin
from localagent.plugins.provider import BaseProvider
from localagent_testing.conformance.judging import (
    INITIALISES,
    LOADS,
    NAME,
    REGISTERS,
    Unobserved,
    broken_by,
    class_place,
    place_of,
    require_ready,
    require_settings,
)
from localagent_testing.conformance.subject import Subject, of_life

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent_testing.conformance.life import Life

_FIXES = {
    LOADS: "correct the line; 'localagent dev validate' finds more without running the plugin",
    NAME: "use one name in the class, the manifest and the entry point",
    INITIALISES: "return True from initialize when the plugin can work, else raise an error that says what is missing",
    REGISTERS: "correct what the plugin registers",
}


def loads(life: Life) -> Iterator[Finding]:
    """What kept the plugin from being imported and constructed."""
    return _obstacle(life, LOADS)


def name_agrees(life: Life) -> Iterator[Finding]:
    """A class that calls itself otherwise than its entry point does."""
    return _obstacle(life, NAME)


def initialises(life: Life) -> Iterator[Finding]:
    """What kept the plugin from becoming ready in an empty home."""
    return _obstacle(life, INITIALISES)


def registers(life: Life) -> Iterator[Finding]:
    """What failed while the plugin registered, or is missing of its kind."""
    yield from _obstacle(life, REGISTERS)
    plugin = life.plugin
    where = class_place(life)
    if isinstance(plugin, CommandPlugin) and not life.registered.commands:
        yield Finding(
            "register_commands() added no command", where, 'add one with @app.command("name") in register_commands'
        )
    if isinstance(plugin, UIPlugin) and not life.registered.components:
        yield _offers_nothing("get_ui_components", where)
    if isinstance(plugin, WorkflowPlugin) and not life.registered.parts:
        yield _offers_nothing("get_workflow_components", where)
    if isinstance(plugin, ProviderPlugin):
        yield from _unfit_provider(life.provider_class, where)


def _offers_nothing(method: str, where: Place) -> Finding:
    return Finding(f"{method}() offers nothing", where, f"return at least one component from {method}")


def cleanup_twice(life: Life) -> Iterator[Finding]:
    """What went wrong in a cleanup, be it the first or the second."""
    require_ready(life)
    for failure in life.cleanup_failures:
        fix = "let cleanup give back only what is there, so that calling it again changes nothing"
        yield Finding(failure.message, place_of(failure, life.spec), fix)


def leaves_nothing(life: Life) -> Iterator[Finding]:
    """Tasks and threads that outlive the plugin."""
    require_ready(life)
    left = (*life.tasks, *life.threads)
    if left:
        yield Finding(
            f"after cleanup are left: {', '.join(left)}",
            class_place(life),
            "start tasks with context.spawn() and let them end when cancelled; in cleanup stop and join each thread",
        )


def ends_its_processes(life: Life) -> Iterator[Finding]:
    """Child processes that outlive the plugin."""
    require_ready(life)
    if life.processes:
        yield Finding(
            f"after cleanup go on: {', '.join(life.processes)}",
            class_place(life),
            "in cleanup terminate what the plugin started, and wait for it",
        )


def closes_its_files(life: Life) -> Iterator[Finding]:
    """Open files and connections, and temporary files, that outlive the plugin."""
    require_ready(life)
    if life.open_files:
        yield Finding(
            f"after cleanup are open: {', '.join(life.open_files)}", class_place(life), "close in cleanup what is open"
        )
    if life.temporary:
        yield Finding(
            f"after cleanup are left in the folder for temporary files: {', '.join(life.temporary)}",
            class_place(life),
            "remove in cleanup what was made, or keep it in context.data_dir",
        )


def commands_have_help(life: Life) -> Iterator[Finding]:
    """Commands of which the help page could only show the name."""
    require_ready(life)
    for command in life.registered.commands:
        if not command.help:
            yield Finding(
                f"the command '{command.name}' has no help", class_place(life), "give its function a docstring"
            )


def declared_commands(life: Life) -> Iterator[Finding]:
    """Differences between the commands that the manifest declares and those that are there."""
    require_ready(life)
    declared = {command.name for command in life.spec.commands}
    registered = {command.name for command in life.registered.commands}
    if not declared or declared == registered:
        return
    differences = [
        *(f"'{name}' is declared but not registered" for name in sorted(declared - registered)),
        *(f"'{name}' is registered but not declared" for name in sorted(registered - declared)),
    ]
    where = Place(life.spec.manifest_file or life.spec.source.root)
    yield Finding("; ".join(differences), where, "list under 'commands:' of the entry point what the plugin registers")


CHECKS: dict[str, Rule[Subject]] = {
    "loads": Rule(
        LOADS,
        "The plugin can be imported and constructed",
        of_life(loads),
        tier=Tier.BRONZE,
        explanation="A plugin that cannot be loaded offers nothing. The finding names the line at fault.",
        bad="import yaml  # not among the plugin's dependencies",
        good='dependencies = ["ruamel.yaml"]  # in pyproject.toml, for each library that is imported',
    ),
    "name-agrees": Rule(
        NAME,
        "The class has the name that its entry point gives it",
        of_life(name_agrees),
        tier=Tier.BRONZE,
        explanation="Settings, consent and messages find a plugin by its name, so there must be just one.",
        bad='name = "analyzer"  # the entry point says project-analyzer',
        good='name = "project-analyzer"',
    ),
    "initialises": Rule(
        INITIALISES,
        "The plugin becomes ready, or says why it cannot",
        of_life(initialises),
        tier=Tier.BRONZE,
        explanation=(
            "In an empty home, with the defaults of its schema, a plugin gets ready and returns True. Settings that "
            "the manifest requires may come from the environment; without them the rule is skipped."
        ),
        bad="async def initialize(self, context):\n    self.context = context",
        good="async def initialize(self, context):\n    self.context = context\n    return True",
    ),
    "registers": Rule(
        REGISTERS,
        "The plugin registers what its kind is for",
        of_life(registers),
        tier=Tier.BRONZE,
        explanation=(
            "A command plugin adds a command, a provider plugin gives a class that fulfils BaseProvider, a UI or "
            "workflow plugin offers a component."
        ),
        bad="def register_commands(self, app):\n    pass",
        good='def register_commands(self, app):\n    app.command("hello")(self.hello)',
    ),
    "cleanup-twice": Rule(
        "LA605",
        "Cleanup ends, raises nothing, and can be repeated",
        of_life(cleanup_twice),
        tier=Tier.SILVER,
        explanation="Programs that embed the host clean up too, so a second call must find nothing left to do.",
        bad="async def cleanup(self):\n    self.session.close()\n    del self.session",
        good="async def cleanup(self):\n    if self.session is not None:\n        self.session.close()\n"
        "        self.session = None",
    ),
    "leaves-nothing": Rule(
        "LA606",
        "No task and no thread outlives the plugin",
        of_life(leaves_nothing),
        tier=Tier.SILVER,
        explanation="What goes on after cleanup uses a plugin that is gone, and piles up with each reload.",
        bad="asyncio.create_task(self.poll())",
        good="context.spawn(self.poll())",
    ),
    "ends-its-processes": Rule(
        "LA609",
        "No child process outlives the plugin",
        of_life(ends_its_processes),
        tier=Tier.SILVER,
        explanation="Nobody ends a process whose plugin is gone; after some reloads there are many of them.",
        bad='self.server = subprocess.Popen(["server"])',
        good="async def cleanup(self):\n    self.server.terminate()\n    self.server.wait()",
    ),
    "closes-its-files": Rule(
        "LA610",
        "No open or temporary file outlives the plugin",
        of_life(closes_its_files),
        tier=Tier.SILVER,
        explanation="Descriptors run out, and temporary folders fill the disk. Counted are files and connections.",
        bad="self.folder = tempfile.mkdtemp()",
        good="self.folder = tempfile.TemporaryDirectory()\n\nasync def cleanup(self):\n    self.folder.cleanup()",
    ),
    "commands-have-help": Rule(
        "LA607",
        "Every command has a help text",
        of_life(commands_have_help),
        tier=Tier.SILVER,
        explanation="The help page lists each command with the first line of its docstring.",
        bad='@app.command("hello")\ndef hello() -> None:\n    ...',
        good='@app.command("hello")\ndef hello() -> None:\n    """Greet everybody."""',
    ),
    "declared-commands": Rule(
        "LA608",
        "The manifest declares the commands that are registered",
        of_life(declared_commands),
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="Declared commands let the host show help and find a command's owner before the plugin ever ran.",
        bad="commands:\n  - name: hello  # the plugin registers greet",
        good="commands:\n  - name: greet\n    help: Greet everybody.",
    ),
}
"""The rules by the word that follows the id in a test's name."""


def _obstacle(life: Life, rule: str) -> Iterator[Finding]:
    """The obstacle, if it breaks this rule.

    Raises:
        Unobserved: it came up earlier in the plugin's life.
    """
    broken = broken_by(life.obstacle)
    if rule >= INITIALISES:
        require_settings(life)
    if life.obstacle is None or rule < broken:
        return
    if broken < rule:
        raise Unobserved(f"the plugin did not come so far: see {broken}")
    fix = life.obstacle.fix or _FIXES[rule]
    yield Finding(life.obstacle.message, place_of(life.obstacle, life.spec), fix)


def _unfit_provider(provider: Any, where: Place) -> Iterator[Finding]:
    if not (isinstance(provider, type) and issubclass(provider, BaseProvider)):
        message = f"get_provider_class() gave {provider!r}, which is no subclass of BaseProvider"
        yield Finding(message, where, "return the class itself, derived from BaseProvider")
    elif inspect.isabstract(provider):
        missing = ", ".join(sorted(provider.__abstractmethods__))
        message = f"the provider class {provider.__name__} lacks {missing}"
        yield Finding(message, where, f"implement {missing} in {provider.__name__}")
