"""Rules LA3: the classes behind the entry points are what they have to be, as far as their text tells."""

from __future__ import annotations

import ast

from localagent.diagnostics.diagnostic import Place
from localagent.diagnostics.edits import replacing
from localagent.diagnostics.locating import Lost, entry_classes, locate
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.names import normalised
from localagent.manifest.wording import did_you_mean, nearest, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.diagnostics.project import Project
    from localagent.diagnostics.source import Lineage

_BASES = {
    "command": "CommandPlugin",
    "provider": "ProviderPlugin",
    "ui": "UIPlugin",
    "workflow": "WorkflowPlugin",
}
# Ready-made classes that stand on CommandPlugin.
_READY_MADE = frozenset(
    {
        "CommunicatingPlugin",
        "ConfigurablePlugin",
        "EnhancedCommandPlugin",
        "LifecycleAwarePlugin",
        "ObservablePlugin",
        "PersistentPlugin",
    }
)
# Bases about which everything is known; a class with any other base may inherit what it lacks.
_KNOWN = frozenset({*_BASES.values(), *_READY_MADE, "Plugin", "object", "ABC", "Protocol", "Generic"})
_METHODS = {
    "command": "register_commands",
    "provider": "get_provider_class",
    "ui": "get_ui_components",
    "workflow": "get_workflow_components",
}
_SIGNATURES = {
    "register_commands": "def register_commands(self, app: typer.Typer) -> None: ...",
    "get_provider_class": "def get_provider_class(self) -> type[BaseProvider]: ...",
    "get_ui_components": "def get_ui_components(self) -> dict[str, Callable[..., Any]]: ...",
    "get_workflow_components": "def get_workflow_components(self) -> dict[str, dict[str, Any]]: ...",
}
_ASYNC_METHODS = ("initialize", "cleanup")


def unparsed_modules(project: Project) -> Iterator[Finding]:
    """Entry modules that are no valid Python."""
    files = dict.fromkeys(filter(None, (project.module_file(entry.module) for entry in project.entries())))
    for file in files:
        problem = project.source(file).problem
        if problem:
            where = Place(file, problem.line, problem.column)
            yield Finding(problem.message, where, problem.fix or "correct the file")


def missing_modules(project: Project) -> Iterator[Finding]:
    """Entry points whose module has no file."""
    for entry in project.entries():
        module = entry.module
        if module and entry.class_name and project.module_file(module) is None:
            path = module.replace(".", "/")
            message = f"there is no file of the module '{shown(module)}'"
            fix = f"add {shown(path)}.py (or src/{shown(path)}.py), or map its package in [tool.setuptools] package-dir"
            yield Finding(message, project.where(*entry.path, "class"), fix)


def missing_classes(project: Project) -> Iterator[Finding]:
    """Entry points whose module lacks the class."""
    for entry in project.entries():
        match locate(project, entry):
            case Lost(source=source, name=name):
                file = source.file.relative_to(project.root).as_posix()
                message = f"{file} has no class '{shown(name)}'"
                hint = did_you_mean(name, source.class_names())
                fix = "name a class that is there, or write it"
                edit = replacing(name, nearest(name, source.class_names()))
                yield Finding(message, project.where(*entry.path, "class"), fix, hint=hint, edit=edit)
            case _:
                pass


def wrong_bases(project: Project) -> Iterator[Finding]:
    """Classes that are no plugins of their kind."""
    for entry, found, line in entry_classes(project):
        wanted = _BASES[entry.kind]
        if any(root.endswith(wanted) for root in line.roots) or not line.roots <= _KNOWN:
            continue
        if entry.kind == "command" and line.roots & _READY_MADE:
            continue
        message = f"'{found.node.name}' is a {entry.kind} plugin in the manifest, but not a {wanted}"
        yield Finding(message, found.source.place(found.node), f"write class {found.node.name}({wanted}):")


def wrong_names(project: Project) -> Iterator[Finding]:
    """Classes without a name, or with another name than their entry point."""
    for entry, found, line in entry_classes(project):
        if not entry.name:
            continue
        literal = line.literal("name")
        if literal is not None:
            node, name = literal
            if normalised(name) != normalised(entry.name):
                message = f"the plugin's name is '{shown(name)}' here and '{shown(entry.name)}' in its entry point"
                fix = f'write "{shown(entry.name)}"'
                yield Finding(message, found.source.place(node), fix, edit=replacing(name, entry.name))
        elif _lacks(line, "name") and not line.sets_on_self("name"):
            message = f"'{found.node.name}' has no name"
            yield Finding(message, found.source.place(found.node), f'add name = "{shown(entry.name)}" to the class')


def missing_methods(project: Project) -> Iterator[Finding]:
    """Classes without the method their kind is made of."""
    for entry, found, line in entry_classes(project):
        method = _METHODS[entry.kind]
        if line.roots & (_READY_MADE | {_BASES[entry.kind]}) and _lacks(line, method):
            message = f"'{found.node.name}' has no method {method}"
            yield Finding(message, found.source.place(found.node), f"add {_SIGNATURES[method]}")


def sync_lifecycle(project: Project) -> Iterator[Finding]:
    """Lifecycle methods that the host cannot await."""
    for _entry, found, line in entry_classes(project):
        for name in _ASYNC_METHODS:
            method = line.method(name)
            if isinstance(method, ast.FunctionDef):
                message = f"{name} is a plain function, but the host awaits it"
                edit = replacing(f"def {name}", f"async def {name}")
                yield Finding(message, found.source.place(method), f"write async def {name}", edit=edit)


def _lacks(line: Lineage, name: str) -> bool:
    """Whether a class surely has no attribute of its own by that name."""
    return line.method(name) is None and not line.assigns(name) and line.roots <= _KNOWN


RULES = (
    Rule(
        "LA300",
        "Entry modules are valid Python",
        unparsed_modules,
        tier=Tier.BRONZE,
        explanation="A module with a syntax error cannot be imported.",
        bad="class MyPlugin(CommandPlugin)\n    pass\n",
        good="class MyPlugin(CommandPlugin):\n    pass\n",
    ),
    Rule(
        "LA301",
        "Entry modules exist",
        missing_modules,
        tier=Tier.BRONZE,
        explanation=(
            "The module of an entry point is looked for where a build would take it from: where package-dir sends it, "
            "in the project's folder, in src."
        ),
        bad="class: my_plugin.plugins:MyPlugin  # the file is my_plugin/plugin.py\n",
        good="class: my_plugin.plugin:MyPlugin\n",
    ),
    Rule(
        "LA302",
        "Entry classes exist",
        missing_classes,
        tier=Tier.BRONZE,
        explanation="The module has to define the class, or import it by name from another module of the project.",
        bad="class: my_plugin.plugin:Myplugin  # the class is MyPlugin\n",
        good="class: my_plugin.plugin:MyPlugin\n",
    ),
    Rule(
        "LA303",
        "A class is of its entry point's kind",
        wrong_bases,
        tier=Tier.BRONZE,
        explanation=(
            "Each kind of plugin has its base class, and the ready-made classes stand on CommandPlugin. A base from "
            "another module of yours is taken on trust."
        ),
        bad="class MyPlugin(UIPlugin): ...  # under entry_points.commands\n",
        good="class MyPlugin(CommandPlugin): ...  # under entry_points.commands\n",
    ),
    Rule(
        "LA304",
        "A class has its entry point's name",
        wrong_names,
        tier=Tier.BRONZE,
        explanation="A plugin is enabled, configured and asked for by one name.",
        bad='class MyPlugin(CommandPlugin):\n    name = "myplugin"  # the entry point is my-plugin\n',
        good='class MyPlugin(CommandPlugin):\n    name = "my-plugin"\n',
    ),
    Rule(
        "LA305",
        "A class has the method of its kind",
        missing_methods,
        tier=Tier.BRONZE,
        explanation="A class without the one abstract method of its kind cannot be constructed.",
        bad='class MyPlugin(CommandPlugin):\n    name = "my-plugin"\n',
        good="class MyPlugin(CommandPlugin):\n    def register_commands(self, app): ...\n",
    ),
    Rule(
        "LA306",
        "initialize and cleanup are async",
        sync_lifecycle,
        tier=Tier.BRONZE,
        explanation="The host awaits both, side by side with those of other plugins and under a deadline.",
        bad="def initialize(self, context): return True\n",
        good="async def initialize(self, context): return True\n",
    ),
)
