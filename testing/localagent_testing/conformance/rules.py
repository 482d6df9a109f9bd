"""The rules of the family LA6: what holds of a plugin's life."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.diagnostic import Place, Severity
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.errors import PluginFailed, PluginNotAvailable
from localagent.plugins.kinds import CommandPlugin, ProviderPlugin, UIPlugin, WorkflowPlugin
from localagent.plugins.provider import BaseProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.host.spec import PluginSpec
    from localagent_testing.conformance.life import Life

_LOADS, _NAME, _INITIALISES, _REGISTERS = "LA601", "LA602", "LA603", "LA604"

_RULE_OF_STEP = {"import": _LOADS, "construct": _LOADS, "name": _NAME, "register": _REGISTERS}
"""The rule that a failure at a step breaks; all other steps belong to becoming ready."""

_FIXES = {
    _LOADS: "correct the line; 'localagent dev validate' finds more without running the plugin",
    _NAME: "use one name in the class, the manifest and the entry point",
    _INITIALISES: "return True from initialize when the plugin can work, else raise an error that says what is missing",
    _REGISTERS: "correct what the plugin registers",
}


class Unobserved(Exception):
    """A rule cannot be judged; the message says why."""


def loads(life: Life) -> Iterator[Finding]:
    """What kept the plugin from being imported and constructed."""
    return _obstacle(life, _LOADS)


def name_agrees(life: Life) -> Iterator[Finding]:
    """A class that calls itself otherwise than its entry point does."""
    return _obstacle(life, _NAME)


def initialises(life: Life) -> Iterator[Finding]:
    """What kept the plugin from becoming ready in an empty home."""
    return _obstacle(life, _INITIALISES)


def registers(life: Life) -> Iterator[Finding]:
    """What failed while the plugin registered, or is missing of its kind."""
    yield from _obstacle(life, _REGISTERS)
    plugin = life.plugin
    where = _class_place(life)
    if isinstance(plugin, CommandPlugin) and not life.registered.commands:
        yield Finding(
            "register_commands() added no command", where, 'add one with @app.command("name") in register_commands'
        )
    if isinstance(plugin, UIPlugin | WorkflowPlugin) and not life.registered.offers:
        method = "get_ui_components" if isinstance(plugin, UIPlugin) else "get_workflow_components"
        yield Finding(f"{method}() offers nothing", where, f"return at least one component from {method}")
    if isinstance(plugin, ProviderPlugin):
        yield from _unfit_provider(life.provider_class, where)


def cleanup_twice(life: Life) -> Iterator[Finding]:
    """What went wrong in a cleanup, be it the first or the second."""
    _require_ready(life)
    for failure in life.cleanup_failures:
        fix = "let cleanup give back only what is there, so that calling it again changes nothing"
        yield Finding(failure.message, _place(failure, life.spec), fix)


def leaves_nothing(life: Life) -> Iterator[Finding]:
    """Tasks and threads that outlive the plugin."""
    _require_ready(life)
    left = (*life.tasks, *life.threads)
    if left:
        yield Finding(
            f"after cleanup are left: {', '.join(left)}",
            _class_place(life),
            "start tasks with context.spawn() and let them end when cancelled; in cleanup stop and join each thread",
        )


def commands_have_help(life: Life) -> Iterator[Finding]:
    """Commands of which the help page could only show the name."""
    _require_ready(life)
    for command in life.registered.commands:
        if not command.help:
            yield Finding(
                f"the command '{command.name}' has no help", _class_place(life), "give its function a docstring"
            )


def declared_commands(life: Life) -> Iterator[Finding]:
    """Differences between the commands that the manifest declares and those that are there."""
    _require_ready(life)
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


CHECKS: dict[str, Rule[Life]] = {
    "loads": Rule(
        _LOADS,
        "The plugin can be imported and constructed",
        loads,
        tier=Tier.BRONZE,
        explanation="A plugin that cannot be loaded offers nothing. The finding names the line at fault.",
        bad="import yaml  # not among the plugin's dependencies",
        good='dependencies = ["ruamel.yaml"]  # in pyproject.toml, for each library that is imported',
    ),
    "name-agrees": Rule(
        _NAME,
        "The class has the name that its entry point gives it",
        name_agrees,
        tier=Tier.BRONZE,
        explanation="Settings, consent and messages find a plugin by its name, so there must be just one.",
        bad='name = "analyzer"  # the entry point says project-analyzer',
        good='name = "project-analyzer"',
    ),
    "initialises": Rule(
        _INITIALISES,
        "The plugin becomes ready, or says why it cannot",
        initialises,
        tier=Tier.BRONZE,
        explanation=(
            "In an empty home, with the defaults of its schema, a plugin gets ready and returns True. Settings that "
            "the manifest requires may come from the environment; without them the rule is skipped."
        ),
        bad="async def initialize(self, context):\n    self.context = context",
        good="async def initialize(self, context):\n    self.context = context\n    return True",
    ),
    "registers": Rule(
        _REGISTERS,
        "The plugin registers what its kind is for",
        registers,
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
        cleanup_twice,
        tier=Tier.SILVER,
        explanation="Programs that embed the host clean up too, so a second call must find nothing left to do.",
        bad="async def cleanup(self):\n    self.session.close()\n    del self.session",
        good="async def cleanup(self):\n    if self.session is not None:\n        self.session.close()\n"
        "        self.session = None",
    ),
    "leaves-nothing": Rule(
        "LA606",
        "No task and no thread outlives the plugin",
        leaves_nothing,
        tier=Tier.SILVER,
        explanation="What goes on after cleanup uses a plugin that is gone, and piles up with each reload.",
        bad="asyncio.create_task(self.poll())",
        good="context.spawn(self.poll())",
    ),
    "commands-have-help": Rule(
        "LA607",
        "Every command has a help text",
        commands_have_help,
        tier=Tier.SILVER,
        explanation="The help page lists each command with the first line of its docstring.",
        bad='@app.command("hello")\ndef hello() -> None:\n    ...',
        good='@app.command("hello")\ndef hello() -> None:\n    """Greet everybody."""',
    ),
    "declared-commands": Rule(
        "LA608",
        "The manifest declares the commands that are registered",
        declared_commands,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="Declared commands let the host show help and find a command's owner before the plugin ever ran.",
        bad="commands:\n  - name: hello  # the plugin registers greet",
        good="commands:\n  - name: greet\n    help: Greet everybody.",
    ),
}
"""The rules by the word that follows the id in a test's name."""

RULES = tuple(CHECKS.values())


def _obstacle(life: Life, rule: str) -> Iterator[Finding]:
    """The obstacle, if it breaks this rule.

    Raises:
        Unobserved: it came up earlier in the plugin's life.
    """
    broken = _broken_by(life.obstacle)
    if rule >= _INITIALISES:
        _require_settings(life)
    if life.obstacle is None or rule < broken:
        return
    if broken < rule:
        raise Unobserved(f"the plugin did not come so far: see {broken}")
    fix = life.obstacle.fix or _FIXES[rule]
    yield Finding(life.obstacle.message, _place(life.obstacle, life.spec), fix)


def _require_ready(life: Life) -> None:
    """Raise `Unobserved` unless the plugin became ready."""
    _require_settings(life)
    if life.obstacle is not None:
        raise Unobserved(f"the plugin did not come so far: see {_broken_by(life.obstacle)}")


def _require_settings(life: Life) -> None:
    if life.missing_settings:
        prefix = f"LOCALAGENT_{life.spec.name.upper().replace('-', '_')}_"
        variables = ", ".join(f"{prefix}{key.upper()}" for key in life.missing_settings)
        raise Unobserved(f"the plugin needs settings; to test it, set {variables}")


def _broken_by(obstacle: PluginNotAvailable | None) -> str:
    """The rule that an obstacle breaks."""
    if not isinstance(obstacle, PluginFailed):
        return _LOADS
    return _RULE_OF_STEP.get(obstacle.step, _INITIALISES)


def _place(error: PluginNotAvailable, spec: PluginSpec) -> Place:
    """Where it went wrong; a line of a library that refused what the plugin gave it is no place to mend anything."""
    root = spec.code_root
    in_library = isinstance(error, PluginFailed) and root is not None and not _is_below(error.file, root)
    if error.file is None or in_library:
        return Place(spec.module_file or spec.source.root)
    return Place(Path(error.file), error.line, error.column)


def _is_below(file: str | Path | None, root: Path) -> bool:
    return file is not None and Path(file).is_relative_to(root)


def _class_place(life: Life) -> Place:
    """Where the plugin's class begins."""
    plugin_class = type(life.plugin)
    try:
        return Place(Path(inspect.getfile(plugin_class)), inspect.getsourcelines(plugin_class)[1])
    except (OSError, TypeError):  # the class was made by code that is in no file
        return Place(life.spec.module_file or life.spec.source.root)


def _unfit_provider(provider: Any, where: Place) -> Iterator[Finding]:
    if not (isinstance(provider, type) and issubclass(provider, BaseProvider)):
        message = f"get_provider_class() gave {provider!r}, which is no subclass of BaseProvider"
        yield Finding(message, where, "return the class itself, derived from BaseProvider")
    elif inspect.isabstract(provider):
        missing = ", ".join(sorted(provider.__abstractmethods__))
        message = f"the provider class {provider.__name__} lacks {missing}"
        yield Finding(message, where, f"implement {missing} in {provider.__name__}")
