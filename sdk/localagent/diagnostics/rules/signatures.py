"""Rules LA3: the methods can be called as the host calls them, and register what the manifest says."""

from __future__ import annotations

import ast

from localagent.diagnostics.diagnostic import Severity
from localagent.diagnostics.edits import replacing
from localagent.diagnostics.locating import entry_classes
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.diagnostics.typer_commands import registered_commands
from localagent.manifest.wording import did_you_mean, nearest, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.diagnostics.project import Project
    from localagent.diagnostics.source import Function

# What the host gives to each method, beside self.
_GIVEN = {
    "initialize": ("context",),
    "cleanup": (),
    "register_commands": ("app",),
    "get_provider_class": (),
    "get_provider_config_schema": (),
    "get_ui_components": (),
    "get_workflow_components": (),
    "get_config_schema": (),
    "get_default_config": (),
}
_PLAIN = tuple(name for name in _GIVEN if name not in ("initialize", "cleanup"))


def needy_constructors(project: Project) -> Iterator[Finding]:
    """Classes that cannot be made without arguments."""
    for _entry, found, line in entry_classes(project):
        method = line.method("__init__")
        if method is not None and not _takes(method, 0):
            message = f"'{found.node.name}' cannot be made without arguments, and the host gives none"
            fix = "take what is needed from the context, in initialize"
            yield Finding(message, found.source.place(method), fix)


def other_arguments(project: Project) -> Iterator[Finding]:
    """Methods that do not take what the host gives them."""
    for _entry, found, line in entry_classes(project):
        for name, given in _GIVEN.items():
            method = line.method(name)
            if method is not None and not _is_static(method) and not _takes(method, len(given)):
                arguments = ", ".join(("self", *given))
                message = f"{name} is called with {', '.join(given) or 'nothing'}, which it does not take"
                yield Finding(message, found.source.place(method), f"write {name}({arguments})")


def async_offers(project: Project) -> Iterator[Finding]:
    """Methods that the host calls and does not await."""
    for _entry, found, line in entry_classes(project):
        for name in _PLAIN:
            method = line.method(name)
            if isinstance(method, ast.AsyncFunctionDef):
                message = f"{name} is async, but the host does not await it"
                edit = replacing(f"async def {name}", f"def {name}") if not _awaits(method) else None
                yield Finding(message, found.source.place(method), f"write def {name}; wait in initialize", edit=edit)


def silent_commands(project: Project) -> Iterator[Finding]:
    """Commands without a word on what they do."""
    for _entry, found, line in entry_classes(project):
        for command in registered_commands(found.source, line)[0]:
            function = command.function
            if function is not None and not command.has_help and not ast.get_docstring(function):
                message = f"the command '{shown(command.name or function.name)}' has no help"
                fix = f"give {function.name} a docstring: its first line is the help"
                yield Finding(message, found.source.place(command.node), fix)


def other_commands(project: Project) -> Iterator[Finding]:
    """Commands that are declared and not registered, or registered and not declared."""
    for entry, found, line in entry_classes(project):
        commands, is_all = registered_commands(found.source, line)
        declared = {
            project.text(*entry.path, "commands", index, "name"): index
            for index in range(len(project.items(*entry.path, "commands")))
        }
        if not declared or not is_all or "" in declared:
            continue
        registered = {command.name: command for command in commands}
        for name, index in declared.items():
            if name not in registered:
                message = f"the command '{shown(name)}' is declared, but {found.node.name} does not register it"
                fix = "correct the name, or register the command"
                where = project.where(*entry.path, "commands", index, "name")
                edit = replacing(name, nearest(name, [each for each in registered if each not in declared]))
                yield Finding(message, where, fix, hint=did_you_mean(name, registered), edit=edit)
        for name, command in registered.items():
            if name not in declared:
                message = f"the command '{shown(name)}' is not declared, so help must run the plugin to learn of it"
                fix = (
                    f"add to commands of '{shown(entry.name)}' in {project.manifest_file.name}: {{name: {shown(name)}}}"
                )
                yield Finding(message, found.source.place(command.node), fix)


def _takes(method: Function, count: int) -> bool:
    """Whether a method can be called with so many positional arguments beside self."""
    arguments = method.args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    needed = positional - len(arguments.defaults)
    needs_names = any(default is None for default in arguments.kw_defaults)
    return not needs_names and needed <= count + 1 and (arguments.vararg is not None or count + 1 <= positional)


def _awaits(method: Function) -> bool:
    return any(isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) for node in ast.walk(method))


def _is_static(method: Function) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in method.decorator_list)


RULES = (
    Rule(
        "LA317",
        "A class is made without arguments",
        needy_constructors,
        tier=Tier.BRONZE,
        explanation="The host constructs a plugin before it knows anything of its settings.",
        bad="def __init__(self, config): ...\n",
        good="def __init__(self): ...\n",
    ),
    Rule(
        "LA318",
        "Methods take what the host gives",
        other_arguments,
        tier=Tier.BRONZE,
        explanation="The host calls each method with the arguments of its contract, by position.",
        bad="async def initialize(self): ...\n",
        good="async def initialize(self, context): ...\n",
    ),
    Rule(
        "LA319",
        "What a plugin offers is told by plain functions",
        async_offers,
        tier=Tier.BRONZE,
        explanation="Registering happens at once, also where no event loop runs, such as in a preflight.",
        bad="async def register_commands(self, app): ...\n",
        good="def register_commands(self, app): ...\n",
    ),
    Rule(
        "LA320",
        "Commands say what they do",
        silent_commands,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="The first line of a command's docstring is what help shows beside its name.",
        bad='@app.command("greet")\ndef greet(): ...\n',
        good='@app.command("greet")\ndef greet():\n    "Say hello."\n',
    ),
    Rule(
        "LA321",
        "Declared commands are the registered ones",
        other_commands,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation=(
            "Help and completion show what the manifest declares, without importing the plugin; what it registers is "
            "what can be run."
        ),
        bad="commands: [{name: great}]  # app.command('greet')\n",
        good="commands: [{name: greet}]  # app.command('greet')\n",
    ),
)
